/** Batches of a project: what needs a decision first, one of them with its plan, sample and decision. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  type Batch,
  batchesQuery,
  type Batches as Found,
  type SupplierTally,
  useBatches,
} from "@/api/batches";
import type { Project } from "@/api/types";
import { count, plural } from "@/format";
import { At, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { BatchForm } from "./BatchForm";
import { BatchPanel } from "./BatchPanel";
import { batchStanding, LEVEL_WORDS, tallyWords } from "./batch-words";
import type { Rights } from "./Certifications";

function Rows({
  batches,
  chosen,
  onChoose,
}: {
  batches: Batch[];
  chosen?: string;
  onChoose: (id: string) => void;
}) {
  return (
    <div className={table.scroll}>
      <table className={table.table} aria-label="Batches">
        <thead>
          <tr>
            <th>Batch</th>
            <th>State</th>
            <th className="num">Items</th>
            <th className="num">Inspected, of its sample</th>
            <th className="num">Defective, of these</th>
            <th>Inspection</th>
            <th>Submitted</th>
          </tr>
        </thead>
        <tbody>
          {batches.map((batch) => {
            const look = batchStanding(batch);
            return (
              <tr key={batch.id} aria-selected={batch.id === chosen}>
                <td>
                  <Button
                    variant={batch.id === chosen ? "default" : "subtle"}
                    size="compact-sm"
                    aria-pressed={batch.id === chosen}
                    onClick={() => onChoose(batch.id)}
                  >
                    {batch.name}
                  </Button>
                  {batch.rework_of ? <span className="dim"> rework</span> : null}
                </td>
                <td>
                  <Status tone={look.tone} mark={look.mark}>
                    {look.word}
                  </Status>
                </td>
                <td className="num">{count(batch.units)}</td>
                <td className="num">
                  {count(batch.checked)} of {count(batch.sample_max)}
                </td>
                <td className="num">
                  {count(batch.found)} of {count(batch.checked)}
                </td>
                <td>{LEVEL_WORDS[batch.inspection].split(",")[0]}</td>
                <td>
                  <At micros={batch.submitted_at} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Suppliers({
  project,
  suppliers,
  certify,
}: {
  project: string;
  suppliers: SupplierTally[];
  certify: boolean;
}) {
  const { resume } = useBatches(project);
  const [resumed, setResumed] = useState<SupplierTally | null>(null);
  const named = (one: SupplierTally) =>
    one.supplier.name ?? (one.supplier.key === "project" ? "Nobody in particular" : "somebody who left");
  return (
    <>
      <div className={table.scroll}>
        <table className={table.table} aria-label="By supplier">
          <thead>
            <tr>
              <th>Whose work</th>
              <th>Next inspection</th>
              <th>First pass</th>
              <th>Rework</th>
            </tr>
          </thead>
          <tbody>
            {suppliers.map((one) => (
              <tr key={one.supplier.key}>
                <td>{named(one)}</td>
                <td>
                  <span className="row tight">
                    {LEVEL_WORDS[one.inspection]}
                    {certify && one.inspection === "discontinued" ? (
                      <Button variant="default" size="compact-sm" onClick={() => setResumed(one)}>
                        Resume…
                      </Button>
                    ) : null}
                  </span>
                </td>
                <td className="wrap">{tallyWords(one.first_pass)}</td>
                <td className="wrap">{tallyWords(one.rework)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ReasonDialog
        opened={resumed !== null}
        title="Take batches again"
        confirm="Resume, tightened"
        pending={resume.isPending}
        error={resume.error}
        onClose={() => setResumed(null)}
        onConfirm={({ reason }) =>
          resume.mutate(
            { supplier: resumed?.supplier.key ?? "", reason },
            { onSuccess: () => setResumed(null) },
          )
        }
      >
        <p>
          Say what has changed since inspection was discontinued. The next batches are inspected tightened.
        </p>
      </ReasonDialog>
    </>
  );
}

function Shown({ project, found, rights }: { project: Project; found: Found; rights: Rights }) {
  const [picked, setPicked] = useState<string>();
  const [form, setForm] = useState<{ rework?: Batch } | null>(null);
  const { batches, suppliers } = found;
  const chosen = batches.find((batch) => batch.id === picked) ?? batches[0];
  const open = batches.filter((batch) => batch.state === "frozen" || batch.state === "inspecting").length;
  return (
    <div className="stack">
      {rights.certify ? (
        <Panel title={form?.rework ? `Submit “${form.rework.name}” again` : "Submit a batch"}>
          {form ? (
            <BatchForm
              key={form.rework?.id ?? "new"}
              project={project}
              rework={form.rework}
              onDone={(made) => {
                setForm(null);
                if (made) setPicked(made.id);
              }}
            />
          ) : (
            <div className="row">
              <Button onClick={() => setForm({})}>Choose items…</Button>
              <span className="dim">
                Accepted items are submitted together; a random sample of them decides whether all are taken
                or go back. They stay out of releases until then.
              </span>
            </div>
          )}
        </Panel>
      ) : null}
      {batches.length === 0 ? (
        <Note>No batch was submitted yet: accepted items leave one by one.</Note>
      ) : null}
      {suppliers.length > 0 ? (
        <Suppliers project={project.id} suppliers={suppliers} certify={rights.certify} />
      ) : null}
      {batches.length > 0 ? (
        <>
          <p className="dim">
            {open > 0 ? `${plural(open, "batch waits", "batches wait")} for a decision, listed first. ` : ""}
            {count(batches.length)} listed.
          </p>
          <Rows batches={batches} chosen={chosen?.id} onChoose={setPicked} />
        </>
      ) : null}
      {chosen ? (
        <BatchPanel
          key={chosen.id}
          project={project}
          batch={chosen}
          rights={rights}
          all={batches}
          onRework={() => setForm({ rework: chosen })}
        />
      ) : null}
    </div>
  );
}

export function Batches({ project, rights }: { project: Project; rights: Rights }) {
  const found = useQuery(batchesQuery(project.id));
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  return <Shown project={project} found={found.data} rights={rights} />;
}
