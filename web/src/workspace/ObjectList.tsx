import { useEffect, useRef, useState } from "react";
import { isAnswer, reasonWords, unclearWords } from "@/canvas/answers";
import type { Editor } from "@/canvas/editor";
import { shapeWords } from "@/canvas/shape-words";
import type { Annotation } from "@/canvas/types";
import { Icon } from "@/parts/Icon";
import { useEditor, useSession } from "./hooks";
import styles from "./Side.module.css";
import type { WorkSession } from "./session";
import { type OpenAnswer, objectRows, unanswered } from "./work";

/** Height of a row, pixels; also in the style sheet. */
const ROW_PX = 34;
/** Rows drawn above and below of what is seen. */
const SPARE_ROWS = 6;

/** All objects of the read, those of the frame on screen first. Only the rows in view are in the page. */
export function ObjectList({
  session,
  onReveal,
}: {
  session: WorkSession;
  onReveal: (annotation: Annotation) => void;
}) {
  const { editor } = session;
  const revision = useEditor(editor);
  useSession(session);
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);
  const { rows, here, places } = objectRows(editor);
  const open = openIds(editor);

  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setHeight(entry.contentRect.height));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the selection, which `revision` stands for
  useEffect(() => {
    const index = Math.min(...[...editor.selectedIds].map((id) => places.get(id) ?? Infinity));
    const element = box.current;
    if (!Number.isFinite(index) || !element) return;
    if (index * ROW_PX < element.scrollTop) element.scrollTop = index * ROW_PX;
    else if ((index + 1) * ROW_PX > element.scrollTop + element.clientHeight)
      element.scrollTop = (index + 1) * ROW_PX - element.clientHeight;
  }, [revision]);

  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + SPARE_ROWS);
  return (
    <div
      ref={box}
      className={styles.list}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      data-testid="objects"
    >
      {rows.length === 0 ? (
        <p className={styles.empty}>
          {editor.readOnly
            ? "No marks in this read. Empty is an answer too."
            : "Nothing marked yet. Choose a class and a tool, or submit as empty."}
        </p>
      ) : null}
      <ul style={{ height: rows.length * ROW_PX }} aria-label="Objects">
        {rows.slice(first, last).map((row, index) => (
          <Row
            key={row.id}
            session={session}
            row={row}
            place={first + index}
            away={first + index >= here}
            open={open.has(row.id)}
            onReveal={onReveal}
          />
        ))}
      </ul>
    </div>
  );
}

const openSets = new WeakMap<readonly OpenAnswer[], Set<string>>();

/** Objects that lack an answer. */
function openIds(editor: Editor): ReadonlySet<string> {
  const list = unanswered(editor);
  const known = openSets.get(list);
  if (known) return known;
  const made = new Set(list.map((entry) => entry.annotation.id));
  openSets.set(list, made);
  return made;
}

function Row(props: {
  session: WorkSession;
  row: Annotation;
  place: number;
  away: boolean;
  open: boolean;
  onReveal: (annotation: Annotation) => void;
}) {
  const { session, row, place, away, open, onReveal } = props;
  const { editor } = session;
  const entry = editor.classOf(row.class);
  const name = entry?.name ?? row.class;
  const hidden = editor.isHidden(row.id);
  const locked = !editor.readOnly && editor.isLocked(row.id);
  const choose = (event: { shiftKey: boolean }) => {
    if (away) onReveal(row);
    editor.select([row.id], event.shiftKey);
    onReveal(row);
  };
  return (
    <li
      className={styles.objectRow}
      style={{ top: place * ROW_PX, "--class": entry?.color ?? "#999999" } as React.CSSProperties}
      data-testid="object-row"
      data-id={row.id}
      data-selected={editor.isSelected(row.id)}
      data-away={away}
      onPointerEnter={() => editor.hover(row.id)}
      onPointerLeave={() => editor.hover(null)}
    >
      <button
        type="button"
        aria-pressed={editor.isSelected(row.id)}
        className={styles.objectName}
        onClick={choose}
      >
        <i data-draft={row.author.kind === "model"} aria-hidden="true" />
        <span>{name}</span>
        <small>{isAnswer(row) ? reasonWords(row.attributes) : shapeWords(row.shape)}</small>
        {row.frame && away ? <small>frame {row.frame.index + 1}</small> : null}
        {row.unclear ? <em title={unclearWords(row.unclear)}>unclear</em> : null}
        {open ? <em title="A required attribute has no answer">?</em> : null}
        {session.mode === "review" && session.checked.has(row.id) ? <b title="Confirmed">✓</b> : null}
        {session.mode === "review" && session.wrong.has(row.id) ? <em title="Said to be wrong">✗</em> : null}
        <AuthorMark row={row} />
      </button>
      <button
        type="button"
        className={styles.mini}
        aria-label={`${hidden ? "Show" : "Hide"} ${name}`}
        aria-pressed={hidden}
        onClick={() => editor.toggleHidden([row.id])}
      >
        <Icon name="eye" size={14} />
      </button>
      {editor.readOnly ? null : (
        <button
          type="button"
          className={styles.mini}
          aria-label={`${locked ? "Unlock" : "Lock"} ${name}`}
          aria-pressed={locked}
          onClick={() => editor.toggleLocked([row.id])}
        >
          <Icon name="lock" size={14} />
        </button>
      )}
    </li>
  );
}

/** Who drew it, always: a person, or a model with its score. */
function AuthorMark({ row }: { row: Annotation }) {
  if (row.author.kind === "human") {
    return (
      <span className={styles.author} title="Drawn by a person">
        <Icon name="person" size={13} />
      </span>
    );
  }
  if (row.author.kind === "rule") {
    return (
      <span
        className={styles.author}
        title={`Agreed by independent readers, merged by rule: ${row.author.rule}`}
      >
        <Icon name="person" size={13} />
      </span>
    );
  }
  const { name, version } = row.author;
  return (
    <span className={styles.author} title={`Drafted by the model ${name} ${version}`}>
      <Icon name="model" size={13} />
      {row.score === undefined || row.score === null ? "" : row.score.toFixed(2)}
    </span>
  );
}
