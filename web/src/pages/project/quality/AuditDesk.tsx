/**
 * Judging one item after the other: first what the auditor sees without any label, then the frozen labels, then what is
 * wrong with them. The server gives out the items and shows no label before.
 */

import { Button, NativeSelect, NumberInput, Textarea } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import {
  type AuditKind,
  type AuditUnit,
  type ErrorKind,
  type FoundError,
  type Severity,
  type ShownUnit,
  unitImageUrl,
  useAudit,
} from "@/api/quality";
import type { OntologyClass, Project } from "@/api/types";
import { answerName } from "@/canvas/answers";
import { Editor } from "@/canvas/editor";
import type { Window } from "@/canvas/lut";
import type { Annotation, ClassDef, FrameRef } from "@/canvas/types";
import { count } from "@/format";
import { Empty, Note, Refused } from "@/parts/States";
import { Swatch } from "@/parts/Swatch";
import table from "@/parts/table.module.css";
import styles from "./AuditDesk.module.css";
import { AuditLabels } from "./AuditLabels";
import { AuditPicture } from "./AuditPicture";
import { AuditWindow } from "./AuditWindow";
import { pictureOf, unsigned } from "./audit-words";
import { KIND_WORDS, SEVERITY_WORDS } from "./words";

/** A frame that no label names. */
const NOWHERE: FrameRef = { stream: -1, index: -1 };
const COUNT_MAX = 10_000;
const COMMENT_MAX_CHARS = 500;

/** Before the labels: how many of each class the auditor sees. */
function OwnLook({
  project,
  audit,
  unit,
  onShown,
}: {
  project: Project;
  audit: string;
  unit: AuditUnit;
  onShown: (unit: AuditUnit) => void;
}) {
  const { own } = useAudit(project.id);
  const [counts, setCounts] = useState<Record<string, number>>({});
  return (
    <div className="stack">
      <h3>What do you see?</h3>
      <p className="dim">
        Count before you are shown the labels. This cannot be changed afterwards, and is kept with your
        judgement.
      </p>
      <div className="row">
        {project.protocol.classes.map((one) => (
          <NumberInput
            key={one.id}
            label={one.name}
            value={counts[one.id] ?? 0}
            onChange={(value) => setCounts({ ...counts, [one.id]: Number(value) || 0 })}
            min={0}
            max={COUNT_MAX}
            allowDecimal={false}
            w={130}
          />
        ))}
      </div>
      <Refused error={own.error} />
      <div className="row">
        <Button
          loading={own.isPending}
          onClick={() =>
            own.mutate({ id: audit, position: unit.position, classes: counts }, { onSuccess: onShown })
          }
        >
          That is all I see: show the labels
        </Button>
      </div>
    </div>
  );
}

function ErrorRow({
  error,
  classes,
  shown,
  onChange,
  onRemove,
}: {
  error: FoundError;
  classes: OntologyClass[];
  shown: ShownUnit;
  onChange: (error: FoundError) => void;
  onRemove: () => void;
}) {
  const labels = shown.annotations.map((label, place) => ({
    value: label.id,
    label: `${place + 1}: ${classes.find((one) => one.id === label.class)?.name ?? answerName(label.class)}`,
  }));
  return (
    <div className="row">
      <NativeSelect
        label="Class"
        data={classes.map((one) => ({ value: one.id, label: one.name }))}
        value={error.class}
        onChange={(event) => onChange({ ...error, class: event.currentTarget.value })}
      />
      <NativeSelect
        label="What is wrong"
        data={Object.entries(KIND_WORDS).map(([value, label]) => ({ value, label }))}
        value={error.kind}
        onChange={(event) => onChange({ ...error, kind: event.currentTarget.value as ErrorKind })}
      />
      <NativeSelect
        label="How bad"
        data={Object.entries(SEVERITY_WORDS).map(([value, label]) => ({ value, label }))}
        value={error.severity}
        onChange={(event) => onChange({ ...error, severity: event.currentTarget.value as Severity })}
      />
      {error.kind === "missed" ? null : (
        <NativeSelect
          label="Label"
          data={[{ value: "", label: "no particular one" }, ...labels]}
          value={error.annotation ?? ""}
          onChange={(event) => onChange({ ...error, annotation: event.currentTarget.value || null })}
        />
      )}
      <Button variant="default" onClick={onRemove}>
        Remove
      </Button>
    </div>
  );
}

/** With the labels: where they differ from the own count, and what is wrong. */
function Verdict({
  project,
  audit,
  kind,
  unit,
  shown,
  onJudged,
}: {
  project: Project;
  audit: string;
  kind: AuditKind;
  unit: AuditUnit;
  shown: ShownUnit;
  onJudged: () => void;
}) {
  const { judge } = useAudit(project.id);
  const classes = project.protocol.classes;
  const [errors, setErrors] = useState<{ key: number; error: FoundError }[]>([]);
  const [comment, setComment] = useState("");
  const [made, setMade] = useState(0);
  const add = (named: string, kind: ErrorKind) => {
    setErrors([...errors, { key: made, error: { class: named, kind, severity: "major" } }]);
    setMade(made + 1);
  };
  const name = (id: string) => classes.find((one) => one.id === id)?.name ?? answerName(id);
  const open = shown.differences.filter(
    (difference) => !errors.some(({ error }) => error.class === difference.class),
  );
  const send = () =>
    judge.mutate(
      {
        kind,
        id: audit,
        position: unit.position,
        errors: errors.map(({ error }) => error),
        comment: comment.trim() || null,
      },
      { onSuccess: onJudged },
    );
  return (
    <div className="stack">
      <h3>Are the labels right?</h3>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Class</th>
              <th className="num">You saw</th>
              <th className="num">Labelled</th>
              <th>Difference</th>
            </tr>
          </thead>
          <tbody>
            {classes.map((one) => {
              const own = shown.own.classes[one.id] ?? 0;
              const labelled = shown.annotations.filter((label) => label.class === one.id).length;
              if (own === 0 && labelled === 0) return null;
              return (
                <tr key={one.id}>
                  <td>
                    <Swatch color={one.color} /> {one.name}
                  </td>
                  <td className="num">{count(own)}</td>
                  <td className="num">{count(labelled)}</td>
                  <td>
                    {own === labelled ? (
                      "none"
                    ) : (
                      <Button
                        variant="default"
                        size="compact-sm"
                        onClick={() => add(one.id, own > labelled ? "missed" : "extra")}
                      >
                        {own > labelled ? "It was missed" : "It is superfluous"}
                      </Button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {errors.map(({ key, error }) => (
        <ErrorRow
          key={key}
          error={error}
          classes={classes}
          shown={shown}
          onChange={(next) => setErrors(errors.map((one) => (one.key === key ? { key, error: next } : one)))}
          onRemove={() => setErrors(errors.filter((one) => one.key !== key))}
        />
      ))}
      <Textarea
        label={open.length > 0 ? "Why the difference is no error" : "Comment"}
        description={
          open.length > 0
            ? `Your count of ${open.map((one) => name(one.class)).join(", ")} differs`
            : undefined
        }
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
        maxLength={COMMENT_MAX_CHARS}
        autosize
      />
      <Refused error={judge.error} />
      <div className="row">
        <Button onClick={send} loading={judge.isPending} disabled={open.length > 0 && !comment.trim()}>
          {errors.length === 0 ? "Everything is right" : "The labels are wrong"}
        </Button>
        <Button variant="default" onClick={() => add(classes[0]?.id ?? "", "misplaced")}>
          Add an error
        </Button>
      </div>
    </div>
  );
}

/** The pictures, and beside them the labels once they are shown. */
function Looking({
  project,
  audit,
  unit,
  window,
  onWindow,
}: {
  project: Project;
  audit: string;
  unit: AuditUnit;
  window: Window | null;
  onWindow: (window: Window | null) => void;
}) {
  const { shown } = unit;
  const { classes, relations } = project.protocol;
  const [frame, setFrame] = useState(0);
  const [revealed, setRevealed] = useState<string | null>(null);
  const editor = useMemo(
    () =>
      new Editor({ classes: classes as ClassDef[], relations: relations ?? [], user: "", readOnly: true }),
    [classes, relations],
  );
  const labels = useMemo(
    () => (shown?.annotations ?? []).map((label) => unsigned(label as Annotation)),
    [shown],
  );
  const places = useMemo(() => shown?.places ?? [], [shown]);
  // Where the pictures are not the frames that labels name, a label would be drawn where it does not belong.
  const place = (places.length === unit.frames ? places[frame] : undefined) ?? NOWHERE;
  useEffect(() => editor.document.load(labels), [editor, labels]);
  useEffect(() => editor.setFrame(place), [editor, place]);
  const choose = (label: Annotation) => {
    const to = places.length === unit.frames ? pictureOf(label, places) : null;
    if (to !== null) {
      setFrame(to);
      editor.setFrame(places[to] ?? null);
    }
    editor.select([label.id]);
    setRevealed(label.id);
  };
  return (
    <div className={styles.looking} data-alone={!shown}>
      {unit.frames > 0 ? (
        <div className="stack tight">
          {project.kind === "study" ? <AuditWindow window={window} onWindow={onWindow} /> : null}
          <AuditPicture
            editor={editor}
            url={(at) => unitImageUrl(audit, unit.position, at, window)}
            frames={unit.frames}
            frame={frame}
            onFrame={setFrame}
            label={unit.name}
            window={window}
            onWindow={onWindow}
            revealed={revealed}
          />
        </div>
      ) : (
        <Empty title="No picture to look at">This item has no frames.</Empty>
      )}
      {shown ? (
        <AuditLabels
          project={project}
          editor={editor}
          labels={labels}
          places={places}
          pictures={unit.frames}
          onChoose={choose}
        />
      ) : null}
    </div>
  );
}

export function AuditDesk({
  project,
  audit,
  open,
  kind,
}: {
  project: Project;
  /** A certification, or a batch: their audits are given out alike. */
  audit: string;
  open: boolean;
  kind: AuditKind;
}) {
  const { next } = useAudit(project.id);
  const [unit, setUnit] = useState<AuditUnit | null>(null);
  // Kept from one item to the next: whoever judges lungs does so in all of them.
  const [window, setWindow] = useState<Window | null>(null);
  const take = () => next.mutate(audit, { onSuccess: setUnit });
  if (!unit) {
    return (
      <div className="stack tight">
        <div className="row">
          <Button onClick={take} loading={next.isPending} disabled={!open}>
            Judge the next item
          </Button>
          <span className="dim">
            Items that you had a part in, or saw elsewhere, are not given to you. While you audit, the labels
            of this set are shown to you here only.
          </span>
        </div>
        <Refused error={next.error} />
      </div>
    );
  }
  const { shown } = unit;
  return (
    <section className="stack" aria-label={`Item ${unit.position + 1} of the audit`}>
      <div className="spread">
        <h3>{unit.name}</h3>
        <span className="dim">item {count(unit.position + 1)} of the order</span>
      </div>
      <Looking
        key={unit.position}
        project={project}
        audit={audit}
        unit={unit}
        window={window}
        onWindow={setWindow}
      />
      {shown ? (
        <Verdict
          project={project}
          audit={audit}
          kind={kind}
          unit={unit}
          shown={shown}
          onJudged={() => {
            setUnit(null);
          }}
        />
      ) : (
        <>
          <Note>The labels of this item are hidden until you said what you see.</Note>
          <OwnLook project={project} audit={audit} unit={unit} onShown={setUnit} />
        </>
      )}
    </section>
  );
}
