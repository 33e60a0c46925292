/** One batch: its plan and curve, how far its sample is, what was decided, and how the sample is drawn again. */
import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Batch, batchQuery, batchRecordUrl, useBatches } from "@/api/batches";
import type { Project } from "@/api/types";
import { count, plural } from "@/format";
import { At, CopyText, FactList, type FactRow, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Refused } from "@/parts/States";
import { AuditDesk } from "./AuditDesk";
import { batchStanding, LEVEL_WORDS, planWords, progressWords } from "./batch-words";
import { Findings, type Rights } from "./Certifications";
import { PlanCurve } from "./PlanCurve";
import { KIND_WORDS } from "./words";

function Draw({ project, batch }: { project: Project; batch: Batch }) {
  const { draw } = useBatches(project.id);
  const [words, setWords] = useState("");
  return (
    <div className="stack tight">
      <div className="row">
        <TextInput
          label="Words of your own"
          description="Optional: dice, a headline. They are added to noise that is drawn now"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          maxLength={200}
        />
        <Button onClick={() => draw.mutate({ id: batch.id, words })} loading={draw.isPending}>
          Draw the sample
        </Button>
      </div>
      <Refused error={draw.error} />
    </div>
  );
}

function Curve({ project, batch }: { project: Project; batch: Batch }) {
  const detail = useQuery(batchQuery(project.id, batch.id));
  if (detail.isPending) return <Loading lines={4} />;
  if (detail.isError) return <Failed error={detail.error} retry={() => detail.refetch()} />;
  const { curve, scheme } = detail.data;
  return <PlanCurve curve={curve} scheme={scheme} found={{ wrong: batch.found, checked: batch.checked }} />;
}

function decision(batch: Batch): string | null {
  if (batch.state === "accepted")
    return batch.found > 0
      ? `Accepted: its items may leave; the ${count(batch.found)} found defective stay on hold until somebody lifts that`
      : "Accepted: its items may leave";
  if (batch.state === "returned")
    return "Returned: all of its items go back into work, and stay out of releases until they are submitted again and accepted";
  if (batch.state === "void" && batch.reason) return `Withdrawn: ${batch.reason}`;
  return null;
}

function facts(batch: Batch, all: Batch[]): FactRow[] {
  const before = all.find((one) => one.id === batch.rework_of);
  const changed = JSON.stringify(batch.plan) !== JSON.stringify(batch.chosen);
  return [
    ["Decision", decision(batch)],
    ["Decided", batch.decided_at ? <At key="decided" micros={batch.decided_at} /> : null],
    ["Sample", progressWords(batch)],
    ["Plan", planWords(batch.plan)],
    ["Inspection", LEVEL_WORDS[batch.inspection]],
    ["Under normal inspection", changed ? planWords(batch.chosen) : null],
    ["Whose work", batch.supplier?.name ?? null],
    ["Rework of", batch.rework_of ? (before?.name ?? "an earlier batch") : null],
    [
      "Makes an item defective",
      `${batch.error} (${batch.counts.map((kind) => KIND_WORDS[kind]).join("; ")})`,
    ],
    ...(batch.state === "returned"
      ? ([
          [
            "Its items",
            `${count(batch.back)} of ${count(batch.units)} went back into work, ${count(batch.again)} of these were accepted anew`,
          ],
          [
            "On hold instead",
            batch.back_held > 0
              ? `${count(batch.back_held)} of ${plural(batch.units, "item")}; ${count(batch.lifted)} of these are held no more`
              : null,
          ],
        ] as FactRow[])
      : []),
  ];
}

export function BatchPanel({
  project,
  batch,
  rights,
  all,
  onRework,
}: {
  project: Project;
  batch: Batch;
  rights: Rights;
  all: Batch[];
  onRework: () => void;
}) {
  const { withdraw } = useBatches(project.id);
  const [asking, setAsking] = useState(false);
  const [listed, setListed] = useState(false);
  const look = batchStanding(batch);
  const open = batch.state === "frozen" || batch.state === "inspecting";
  const decided = batch.state === "accepted" || batch.state === "returned";
  return (
    <Panel
      title={batch.name}
      aside={
        <span className="row tight">
          <Status tone={look.tone} mark={look.mark}>
            {look.word}
          </Status>
          <span className="dim">
            submitted <At micros={batch.submitted_at} /> · {batch.submitted_by}
          </span>
        </span>
      }
    >
      <FactList rows={facts(batch, all)} />
      <Curve project={project} batch={batch} />
      {batch.state === "frozen" && rights.certify ? <Draw project={project} batch={batch} /> : null}
      {batch.state === "inspecting" && rights.judge ? (
        <AuditDesk project={project} audit={batch.id} open kind="batches" />
      ) : null}
      {batch.state === "inspecting" ? (
        <p className="dim">
          An item of the sample that is recalled, sent back into work or rejected meanwhile cannot be judged
          while it is not accepted, and what is judged after its place in the order does not count yet. If it
          does not come back, the batch has to be withdrawn and submitted anew.
        </p>
      ) : null}
      <div className="row">
        {batch.state === "returned" && batch.again + batch.lifted > 0 && rights.certify ? (
          <Button onClick={onRework}>Submit again…</Button>
        ) : null}
        {decided ? (
          <Button variant="default" component="a" href={batchRecordUrl(batch.id)} download>
            Download the record
          </Button>
        ) : null}
        {open && rights.certify ? (
          <Button variant="default" onClick={() => setAsking(true)}>
            Withdraw…
          </Button>
        ) : null}
      </div>
      <details onToggle={(event) => setListed(event.currentTarget.open)}>
        <summary>What was inspected ({count(batch.checked)})</summary>
        {listed ? <Findings project={project} audit={batch.id} /> : null}
      </details>
      <details>
        <summary>How the sample was drawn</summary>
        <p>
          The root is over {plural(batch.units, "item")} as they were submitted. The seed is SHA-256 over this
          root and noise that was drawn after it was in the log. Items are inspected in the order of SHA-256
          over the seed and their ids. Once the batch is decided, <code>countersign verify batch.json</code>{" "}
          draws the sample again from its record, decides again, and looks both up in the log.
        </p>
        <CopyText text={batch.root} label="the root" />
        {batch.seed ? <CopyText text={batch.seed} label="the seed" /> : null}
      </details>
      <ReasonDialog
        opened={asking}
        title="Withdraw the batch"
        confirm="Withdraw"
        pending={withdraw.isPending}
        error={withdraw.error}
        onClose={() => setAsking(false)}
        onConfirm={({ reason }) =>
          withdraw.mutate({ id: batch.id, reason }, { onSuccess: () => setAsking(false) })
        }
      >
        <p>Its items are free again, except those that were found defective: they are put on hold.</p>
      </ReasonDialog>
    </Panel>
  );
}
