/** What is to be certified, and how: all of it is fixed before the first item is looked at. */
import { Button, Checkbox, NumberInput, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type ErrorKind, useCertify } from "@/api/quality";
import type { Project } from "@/api/types";
import { plural } from "@/format";
import { Refused } from "@/parts/States";
import { KIND_WORDS } from "./words";

const PERCENT = 100;
const NAME_MAX_CHARS = 100;
const TEXT_MAX_CHARS = 500;
const STANDARD: ErrorKind[] = ["missed", "extra", "wrong_class", "misplaced"];

export function Freeze({ project, onDone }: { project: Project; onDone: () => void }) {
  const { freeze } = useCertify(project.id);
  const [name, setName] = useState("");
  const [target, setTarget] = useState<number | string>(5);
  const [sample, setSample] = useState<number | string>("");
  const [reference, setReference] = useState("");
  const [error, setError] = useState("");
  const [kinds, setKinds] = useState<string[]>(STANDARD);
  const [classes, setClasses] = useState<string[]>([]);
  const share = Number(target) / PERCENT;
  const phases = project.counts.by_phase;
  const ready = (phases.accepted ?? 0) + (phases.released ?? 0);
  const fits =
    name.trim() &&
    share > 0 &&
    share < 1 &&
    reference.trim() &&
    error.trim() &&
    kinds.length > 0 &&
    ready > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!fits) return;
    freeze.mutate(
      {
        name: name.trim(),
        target: share,
        sample_max: sample === "" ? null : Number(sample),
        reference: reference.trim(),
        error: error.trim(),
        counts: kinds as ErrorKind[],
        classes: classes.map((id) => ({ class: id, among: "all" as const })),
      },
      { onSuccess: onDone },
    );
  };
  return (
    <form onSubmit={submit} className="stack">
      <div className="row">
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
        />
        <NumberInput
          label="Target: wrong items, percent"
          description="The audit stops once so much is bounded"
          value={target}
          onChange={setTarget}
          min={0.01}
          max={99}
        />
        <NumberInput
          label="Items to judge at most"
          description="Empty: as many as it takes"
          value={sample}
          onChange={setSample}
          min={1}
          max={10_000}
          allowDecimal={false}
        />
      </div>
      <TextInput
        label="Reference"
        description="Against what labels are held: who judges, by which guideline. It is not the truth"
        placeholder="such as: two quality engineers, guideline version 3"
        value={reference}
        onChange={(event) => setReference(event.currentTarget.value)}
        maxLength={TEXT_MAX_CHARS}
      />
      <Textarea
        label="What counts as an error"
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
      <Checkbox.Group
        label="Classes with a bound of their own"
        description="Each takes its part of the allowed error: the bound over all items gets wider"
        value={classes}
        onChange={setClasses}
      >
        <div className="row">
          {project.protocol.classes.map((one) => (
            <Checkbox key={one.id} value={one.id} label={one.name} />
          ))}
        </div>
      </Checkbox.Group>
      <Refused error={freeze.error} />
      <div className="row">
        <Button type="submit" loading={freeze.isPending} disabled={!fits}>
          Freeze {plural(ready, "accepted item")}
        </Button>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <span className="dim">Items on hold stay out. What is frozen is in the log by its hash.</span>
      </div>
    </form>
  );
}
