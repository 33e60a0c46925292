/** Leaks: what was found after the gate, what it recalled, who was shown it, and the decision about each item. */
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Leak, leakImageUrl, leakItemsQuery, leaksQuery, useOversightActions } from "@/api/oversight";
import { count, plural } from "@/format";
import { At, Panel, Status } from "@/parts/bits";
import { FrameViewer } from "@/parts/FrameViewer";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";

const STATES: Record<string, string> = {
  recalling: "Being recalled",
  recalled: "Recalled",
  closed: "Decided",
};

function Witnesses({ leak }: { leak: Leak }) {
  if (leak.witnesses.length === 0) return <Note>Nobody was shown any of these items.</Note>;
  return (
    <table className={table.table}>
      <caption>Who was shown any of these items</caption>
      <thead>
        <tr>
          <th>Person</th>
          <th className="num">Items</th>
          <th className="num">Exposures</th>
          <th>First</th>
          <th>Last</th>
        </tr>
      </thead>
      <tbody>
        {leak.witnesses.map((row) => (
          <tr key={row.user}>
            <td>{row.printed_name}</td>
            <td className="num">{count(row.items)}</td>
            <td className="num">{count(row.exposures)}</td>
            <td>
              <At micros={row.first_at} seconds />
            </td>
            <td>
              <At micros={row.last_at} seconds />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Choice = { decision: "restore" | "reject"; items: string[] };

function Decide({ project, leak }: { project: string; leak: Leak }) {
  const items = useInfiniteQuery(leakItemsQuery(project, leak.id));
  const { decide } = useOversightActions(project);
  const [choice, setChoice] = useState<Choice | null>(null);
  if (items.isPending) return <Loading lines={2} />;
  if (items.isError) return <Failed error={items.error} retry={() => items.refetch()} />;
  const rows = items.data.pages.flatMap((page) => page.items);
  const first = rows[0];
  if (!first) return null;
  const others = rows.filter((row) => row.item !== leak.item).map((row) => row.item);
  return (
    <div className="stack">
      {first.frames > 0 ? (
        <FrameViewer
          key={first.item}
          url={(frame) => leakImageUrl(leak.id, first.item, frame)}
          frames={first.frames}
          label={first.name}
        />
      ) : null}
      <div className="row">
        <strong>{first.name}</strong>
        <Button onClick={() => setChoice({ decision: "restore", items: [first.item] })}>Give back…</Button>
        <Button variant="default" onClick={() => setChoice({ decision: "reject", items: [first.item] })}>
          Reject for good…
        </Button>
        {others.length > 1 ? (
          <Button variant="default" onClick={() => setChoice({ decision: "restore", items: others })}>
            Give back the {plural(others.length, "other item")} shown…
          </Button>
        ) : null}
      </div>
      <p className="dim">{plural(leak.waiting, "item waits", "items wait")} for a decision.</p>
      <ReasonDialog
        opened={choice !== null}
        title={
          choice?.decision === "reject"
            ? "Reject for good"
            : `Give back ${plural(choice?.items.length ?? 0, "item")}`
        }
        confirm={choice?.decision === "reject" ? "Reject" : "Give back"}
        danger={choice?.decision === "reject"}
        pending={decide.isPending}
        error={decide.error}
        onClose={() => setChoice(null)}
        onConfirm={({ reason }) => {
          if (choice)
            decide.mutate({ leak: leak.id, ...choice, reason }, { onSuccess: () => setChoice(null) });
        }}
      />
    </div>
  );
}

function One({ project, leak, officer }: { project: string; leak: Leak; officer: boolean }) {
  return (
    <Panel
      title={
        <Status tone={leak.state === "closed" ? "dim" : "bad"} mark="triangle">
          {STATES[leak.state] ?? leak.state}
        </Status>
      }
      aside={
        <span className="dim">
          <At micros={leak.at} seconds /> · {leak.reported_by}
        </span>
      }
    >
      <p className="wrap">{leak.reason}</p>
      <p>
        {plural(leak.recalled, "item")} recalled
        {leak.releases.length > 0
          ? `; in ${leak.releases.map((release) => `${release.name} (${plural(release.items, "item")})`).join(", ")}`
          : "; none of them is in a release"}
        .
      </p>
      <Witnesses leak={leak} />
      {officer && leak.state === "recalled" && leak.waiting > 0 ? (
        <Decide project={project} leak={leak} />
      ) : null}
    </Panel>
  );
}

export function Leaks({ project, officer }: { project: string; officer: boolean }) {
  const leaks = useQuery(leaksQuery(project));
  if (leaks.isPending) return <Loading lines={2} />;
  if (leaks.isError) return <Failed error={leaks.error} retry={() => leaks.refetch()} />;
  if (leaks.data.length === 0) return <Note>No leak was reported in this project.</Note>;
  return (
    <div className="stack">
      {leaks.data.map((leak) => (
        <One key={leak.id} project={project} leak={leak} officer={officer} />
      ))}
    </div>
  );
}
