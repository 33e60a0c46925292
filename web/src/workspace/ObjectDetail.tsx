import { Checkbox, NumberInput } from "@mantine/core";
import { useEffect, useId } from "react";
import { ANSWER_CLASS, answerWords, isAnswer } from "@/canvas/answers";
import { keyHint } from "@/canvas/keymap";
import type { Annotation, AttributeDef, AttributeValue, CuboidShape, Vec3 } from "@/canvas/types";
import { HistoryPanel } from "./HistoryPanel";
import { useEditor, useKeyMap } from "./hooks";
import type { HostHandle } from "./host";
import { Relations } from "./Relations";
import styles from "./Side.module.css";
import type { WorkSession } from "./session";
import { Unclear } from "./Unclear";
import shared from "./Workspace.module.css";

interface Props {
  session: WorkSession;
  handle: HostHandle | null;
  /** The versions of the object are shown. */
  history: boolean;
  onHistory: (shown: boolean) => void;
}

/** Class, attributes, origin and versions of the one selected object. */
export function ObjectDetail({ session, handle, history, onHistory }: Props) {
  const { editor } = session;
  useEditor(editor);
  const keyMap = useKeyMap();
  const only = editor.selectedIds.size === 1 ? [...editor.selectedIds][0] : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: versions are those of one object; for the next one they are asked for anew, and the picture keeps the keys
  useEffect(() => () => onHistory(false), [only, onHistory]);
  const selection = editor.selection();
  const target = selection[0];
  if (!target) return null;
  if (selection.length > 1)
    return <section className={styles.detail}>{selection.length} objects selected</section>;
  const entry = editor.classOf(target.class);
  const frozen = editor.isLocked(target.id);
  return (
    <section className={styles.detail} aria-label="Selected object" data-testid="object-detail">
      <label className={styles.field}>
        <span>Class</span>
        <select
          value={target.class}
          disabled={frozen || isAnswer(target)}
          onChange={(event) => editor.chooseClass(event.currentTarget.value)}
          data-testid="object-class"
        >
          {(isAnswer(target) ? [ANSWER_CLASS] : editor.classes)
            .filter(
              (option) =>
                option.id === target.class || (!option.retired && option.shapes.includes(target.shape.type)),
            )
            .map((option) => (
              <option key={option.id} value={option.id}>
                {option.name}
              </option>
            ))}
        </select>
      </label>
      {(entry?.attributes ?? []).map((attribute) => (
        <AttributeField
          key={`${target.id}/${attribute.id}`}
          attribute={attribute}
          value={target.attributes?.[attribute.id]}
          disabled={frozen}
          onChange={(value) => editor.setAttribute(target, attribute.id, value)}
        />
      ))}
      {isAnswer(target) ? (
        <p data-testid="answer-words">{answerWords(target)}</p>
      ) : (
        <Unclear session={session} target={target} />
      )}
      <Relations session={session} target={target} handle={handle} />
      {target.shape.type === "cuboid" ? (
        <CuboidFields session={session} target={target} shape={target.shape} frozen={frozen} />
      ) : null}
      <p className={styles.origin}>
        {target.author.kind === "model"
          ? `Model draft: ${target.author.name} ${target.author.version}${target.score === undefined || target.score === null ? "" : `, score ${target.score.toFixed(2)}`}`
          : target.author.kind === "rule"
            ? `What independent readers agree on, merged by rule: ${target.author.rule}`
            : `Drawn by a person${target.author.user === editor.user ? " (you)" : ""}`}
        {" · "}
        <button
          type="button"
          className={shared.inline}
          aria-expanded={history}
          aria-keyshortcuts={keyHint(keyMap, "object.history") || undefined}
          title={`Versions (${keyHint(keyMap, "object.history")})`}
          onClick={() => onHistory(!history)}
          data-testid="history-open"
        >
          version {target.version}
        </button>
      </p>
      {history ? (
        <HistoryPanel session={session} target={target} handle={handle} onClose={() => onHistory(false)} />
      ) : null}
    </section>
  );
}

function AttributeField(props: {
  attribute: AttributeDef;
  value: AttributeValue | undefined;
  disabled: boolean;
  onChange: (value: AttributeValue | undefined) => void;
}) {
  const { attribute, value, disabled, onChange } = props;
  const missing = attribute.required && value === undefined;
  const testid = `attribute-${attribute.id}`;
  const field = useId();
  if (attribute.kind === "flag") {
    return (
      <Checkbox
        label={attribute.name + (attribute.required ? " *" : "")}
        checked={value === true}
        indeterminate={value === undefined && attribute.required}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
        data-testid={testid}
      />
    );
  }
  return (
    <label className={styles.field} data-missing={missing} htmlFor={field}>
      <span>
        {attribute.name}
        {attribute.required ? " *" : ""}
      </span>
      {attribute.kind === "number" ? (
        <NumberInput
          id={field}
          size="xs"
          value={typeof value === "number" ? value : ""}
          disabled={disabled}
          onChange={(next) => onChange(typeof next === "number" ? next : undefined)}
          data-testid={testid}
        />
      ) : (
        <select
          id={field}
          value={typeof value === "string" ? value : ""}
          disabled={disabled}
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
          data-testid={testid}
        >
          <option value="">{attribute.required ? "choose…" : "–"}</option>
          {attribute.kind.choice.map((choice) => (
            <option key={choice} value={choice}>
              {choice.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      )}
    </label>
  );
}

const SIZE_WORDS = ["Length", "Width", "Height"] as const;
/** Smallest side of a cuboid, metres. */
const SIDE_MIN_M = 0.05;

/** Sizes as numbers; the place stays, the cuboid grows around its centre. */
function CuboidFields({
  session,
  target,
  shape,
  frozen,
}: {
  session: WorkSession;
  target: Annotation;
  shape: CuboidShape;
  frozen: boolean;
}) {
  const set = (axis: number, value: number | string) => {
    if (typeof value !== "number" || !Number.isFinite(value) || value < SIDE_MIN_M) return;
    const size = shape.size.map((old, i) => (i === axis ? value : old)) as Vec3;
    session.editor.change(
      "resize",
      [target],
      (a) => ({ ...a, shape: { ...shape, size } }),
      `size:${target.id}:${axis}`,
    );
  };
  return (
    <fieldset className={styles.sizes}>
      <legend>Size, m</legend>
      {SIZE_WORDS.map((word, axis) => (
        <NumberInput
          key={word}
          size="xs"
          aria-label={`${word}, metres`}
          value={Number((shape.size[axis] as number).toFixed(3))}
          min={SIDE_MIN_M}
          step={0.1}
          decimalScale={3}
          disabled={frozen}
          onChange={(value) => set(axis, value)}
          data-testid={`size-${word.toLowerCase()}`}
        />
      ))}
    </fieldset>
  );
}
