/** A draft that was signed and waits for its time. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { type Guideline, useGuidelineActions } from "@/api/guidelines";
import { utc } from "@/format";
import { At } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Note } from "@/parts/States";

export function PlannedGuideline({ project, seen }: { project: string; seen: Guideline }) {
  const { withdraw } = useGuidelineActions(project);
  const [asked, setAsked] = useState(false);
  const { planned } = seen;
  if (!planned) return null;
  return (
    <>
      <Note
        tone="warn"
        action={
          seen.may_manage ? (
            <Button variant="default" onClick={() => setAsked(true)}>
              Withdraw…
            </Button>
          ) : null
        }
      >
        A new version is in force from {utc(planned.effective_at).slice(0, 16).replace("T", " ")} UTC:{" "}
        {planned.summary}
        <span className="dim">
          {" "}
          Signed by {planned.signed_by}, <At micros={planned.signed_at} />. Nobody has to read it until then.
        </span>
      </Note>
      <ReasonDialog
        opened={asked}
        title="Withdraw the version that waits"
        confirm="Withdraw"
        danger
        pending={withdraw.isPending}
        error={withdraw.error}
        onClose={() => setAsked(false)}
        onConfirm={({ reason }) => withdraw.mutate(reason, { onSuccess: () => setAsked(false) })}
      >
        <p>It will not come into force, and is a draft again. That it was signed stays in the log.</p>
      </ReasonDialog>
    </>
  );
}
