/** Rounds of rework: how far each is, and what it left for which reason. */
import { Link } from "@tanstack/react-router";
import type { Campaign } from "@/api/guidelines";
import type { OntologyClass } from "@/api/types";
import { count, plural, words } from "@/format";
import { At, Panel } from "@/parts/bits";
import table from "@/parts/table.module.css";

const REASONS: Record<string, string> = {
  held: "on hold",
  open_findings: "with an open finding",
  other_protocol_version: "under other stages than those in force",
  in_work: "still in work",
  recalled: "recalled",
  rejected: "rejected",
  withdrawn: "taken out of work",
  erased: "erased",
};

/** Why items were left, in words. */
export const reasonWords = (reason: string) => REASONS[reason] ?? words(reason);

function Left({ round }: { round: Campaign }) {
  if (round.left.length === 0) return <>–</>;
  const shown = round.left_items;
  const total = round.left.reduce((sum, one) => sum + one.items, 0);
  return (
    <>
      <div>
        {round.left.map((one) => (
          <p key={one.reason}>
            {count(one.items)} {reasonWords(one.reason)}
            {one.waits ? null : <span className="dim"> (for good)</span>}
          </p>
        ))}
      </div>
      {shown.length > 0 ? (
        <details>
          <summary aria-label={`${round.name}: items that were left`}>Which</summary>
          <div>
            {shown.map((one) => (
              <p key={one.item}>
                <Link to="/items/$itemId" params={{ itemId: one.item }}>
                  {one.name}
                </Link>
                <span className="dim">, {reasonWords(one.reason)}</span>
              </p>
            ))}
            {total > shown.length ? <p className="dim">and {count(total - shown.length)} more</p> : null}
          </div>
        </details>
      ) : null}
    </>
  );
}

export function Campaigns({ rows, classes }: { rows: Campaign[]; classes: OntologyClass[] }) {
  const name = (id: string) => classes.find((one) => one.id === id)?.name ?? id;
  return (
    <Panel title="Rounds of rework">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Name</th>
              <th>Classes</th>
              <th>Progress</th>
              <th>Left, and why</th>
              <th>Opened</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => {
              const items = one.items - one.skipped;
              const waits = one.left.some((left) => left.waits);
              return (
                <tr key={one.id} data-testid="campaign">
                  <td>{one.name}</td>
                  <td>{one.classes.map(name).join(", ")}</td>
                  <td>
                    <progress value={one.done} max={Math.max(items, 1)} aria-label={`${one.name}: done`} />{" "}
                    {count(one.done)} of {plural(items, "item")}
                    {one.opening ? (
                      <p className="dim">
                        {waits ? "what is left is looked at when nothing stands in the way" : "still looking"}
                      </p>
                    ) : null}
                  </td>
                  <td>
                    <Left round={one} />
                  </td>
                  <td className="dim">
                    <At micros={one.opened_at} /> {one.opened_by}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
