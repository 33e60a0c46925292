/**
 * A text field for protocol documents: line numbers, marks at faulty lines, completion. It is a plain text area, so
 * undo, selection, spelling and screen readers work as everywhere.
 */
import { type KeyboardEvent, type RefObject, useId, useMemo, useState } from "react";
import type { ProtocolSchema } from "@/api/protocols";
import type { ProtocolFault } from "@/api/types";
import { type Completion, complete } from "./complete";
import styles from "./protocol.module.css";

/** Height of a line as in the style sheet, pixels. */
const LINE_PX = 20;
const PAD_PX = 8;

type Props = {
  field: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText: (text: string) => void;
  readOnly: boolean;
  faults: ProtocolFault[];
  schema: ProtocolSchema | undefined;
  describedBy?: string;
};

/** Puts text in place of a part of the field's, in a way that undo knows of. */
function replace(field: HTMLTextAreaElement, from: number, to: number, text: string) {
  field.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Goes to a line of the field and shows it. */
export function goTo(field: HTMLTextAreaElement | null, line: number, column = 1) {
  if (!field) return;
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = Math.min(start + column - 1, start + (lines[line - 1]?.length ?? 0));
  field.focus();
  field.setSelectionRange(at, at);
  const pane = field.closest(`.${styles.scroll}`);
  if (pane) pane.scrollTop = Math.max(0, (line - 6) * LINE_PX);
}

function Gutter({ lines, faults }: { lines: number; faults: Set<number> }) {
  return (
    <div className={styles.gutter} aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => index + 1).map((line) => (
        <div key={line} className={faults.has(line) ? styles.faultLine : undefined}>
          {faults.has(line) ? "▲ " : ""}
          {line}
        </div>
      ))}
    </div>
  );
}

type Popup = Completion & { chosen: number; line: number; column: number };

function Suggestions({ id, popup, onTake }: { id: string; popup: Popup; onTake: (index: number) => void }) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Suggestions"
      className={styles.suggestions}
      style={{
        top: PAD_PX + (popup.line + 1) * LINE_PX,
        left: `calc(${popup.column}ch + ${PAD_PX}px)`,
      }}
    >
      {popup.suggestions.map((one, index) => (
        <div
          key={one.text}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === popup.chosen}
          className={index === popup.chosen ? styles.chosen : undefined}
          onMouseDown={(event) => {
            event.preventDefault();
            onTake(index);
          }}
        >
          <span>{one.text}</span> <span className="dim">{one.detail}</span>
        </div>
      ))}
    </div>
  );
}

function popupAt(
  schema: ProtocolSchema | undefined,
  field: HTMLTextAreaElement,
  asked: boolean,
): Popup | null {
  if (!schema || field.selectionStart !== field.selectionEnd) return null;
  const found = complete(schema, field.value, field.selectionStart);
  if (!found || (!asked && found.from === field.selectionStart)) return null;
  const before = field.value.slice(0, found.from).split("\n");
  return { ...found, chosen: 0, line: before.length - 1, column: before[before.length - 1]?.length ?? 0 };
}

export function Editor({ field, text, onText, readOnly, faults, schema, describedBy }: Props) {
  const id = useId();
  const [popup, setPopup] = useState<Popup | null>(null);
  const lines = useMemo(() => text.split("\n"), [text]);
  const widest = useMemo(() => lines.reduce((most, line) => Math.max(most, line.length), 0), [lines]);
  const marked = useMemo(() => new Set(faults.map((fault) => fault.line)), [faults]);

  const take = (index: number) => {
    const one = popup?.suggestions[index];
    if (!popup || !one || !field.current) return;
    replace(field.current, popup.from, field.current.selectionStart, one.insert);
    setPopup(null);
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const target = event.currentTarget;
    if (event.ctrlKey && event.code === "Space") {
      event.preventDefault();
      setPopup(popupAt(schema, target, true));
    } else if (popup && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : popup.suggestions.length - 1;
      setPopup({ ...popup, chosen: (popup.chosen + step) % popup.suggestions.length });
    } else if (popup && (event.key === "Enter" || event.key === "Tab")) {
      event.preventDefault();
      take(popup.chosen);
    } else if (popup && event.key === "Escape") {
      event.preventDefault();
      setPopup(null);
    } else if (event.key === "Enter" && !readOnly) {
      // The next line begins where this one did; the next entry of a list below the text of this one.
      const start = target.value.lastIndexOf("\n", target.selectionStart - 1) + 1;
      const indent = /^ */.exec(target.value.slice(start, target.selectionStart))?.[0] ?? "";
      event.preventDefault();
      replace(target, target.selectionStart, target.selectionEnd, `\n${indent}`);
    }
  };
  return (
    <div className={styles.scroll}>
      <div className={styles.editor}>
        <Gutter lines={lines.length} faults={marked} />
        <div className={styles.pane}>
          {[...marked].map((line) => (
            <div key={line} className={styles.band} style={{ top: PAD_PX + (line - 1) * LINE_PX }} />
          ))}
          <textarea
            ref={field}
            className={styles.field}
            style={{
              height: lines.length * LINE_PX + PAD_PX * 2,
              width: `calc(${widest + 4}ch + ${PAD_PX * 2}px)`,
            }}
            value={text}
            readOnly={readOnly}
            wrap="off"
            spellCheck={false}
            autoCapitalize="off"
            aria-label="Protocol document"
            aria-invalid={faults.length > 0}
            aria-describedby={describedBy}
            aria-autocomplete="list"
            aria-controls={popup ? id : undefined}
            aria-activedescendant={popup ? `${id}-${popup.chosen}` : undefined}
            onChange={(event) => {
              onText(event.currentTarget.value);
              setPopup(popupAt(schema, event.currentTarget, false));
            }}
            onKeyDown={press}
            onBlur={() => setPopup(null)}
            onMouseDown={() => setPopup(null)}
          />
          {popup ? <Suggestions id={id} popup={popup} onTake={take} /> : null}
        </div>
      </div>
    </div>
  );
}
