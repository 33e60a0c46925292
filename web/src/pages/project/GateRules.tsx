/** The rules of de-identification of a project: choose, try on a real file that waits, save as a new protocol version. */
import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { gateImageUrl, gateQuery, previewRules, type RulesPreview, useSetDeid } from "@/api/gate";
import type { DeidPlan, Project } from "@/api/types";
import { FactList, Panel } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Note, Refused } from "@/parts/States";
import { gateReason } from "@/refusals";
import styles from "./Gate.module.css";
import { GateRecordRules } from "./GateRecordRules";
import { Changes } from "./GateReport";
import { OPTIONS, optionsOf, planOf, samePlan, withWord } from "./gate-rules";
import { useProject } from "./Project";

const DATES = [
  { value: "remove", label: "Taken out" },
  { value: "shift", label: "Moved by one offset per patient: intervals stay" },
  { value: "year", label: "Cut to the year" },
  { value: "keep", label: "Left as they are" },
];
const PIXELS = [
  { value: "officer", label: "Masked, and a privacy officer looks once" },
  { value: "vouch", label: "Masked, and goes on by itself" },
  { value: "hold", label: "Nothing masked by itself: whatever has text waits" },
];

const HEADS = [
  { value: "tell", label: "Told; the public needs a waiver" },
  { value: "deface", label: "Face cut off, or an officer decides" },
];
const POSTAL = [
  { value: "remove", label: "Taken out" },
  { value: "zip3", label: "Three digits, where the law allows" },
];

const FACES_DEFAULT = { model: "", min_recall: 0.95, temporal: 3 };

/** The model that camera pictures are shown to; without one a privacy officer looks. */
function Faces({ plan, onPlan }: { plan: DeidPlan; onPlan: (plan: DeidPlan) => void }) {
  const { faces } = plan;
  const change = (part: Partial<typeof FACES_DEFAULT>) =>
    onPlan({ ...plan, faces: { ...FACES_DEFAULT, ...faces, ...part } });
  return (
    <fieldset className="stack tight">
      <legend>Faces and plates in camera pictures</legend>
      <Checkbox
        size="xs"
        label="A registered model masks them"
        description="Believed only from a measured bound on; everything else waits for a privacy officer"
        checked={Boolean(faces)}
        onChange={(event) => {
          if (event.currentTarget.checked) change({});
          else onPlan({ ...plan, faces: null });
        }}
      />
      {faces ? (
        <div className="row">
          <TextInput
            label="Model"
            value={faces.model}
            onChange={(event) => change({ model: event.currentTarget.value })}
          />
          <NumberInput
            label="Hides at least this share"
            min={0.5}
            max={0.999}
            step={0.01}
            value={faces.min_recall ?? FACES_DEFAULT.min_recall}
            onChange={(value) => change({ min_recall: Number(value) })}
          />
          <NumberInput
            label="Carried to frames before and after"
            min={0}
            max={30}
            allowDecimal={false}
            value={faces.temporal ?? FACES_DEFAULT.temporal}
            onChange={(value) => change({ temporal: Number(value) || 0 })}
          />
        </div>
      ) : null}
    </fieldset>
  );
}

function Editor({ plan, onPlan }: { plan: DeidPlan; onPlan: (plan: DeidPlan) => void }) {
  const chosen = optionsOf(plan.profile);
  return (
    <div className="stack">
      <fieldset className="stack tight">
        <legend>Basic Profile, and these options of PS3.15</legend>
        {OPTIONS.map(({ word, label, means }) => (
          <Checkbox
            key={word}
            size="xs"
            label={label}
            description={means}
            checked={chosen.has(word)}
            onChange={(event) => onPlan(withWord(plan, word, event.currentTarget.checked))}
          />
        ))}
      </fieldset>
      <NativeSelect
        label="Dates"
        data={DATES}
        value={plan.dates}
        onChange={(event) => onPlan({ ...plan, dates: event.currentTarget.value as DeidPlan["dates"] })}
      />
      <NativeSelect
        label="Text in pixels, in files of classes that often have it"
        description="The detector looks first; it misses some text, so looking is the default"
        data={PIXELS}
        value={plan.pixels}
        onChange={(event) => onPlan({ ...plan, pixels: event.currentTarget.value as DeidPlan["pixels"] })}
      />
      <NativeSelect
        label="Thin slices of a head"
        description="A face can be rebuilt from them. A cut lowers the risk, it does not end it: ears and skull stay"
        data={HEADS}
        value={plan.head_scans ?? "tell"}
        onChange={(event) =>
          onPlan({ ...plan, head_scans: event.currentTarget.value as DeidPlan["head_scans"] })
        }
      />
      <NativeSelect
        label="Postal codes"
        description="Kept at all only where patient characteristics are"
        data={POSTAL}
        disabled={!chosen.has("retain_patient_characteristics")}
        value={plan.postal_codes ?? "remove"}
        onChange={(event) =>
          onPlan({ ...plan, postal_codes: event.currentTarget.value as DeidPlan["postal_codes"] })
        }
      />
      <Faces plan={plan} onPlan={onPlan} />
      <GateRecordRules plan={plan} onPlan={onPlan} />
      <Checkbox
        size="xs"
        label="A waiver needs a second privacy officer"
        checked={plan.two_person_waiver}
        onChange={(event) => onPlan({ ...plan, two_person_waiver: event.currentTarget.checked })}
      />
      <NumberInput
        label="Items drawn for one audit"
        description="0 for no audits"
        min={0}
        max={100_000}
        allowDecimal={false}
        value={plan.audit.sample}
        onChange={(value) => onPlan({ ...plan, audit: { ...plan.audit, sample: Number(value) || 0 } })}
      />
      <NumberInput
        label="Confidence that an audit states"
        min={0.5}
        max={0.999}
        step={0.01}
        value={plan.audit.confidence}
        onChange={(value) => onPlan({ ...plan, audit: { ...plan.audit, confidence: Number(value) } })}
      />
    </div>
  );
}

function Result({ result, before }: { result: RulesPreview; before: string }) {
  // The picture lives in this page's memory until the next one or until the page is left.
  useEffect(() => {
    const { picture } = result;
    return () => {
      if (picture) URL.revokeObjectURL(picture);
    };
  }, [result]);
  return (
    <div className="stack">
      <FactList
        rows={[
          ["Rules", result.preview.profile],
          ["Would wait for", result.preview.reasons.map(gateReason).join("; ")],
        ]}
      />
      {result.picture ? (
        <div className={styles.sides} data-both="true">
          <figure className={styles.side}>
            <figcaption className={styles.caption} data-side="before">
              Before: the source
            </figcaption>
            <div className={styles.stage}>
              <img src={before} alt="The source" />
            </div>
          </figure>
          <figure className={styles.side}>
            <figcaption className={styles.caption}>After: by these rules</figcaption>
            <div className={styles.stage}>
              <img src={result.picture} alt="What these rules would leave" data-testid="rules-after" />
            </div>
          </figure>
        </div>
      ) : null}
      <Changes preview={result.preview} />
    </div>
  );
}

function Try({ project, plan }: { project: Project; plan: DeidPlan }) {
  const gate = useInfiniteQuery(gateQuery(project.id));
  const entries = (gate.data?.pages.flatMap((page) => page.items) ?? []).filter((entry) => entry.frames > 0);
  const [chosen, setChosen] = useState("");
  const [frame, setFrame] = useState(0);
  const entry = entries.find((one) => one.id === chosen) ?? entries[0];
  const run = useMutation({
    mutationFn: async () => {
      if (!entry) throw new Error("nothing waits");
      const at = Math.min(frame, entry.frames - 1);
      return {
        result: await previewRules(entry.id, at, plan),
        before: gateImageUrl(entry.id, at, "before", entry.revision),
      };
    },
  });
  if (!entry) {
    return (
      <Empty title="No file to try on">
        A file that waits at the gate can be chosen here. None waits now.
      </Empty>
    );
  }
  return (
    <div className="stack">
      <div className="row">
        <NativeSelect
          label="Entry"
          data={entries.map((one) => ({ value: one.id, label: one.name }))}
          value={entry.id}
          onChange={(event) => setChosen(event.currentTarget.value)}
        />
        {entry.frames > 1 ? (
          <NumberInput
            label={`Frame, 1 to ${entry.frames}`}
            min={1}
            max={entry.frames}
            allowDecimal={false}
            value={Math.min(frame, entry.frames - 1) + 1}
            onChange={(value) => setFrame(Math.max(1, Number(value) || 1) - 1)}
          />
        ) : null}
        <Button variant="default" onClick={() => run.mutate()} loading={run.isPending}>
          Try on this file
        </Button>
      </div>
      <p className="dim">Nothing is stored but the record that you looked.</p>
      <Refused error={run.error} />
      {run.data ? <Result {...run.data} /> : null}
    </div>
  );
}

export default function GateRules() {
  const project = useProject();
  const { version } = project.protocol;
  const inForce = planOf(project.protocol);
  const [plan, setPlan] = useState(inForce);
  const save = useSetDeid(project.id);
  const changed = !samePlan(plan, inForce);
  const [asking, setAsking] = useState(false);
  return (
    <div className="stack">
      <div className="spread">
        <h2>Rules of de-identification</h2>
        <Link to="/projects/$projectId/gate" params={{ projectId: project.id }}>
          Back to the gate
        </Link>
      </div>
      <div className={styles.rules}>
        <Panel title="Rules" aside={<span className="dim">in force: protocol version {version}</span>}>
          <Editor plan={plan} onPlan={setPlan} />
          {save.data && !changed ? <Note>Saved as protocol version {save.data.version}.</Note> : null}
          <Button disabled={!changed} onClick={() => setAsking(true)} data-testid="rules-save">
            Save as protocol version {version + 1}…
          </Button>
          <ReasonDialog
            opened={asking}
            title={`Put version ${version + 1} into force`}
            confirm="Sign and put into force"
            signed
            pending={save.isPending}
            error={save.error}
            onClose={() => {
              setAsking(false);
              save.reset();
            }}
            onConfirm={(signature) =>
              save.mutate({ version, deid: plan, ...signature }, { onSuccess: () => setAsking(false) })
            }
          >
            <p>
              You approve these rules with your name and the time. Files are cleaned by them from now on; why
              they changed stays with the version.
            </p>
          </ReasonDialog>
          <p className="dim">
            What waits at the gate is cleaned anew under the new version. What was cleared before stays as it
            is.
          </p>
        </Panel>
        <Panel title="Try them on a file that waits">
          <Try project={project} plan={plan} />
        </Panel>
      </div>
    </div>
  );
}
