/** What waits for an answer longer than the protocol gives it, the longest first. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { overdueQuery } from "@/api/home";
import type { OverdueEntry } from "@/api/types";
import { At } from "@/parts/bits";
import { Empty, Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";

const KINDS: Record<string, string> = {
  finding: "Finding",
  appeal: "Appeal",
  alarm: "Alarm",
  decision: "Owner's decision",
  nobody: "Nobody may do it",
};

function Where({ entry, project }: { entry: OverdueEntry; project: string }) {
  if (entry.kind === "alarm")
    return (
      <Link to="/projects/$projectId/quality" params={{ projectId: project }}>
        Decide
      </Link>
    );
  if (entry.kind === "appeal")
    return (
      <Link to="/projects/$projectId/appeals" params={{ projectId: project }}>
        Decide
      </Link>
    );
  if (entry.kind === "nobody")
    return (
      <Link to="/projects/$projectId/people" params={{ projectId: project }}>
        Give somebody else the role
      </Link>
    );
  return entry.item ? (
    <Link to="/items/$itemId" params={{ itemId: entry.item }}>
      {entry.kind === "decision" ? "Decide" : "Look at it"}
    </Link>
  ) : null;
}

export default function Overdue() {
  const { id } = useProject();
  const found = useQuery(overdueQuery(id));
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  if (found.data.length === 0) {
    return (
      <Empty title="Nothing is overdue">
        What you may answer here is answered in time, and there is somebody for everything that waits. After
        how many hours a finding, an appeal, an alarm or an item that waits for an owner is overdue is said in
        the protocol.
      </Empty>
    );
  }
  return (
    <div className="stack">
      <h2>Overdue</h2>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>What</th>
              <th>Item</th>
              <th>Waits since</th>
              <th>Was due</th>
              <th>
                <span className="sr-only">Where</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.data.map((entry) => (
              <tr key={entry.id} data-testid={`overdue-${entry.kind}`}>
                <td>{KINDS[entry.kind] ?? entry.kind}</td>
                <td>{entry.item_name ?? "–"}</td>
                <td>
                  <At micros={entry.since} />
                </td>
                <td>
                  <At micros={entry.due} />
                </td>
                <td>
                  <Where entry={entry} project={id} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
