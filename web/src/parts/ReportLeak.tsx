/** Whoever sees something that identifies a person says so here; the whole batch is recalled at once. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useReportLeak } from "@/api/oversight";
import { Icon } from "./Icon";
import { ReasonDialog } from "./ReasonDialog";

type Props = {
  item: string;
  /** Where the person looks at the moment. */
  place?: () => { stream: number; frame: number } | null;
  /** Called once the report is kept and the item is out of reach. */
  onReported: () => void;
};

export function ReportLeak({ item, place, onReported }: Props) {
  const [open, setOpen] = useState(false);
  const report = useReportLeak(item);
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        leftSection={<Icon name="warn" size={14} />}
        onClick={() => setOpen(true)}
        title="Something here identifies a person"
      >
        Report a leak
      </Button>
      <ReasonDialog
        opened={open}
        title="Something here identifies a person"
        confirm="Report and recall"
        danger
        pending={report.isPending}
        error={report.error}
        onClose={() => setOpen(false)}
        onConfirm={({ reason }) =>
          report.mutate(
            { reason, place: place?.() ?? {} },
            {
              onSuccess: () => {
                setOpen(false);
                onReported();
              },
            },
          )
        }
      >
        <p>
          Say what kind of thing you see and where, not the name or number itself. This item and everything
          that came with it is taken out of everybody's sight until a privacy officer has looked. Saved marks
          are kept.
        </p>
      </ReasonDialog>
    </>
  );
}
