/** Risks that stay in correctly de-identified items: told to everybody, waived for the public by a privacy officer. */
import { Button, Checkbox } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type ItemRisk, risksQuery, useOversightActions } from "@/api/oversight";
import { At } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { gateReason } from "@/refusals";

/** What a waiver is about: one risk, in one item or in all. */
type Choice = { risk: string; item?: ItemRisk };

function Rows({
  rows,
  officer,
  onWaive,
}: {
  rows: ItemRisk[];
  officer: boolean;
  onWaive: (choice: Choice) => void;
}) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Item</th>
            <th>What stays</th>
            <th>Noted</th>
            <th>For the public</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.item} ${row.risk}`}>
              <td>
                {officer ? (
                  // Items are not theirs to open.
                  row.name
                ) : (
                  <Link to="/items/$itemId" params={{ itemId: row.item }}>
                    {row.name}
                  </Link>
                )}
              </td>
              <td>{gateReason(row.risk)}</td>
              <td>
                <At micros={row.noted_at} />
              </td>
              <td className="wrap">
                {row.waived_at ? (
                  <>
                    waived by {row.waived_by ?? "an account that is gone"}, <At micros={row.waived_at} />
                    {row.reason ? `: ${row.reason}` : null}
                  </>
                ) : officer ? (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={() => onWaive({ risk: row.risk, item: row })}
                  >
                    Waive…
                  </Button>
                ) : (
                  "not waived"
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Risks({ project, officer }: { project: string; officer: boolean }) {
  const [openOnly, setOpenOnly] = useState(true);
  const [choice, setChoice] = useState<Choice | null>(null);
  const { waive } = useOversightActions(project);
  const risks = useInfiniteQuery(risksQuery(project, openOnly));
  if (risks.isPending) return <Loading lines={2} />;
  if (risks.isError) return <Failed error={risks.error} retry={() => risks.refetch()} />;
  const rows = risks.data.pages.flatMap((page) => page.items);
  const open = [...new Set(rows.filter((row) => !row.waived_at).map((row) => row.risk))];
  return (
    <div className="stack">
      <div className="row">
        <Checkbox
          size="xs"
          label="Only those without a waiver"
          checked={openOnly}
          onChange={(event) => setOpenOnly(event.currentTarget.checked)}
        />
        {officer
          ? open.map((risk) => (
              <Button key={risk} size="xs" variant="default" onClick={() => setChoice({ risk })}>
                Waive in all items: {gateReason(risk)}
              </Button>
            ))
          : null}
      </div>
      {rows.length === 0 ? (
        <Note>
          {openOnly
            ? "Nothing without a waiver stays in what was cleared."
            : "Nothing stays in what was cleared that anybody would have to answer for."}
        </Note>
      ) : (
        <Rows rows={rows} officer={officer} onWaive={setChoice} />
      )}
      {risks.hasNextPage ? (
        <Button variant="default" onClick={() => risks.fetchNextPage()} loading={risks.isFetchingNextPage}>
          Show more
        </Button>
      ) : null}
      <ReasonDialog
        opened={choice !== null}
        title={
          choice?.item ? `Waive the risk in ${choice.item.name}` : "Waive the risk in all items that have it"
        }
        confirm="Waive"
        pending={waive.isPending}
        error={waive.error}
        onClose={() => setChoice(null)}
        onConfirm={({ reason }) => {
          if (!choice) return;
          const items = choice.item ? [choice.item.item] : null;
          waive.mutate({ risk: choice.risk, items, reason }, { onSuccess: () => setChoice(null) });
        }}
      >
        <p>
          {choice ? gateReason(choice.risk) : ""}. You answer for letting it leave for the public; your name,
          the time and the reason go into the evidence.
        </p>
      </ReasonDialog>
    </div>
  );
}
