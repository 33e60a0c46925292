/** A batch that is to be submitted: which items, by which plan. The curve of the plan is looked at before it is chosen. */
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Batch, type BatchChoice, type SamplingPlan, useBatches } from "@/api/batches";
import { ingestsQuery } from "@/api/ingests";
import { type ErrorKind, monitorQuery } from "@/api/quality";
import { hasRole, isOwner, useMe } from "@/api/session";
import type { Project } from "@/api/types";
import { count, plural, time } from "@/format";
import { FactList } from "@/parts/bits";
import { Refused } from "@/parts/States";
import { LEVEL_WORDS, planWords } from "./batch-words";
import { PlanCurve } from "./PlanCurve";
import { PlanDesign } from "./PlanDesign";
import { PlanFields, STARTS } from "./PlanFields";
import { KIND_WORDS } from "./words";

const NAME_MAX_CHARS = 100;
const TEXT_MAX_CHARS = 500;
const STANDARD: ErrorKind[] = ["missed", "extra", "wrong_class", "misplaced"];
const MICROS_PER_MS = 1_000;

/** Local midnight of `2026-11-23` in microseconds; the day after with `days` 1. */
export function dayMicros(day: string, days: number): number | null {
  const at = new Date(`${day}T00:00:00`);
  // By the calendar: a day on which clocks change has 23 or 25 hours.
  at.setDate(at.getDate() + days);
  return Number.isNaN(at.getTime()) ? null : at.getTime() * MICROS_PER_MS;
}

type Wish = {
  stage: string;
  author: string;
  lot: string;
  ingest: string;
  from: string;
  until: string;
  released: boolean;
};
const ALL: Wish = { stage: "", author: "", lot: "", ingest: "", from: "", until: "", released: false };

function asChoice(wish: Wish): BatchChoice {
  return {
    released: wish.released,
    stage: wish.stage || null,
    author: wish.author || null,
    lot: wish.lot.trim() || null,
    ingest: wish.ingest || null,
    from: dayMicros(wish.from, 0),
    until: dayMicros(wish.until, 1),
  };
}

function Ingests({
  project,
  value,
  onChange,
}: {
  project: string;
  value: string;
  onChange: (id: string) => void;
}) {
  const ingests = useQuery(ingestsQuery(project));
  const options = (ingests.data ?? []).map((one) => ({ value: one.id, label: time(one.started_at) }));
  return (
    <NativeSelect
      label="Came in with"
      data={[{ value: "", label: "any ingest" }, ...options]}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function Choice({
  project,
  wish,
  onChange,
}: {
  project: Project;
  wish: Wish;
  onChange: (wish: Wish) => void;
}) {
  const me = useMe();
  const monitor = useQuery(monitorQuery(project.id));
  const names = new Map((monitor.data?.streams ?? []).map((one) => [one.user, one.printed_name]));
  const people = [...names].map(([value, label]) => ({ value, label }));
  const stages = project.protocol.stages.map((stage) => ({ value: stage.id, label: stage.title }));
  const set = (part: Partial<Wish>) => onChange({ ...wish, ...part });
  return (
    <fieldset className="stack tight">
      <legend>Which accepted items</legend>
      <div className="row">
        <NativeSelect
          label="Read by"
          description="Batches of one person count for themselves"
          data={[{ value: "", label: "anybody" }, ...people]}
          value={wish.author}
          onChange={(event) => set({ author: event.currentTarget.value })}
        />
        <NativeSelect
          label="Accepted at"
          description="The stage that the standing labels come from"
          data={[{ value: "", label: "any stage" }, ...stages]}
          value={wish.stage}
          onChange={(event) => set({ stage: event.currentTarget.value })}
        />
        <TextInput
          label="Lot"
          description="Empty: any"
          value={wish.lot}
          onChange={(event) => set({ lot: event.currentTarget.value })}
          maxLength={200}
        />
        {isOwner(me) || hasRole(me, "owner", project.id) ? (
          <Ingests project={project.id} value={wish.ingest} onChange={(ingest) => set({ ingest })} />
        ) : null}
        <TextInput
          type="date"
          label="Handed in from"
          value={wish.from}
          onChange={(event) => set({ from: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label="to (that day included)"
          value={wish.until}
          onChange={(event) => set({ until: event.currentTarget.value })}
        />
      </div>
      <Checkbox
        label="Also items that were in a release before"
        checked={wish.released}
        onChange={(event) => set({ released: event.currentTarget.checked })}
      />
    </fieldset>
  );
}

export function BatchForm({
  project,
  rework,
  onDone,
}: {
  project: Project;
  /** The returned batch whose items come again. */
  rework?: Batch;
  onDone: (batch?: Batch) => void;
}) {
  const { look, submit } = useBatches(project.id);
  const [name, setName] = useState(rework ? `${rework.name}, again` : "");
  const [wish, setWish] = useState(ALL);
  const [plan, setPlan] = useState<SamplingPlan>(rework?.chosen ?? STARTS.single);
  const [error, setError] = useState(rework?.error ?? "");
  const [kinds, setKinds] = useState<string[]>(rework?.counts ?? STANDARD);
  const [steady, setSteady] = useState(false);
  const which = { choice: rework ? {} : asChoice(wish), rework_of: rework?.id ?? null };
  // What was looked at is what is submitted: any change asks for another look.
  const changed = () => look.reset();
  const seen = look.data;
  const fits = name.trim() && error.trim() && kinds.length > 0;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!seen) {
      look.mutate({ ...which, plan, steady });
      return;
    }
    if (!fits) return;
    const draft = {
      ...which,
      name: name.trim(),
      plan,
      error: error.trim(),
      counts: kinds as ErrorKind[],
      steady,
    };
    submit.mutate(draft, { onSuccess: onDone });
  };
  return (
    <form onSubmit={send} className="stack">
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={NAME_MAX_CHARS}
      />
      {rework ? (
        <p>
          The items of “{rework.name}” that were accepted anew come again, and those whose hold was lifted.
          They are counted as rework, apart from first submissions.
        </p>
      ) : (
        <Choice
          project={project}
          wish={wish}
          onChange={(next) => {
            setWish(next);
            changed();
          }}
        />
      )}
      <PlanDesign
        project={project.id}
        onTake={(next) => {
          setPlan(next);
          changed();
        }}
      />
      <PlanFields
        plan={plan}
        onChange={(next) => {
          setPlan(next);
          changed();
        }}
      />
      <Refused error={look.error} />
      {seen ? (
        <div className="stack tight" data-testid="preview">
          <FactList
            rows={[
              ["Items", plural(seen.units, "accepted item")],
              ["Inspection", LEVEL_WORDS[seen.inspection]],
              ["Plan in force", planWords(seen.plan)],
              ["Inspected", `at most ${count(seen.sample_max)} of ${count(seen.units)}`],
            ]}
          />
          <PlanCurve curve={seen.curve} scheme={seen.scheme} />
          {seen.scheme ? null : (
            <p className="dim">
              Tightened, this plan would look at more items than are inspected: after two returned batches of
              five another one has to be chosen.
            </p>
          )}
        </div>
      ) : null}
      <Textarea
        label="What makes an item defective"
        placeholder="such as: a defect that is missing, has the wrong class, or whose box overlaps by less than half"
        value={error}
        onChange={(event) => setError(event.currentTarget.value)}
        maxLength={TEXT_MAX_CHARS}
        autosize
      />
      <Checkbox.Group label="Ways of being wrong that count" value={kinds} onChange={setKinds}>
        <div className="stack tight">
          {Object.entries(KIND_WORDS).map(([kind, words]) => (
            <Checkbox key={kind} value={kind} label={words} />
          ))}
        </div>
      </Checkbox.Group>
      <Checkbox
        label="Deliveries are regular: inspection may be reduced after many accepted batches"
        checked={steady}
        onChange={(event) => {
          setSteady(event.currentTarget.checked);
          changed();
        }}
      />
      <Refused error={submit.error} />
      <div className="row">
        {seen ? (
          <Button type="submit" loading={submit.isPending} disabled={!fits}>
            Submit {plural(seen.units, "item")}
          </Button>
        ) : (
          <Button type="submit" loading={look.isPending}>
            Look at the plan
          </Button>
        )}
        <Button variant="default" onClick={() => onDone()}>
          Cancel
        </Button>
        <span className="dim">
          {seen
            ? "Items and labels are fixed from here on; the sample is drawn after that."
            : "Its curve for these items is shown before anything is submitted."}
        </span>
      </div>
    </form>
  );
}
