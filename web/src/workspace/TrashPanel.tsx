import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { removedQuery } from "@/api/tasks";
import type { Annotation } from "@/canvas/types";
import { time } from "@/format";
import { Failed } from "@/parts/States";
import styles from "./History.module.css";
import { useEditor } from "./hooks";
import type { HostHandle } from "./host";
import type { WorkSession } from "./session";
import { putBack, type Removed, removedOf } from "./versions";
import shared from "./Workspace.module.css";

/** What was taken out of this read, the newest first; each is looked at over the picture and put back. */
export function TrashPanel(props: { session: WorkSession; handle: HostHandle | null; onClose: () => void }) {
  const { session, handle, onClose } = props;
  const { editor, work, autosave } = session;
  const revision = useEditor(editor);
  const read = (work.read ?? work.subject)?.id ?? "";
  // What was removed a moment ago is saved first, so that it is in the list.
  const [saved, setSaved] = useState(autosave === null);
  useEffect(() => {
    if (saved) return;
    let here = true;
    void autosave?.flush().then(() => here && setSaved(true));
    return () => {
      here = false;
    };
  }, [autosave, saved]);
  const trash = useQuery({
    ...removedQuery(read, autosave?.revision ?? work.read?.revision ?? 0),
    enabled: saved,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in the read now, which `revision` stands for
  const list = useMemo(
    () => removedOf(trash.data?.removed ?? [], (id) => editor.document.get(id) !== undefined, editor.classes),
    [trash.data, editor, revision],
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const box = useRef<HTMLElement>(null);
  const shown = list.find((entry) => entry.annotation.id === chosen) ?? null;
  useEffect(() => {
    editor.showGhost(shown?.annotation ?? null);
    return () => editor.showGhost(null);
  }, [editor, shown]);
  const settled = trash.isSuccess || trash.isError;
  // Whoever came by key goes on by key.
  useEffect(() => {
    if (settled) (box.current?.querySelector<HTMLElement>("[data-removed]") ?? box.current)?.focus();
  }, [settled]);

  const close = () => {
    onClose();
    handle?.focus();
  };
  const show = (annotation: Annotation) => {
    setChosen(annotation.id);
    handle?.reveal(annotation);
  };
  const take = (entry: Removed) => {
    if (editor.readOnly || !putBack(editor, entry)) return;
    setChosen(null);
    editor.say(`${entry.name} is back. Undo takes it out again.`);
    const rest = box.current?.querySelectorAll<HTMLElement>("[data-removed]").length ?? 0;
    if (rest <= 1) close();
    // Its row goes, and the focus would go with it: keys would no longer reach the list.
    else box.current?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const rows = [...(box.current?.querySelectorAll<HTMLElement>("[data-removed]") ?? [])];
      const at = rows.indexOf(document.activeElement as HTMLElement);
      rows[Math.min(rows.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section
      ref={box}
      role="dialog"
      aria-label="Removed objects"
      tabIndex={-1}
      className={styles.history}
      onKeyDown={onKeyDown}
      data-testid="trash"
    >
      <h3>
        Removed
        <button type="button" className={shared.inline} onClick={close}>
          Close
        </button>
      </h3>
      {trash.isError ? <Failed error={trash.error} retry={() => trash.refetch()} /> : null}
      {trash.isPending ? <p className="dim">Loading what was removed…</p> : null}
      {trash.isSuccess && list.length === 0 ? (
        <p className="dim">Nothing was removed from this read.</p>
      ) : null}
      {list.length > 0 ? (
        <ol>
          {list.map((entry) => (
            <li key={entry.annotation.id} data-shown={entry.annotation.id === chosen}>
              <button
                type="button"
                data-removed={entry.annotation.id}
                aria-pressed={entry.annotation.id === chosen}
                onFocus={() => show(entry.annotation)}
                onClick={() => show(entry.annotation)}
                onKeyDown={(event) => {
                  if (event.key !== "Enter") return;
                  event.preventDefault();
                  take(entry);
                }}
              >
                <b style={{ color: entry.color }}>■</b>
                <span>{entry.name}</span>
                <small>
                  {entry.who} · {time(entry.at)}
                </small>
              </button>
            </li>
          ))}
        </ol>
      ) : null}
      {trash.data?.more ? <p className="dim">Older removals are not listed.</p> : null}
      {list.length > 0 && !editor.readOnly ? (
        <p className="dim">
          The one in focus is dotted over the picture. <kbd>Enter</kbd> or{" "}
          <button
            type="button"
            className={shared.inline}
            disabled={!shown}
            onClick={() => shown && take(shown)}
            data-testid="trash-restore"
          >
            Put it back
          </button>{" "}
          restores it as it was.
        </p>
      ) : null}
    </section>
  );
}
