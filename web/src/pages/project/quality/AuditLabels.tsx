/** The frozen labels of an item as a list: what each says beside its outline, and the way to its frame. */
import { memo, useMemo } from "react";
import type { Project } from "@/api/types";
import type { Editor } from "@/canvas/editor";
import type { Annotation, FrameRef } from "@/canvas/types";
import { plural } from "@/format";
import { Note } from "@/parts/States";
import { Swatch } from "@/parts/Swatch";
import { useEditor } from "@/workspace/hooks";
import styles from "./AuditDesk.module.css";
import { classOf, kindWords, labelWords, placeWords, unseenWords } from "./audit-words";

const NO_CLASS_COLOR = "#c0c8d4";

type RowProps = {
  editor: Editor;
  label: Annotation;
  number: number;
  name: string;
  color: string;
  place: string;
  lines: readonly string[];
  chosen: boolean;
  onChoose: (label: Annotation) => void;
};

/** One of thousands, at times: it is drawn anew only when it is chosen or no longer is. */
const Row = memo(function Row(props: RowProps) {
  const { editor, label, number, name, color, place, lines, chosen, onChoose } = props;
  return (
    <li data-testid="audit-label">
      <button
        type="button"
        className={styles.label}
        aria-pressed={chosen}
        onClick={() => onChoose(label)}
        onPointerEnter={() => editor.hover(label.id)}
        onPointerLeave={() => editor.hover(null)}
      >
        <span>
          <Swatch color={color} />{" "}
          <strong>
            {number}: {name}
          </strong>
          {label.unclear ? <em> unclear</em> : null}
        </span>
        <small>
          {kindWords(label)} · {place}
        </small>
        {lines.map((line) => (
          <small key={line}>{line}</small>
        ))}
      </button>
    </li>
  );
});

export function AuditLabels({
  project,
  editor,
  labels,
  places,
  pictures,
  onChoose,
}: {
  project: Project;
  editor: Editor;
  labels: readonly Annotation[];
  places: readonly FrameRef[];
  /** How many pictures the audit shows of the item. */
  pictures: number;
  onChoose: (label: Annotation) => void;
}) {
  useEditor(editor);
  const { classes, relations } = project.protocol;
  const rows = useMemo(
    () =>
      labels.map((label) => ({
        label,
        name: classOf(label, classes)?.name ?? label.class,
        color: classOf(label, classes)?.color ?? NO_CLASS_COLOR,
        place: placeWords(label, places),
        lines: labelWords(label, labels, classes, relations ?? []),
      })),
    [labels, places, classes, relations],
  );
  return (
    <section className={styles.labels} aria-label="Labels of this item">
      <h3>{plural(labels.length, "label", "labels")}</h3>
      {unseenWords(labels, places, pictures).map((words) => (
        <Note key={words} tone="warn">
          {words}
        </Note>
      ))}
      {rows.length === 0 ? <p className="dim">Nothing is labelled. Empty is an answer too.</p> : null}
      <ul>
        {rows.map((row, at) => (
          <Row
            key={row.label.id}
            {...row}
            editor={editor}
            number={at + 1}
            chosen={editor.isSelected(row.label.id)}
            onChoose={onChoose}
          />
        ))}
      </ul>
    </section>
  );
}
