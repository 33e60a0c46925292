/** Sampled audits: a privacy officer looks at a random sample of what was cleared; the bound speaks for the rest. */
import { Button, NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  type Audit,
  type AuditItem,
  auditImageUrl,
  auditItemsQuery,
  auditsQuery,
  useOversightActions,
} from "@/api/oversight";
import { count, plural } from "@/format";
import { At, CopyText, FactList, Panel } from "@/parts/bits";
import { FrameViewer } from "@/parts/FrameViewer";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";

const KEYS: KeyGroup = {
  title: "Audit",
  keys: [
    { keys: "N", does: "Nothing identifies anybody: next item" },
    { keys: "L", does: "Report a leak: recalls the batch" },
  ],
};
const PERCENT = 100;

/** `at most 31 of 1,000 (3.10 %) with 95 % confidence` */
export function boundWords(audit: Audit): string {
  if (audit.bound === null || audit.bound === undefined) {
    return `known once all ${count(audit.size)} were looked at`;
  }
  const rate = ((audit.bound / audit.lot) * PERCENT).toFixed(2);
  const confidence = Number((audit.confidence * PERCENT).toFixed(2));
  return `at most ${count(audit.bound)} of ${count(audit.lot)} items (${rate} %) with ${confidence} % confidence`;
}

function Open({ project, planned }: { project: string; planned: number }) {
  const [percent, setPercent] = useState<number | string>(5);
  const { open } = useOversightActions(project);
  const rate = Number(percent) / PERCENT;
  return (
    <div className="stack tight">
      <div className="row">
        <NumberInput
          label="Accept at most, percent of the items"
          description="Sets how many have to be looked at, at 95 % confidence"
          value={percent}
          onChange={setPercent}
          min={0.01}
          max={99}
          step={1}
        />
        <Button
          onClick={() => open.mutate({ rate })}
          loading={open.isPending}
          disabled={!(rate > 0 && rate < 1)}
        >
          Draw a sample
        </Button>
        {planned > 0 ? (
          <Button variant="default" onClick={() => open.mutate({})} disabled={open.isPending}>
            Draw {plural(planned, "item")}, as the protocol says
          </Button>
        ) : null}
      </div>
      <Refused error={open.error} />
    </div>
  );
}

function Look({ project, audit, item }: { project: string; audit: Audit; item: AuditItem }) {
  const { answer } = useOversightActions(project);
  const [leak, setLeak] = useState(false);
  const clean = () => {
    if (!answer.isPending) answer.mutate({ audit: audit.id, position: item.position, verdict: "clean" });
  };
  useKeyHelp(KEYS);
  useKeys({ KeyN: clean, KeyL: () => setLeak(true) });
  return (
    <div className="stack">
      {item.frames > 0 ? (
        <FrameViewer
          url={(frame) => auditImageUrl(audit.id, item.position, frame)}
          frames={item.frames}
          label={item.name}
        />
      ) : (
        <Empty title="No picture to look at">This item has no frames.</Empty>
      )}
      <div className="row">
        <Button onClick={clean} loading={answer.isPending}>
          Nothing identifies anybody
        </Button>
        <Button variant="default" onClick={() => setLeak(true)}>
          Report a leak…
        </Button>
        <span className="dim">
          item {count(item.position + 1)} of {count(audit.size)}
        </span>
      </div>
      <Refused error={answer.error} />
      <ReasonDialog
        opened={leak}
        title="Something here identifies a person"
        confirm="Report and recall the batch"
        danger
        pending={answer.isPending}
        error={answer.error}
        onClose={() => setLeak(false)}
        onConfirm={({ reason }) =>
          answer.mutate(
            { audit: audit.id, position: item.position, verdict: "leak", reason },
            { onSuccess: () => setLeak(false) },
          )
        }
      >
        <p>Everything that came with this item is taken out of sight until it was looked at again.</p>
      </ReasonDialog>
    </div>
  );
}

function One({ project, audit, officer }: { project: string; audit: Audit; officer: boolean }) {
  const items = useQuery({
    ...auditItemsQuery(project, audit.id),
    enabled: officer && audit.state === "open",
  });
  const next = items.data?.find((item) => !item.verdict);
  return (
    <Panel
      title={`${audit.state === "open" ? "Audit in progress" : "Audit"}`}
      aside={
        <span className="dim">
          <At micros={audit.opened_at} /> · {audit.opened_by}
        </span>
      }
    >
      <FactList
        rows={[
          ["Looked at", `${count(audit.checked)} of ${count(audit.size)}`],
          ["With a leak", count(audit.found)],
          ["The rest", boundWords(audit)],
        ]}
      />
      {next ? <Look key={next.position} project={project} audit={audit} item={next} /> : null}
      <details>
        <summary>How the sample was drawn</summary>
        <p>
          The {plural(audit.lot, "item")} that stood when the audit was opened, in the order of SHA-256 over
          this seed and the item's id; the first {count(audit.size)} of them.
        </p>
        <CopyText text={audit.seed} label="the seed" />
      </details>
    </Panel>
  );
}

type AuditsProps = { project: string; officer: boolean; planned: number };

export function Audits({ project, officer, planned }: AuditsProps) {
  const audits = useQuery(auditsQuery(project));
  if (audits.isPending) return <Loading />;
  if (audits.isError) return <Failed error={audits.error} retry={() => audits.refetch()} />;
  const running = audits.data.some((audit) => audit.state === "open");
  return (
    <div className="stack">
      {officer && !running ? (
        <Panel title="Audit what was cleared">
          <Open project={project} planned={planned} />
        </Panel>
      ) : null}
      {audits.data.length === 0 ? (
        <Note>
          Nobody has audited this project yet, so nothing is known about what the gate may have missed.
        </Note>
      ) : null}
      {audits.data.map((audit) => (
        <One key={audit.id} project={project} audit={audit} officer={officer} />
      ))}
    </div>
  );
}
