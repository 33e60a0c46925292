import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { historyQuery } from "@/api/tasks";
import type { Annotation } from "@/canvas/types";
import { time } from "@/format";
import { Failed } from "@/parts/States";
import styles from "./History.module.css";
import type { HostHandle } from "./host";
import type { WorkSession } from "./session";
import { restore, type Version, versionsOf } from "./versions";
import shared from "./Workspace.module.css";

/** Who changed the selected object, when and what; a version is looked at over the image and made the newest one again. */
export function HistoryPanel(props: {
  session: WorkSession;
  target: Annotation;
  handle: HostHandle | null;
  onClose: () => void;
}) {
  const { session, target, handle, onClose } = props;
  const { editor, work } = session;
  const read = (work.read ?? work.subject)?.id ?? "";
  const history = useQuery(historyQuery(read, target.id, target.version));
  const list = useMemo(
    () => versionsOf(history.data?.versions ?? [], target, editor.classes),
    [history.data, target, editor],
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const box = useRef<HTMLElement>(null);
  const shown = list.find((entry) => entry.key === chosen) ?? null;

  useEffect(() => {
    editor.showGhost(shown?.annotation ?? null);
    return () => editor.showGhost(null);
  }, [editor, shown]);
  const loaded = list.length > 0;
  // Whoever came by key goes on by key.
  useEffect(() => {
    if (loaded) box.current?.querySelector<HTMLElement>("[data-version]")?.focus();
  }, [loaded]);

  const close = () => {
    onClose();
    handle?.focus();
  };
  const show = (entry: Version) => {
    setChosen(entry.key);
    if (entry.annotation) handle?.reveal(entry.annotation);
  };
  const take = (entry: Version) => {
    if (entry.current || !restore(editor, target.id, entry)) return;
    setChosen(null);
    editor.say(`Version ${entry.version} is the newest one again. Undo takes that back.`);
    close();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const rows = [...(box.current?.querySelectorAll<HTMLElement>("[data-version]") ?? [])];
      const at = rows.indexOf(document.activeElement as HTMLElement);
      rows[Math.min(rows.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // A dialogue beside the picture: it keeps Esc and the arrows, and the picture stays in view.
    <section
      ref={box}
      role="dialog"
      aria-label="Versions of the object"
      className={styles.history}
      onKeyDown={onKeyDown}
      data-testid="history"
    >
      <h3>
        Versions
        <button type="button" className={shared.inline} onClick={close}>
          Close
        </button>
      </h3>
      {history.isError ? <Failed error={history.error} retry={() => history.refetch()} /> : null}
      {history.isPending ? <p className="dim">Loading versions…</p> : null}
      {history.isSuccess && !loaded ? (
        <p className="dim">Not saved yet: there is no version before.</p>
      ) : null}
      {loaded ? (
        <ol>
          {list.map((entry) => (
            <li key={entry.key} data-shown={entry.key === chosen}>
              <button
                type="button"
                data-version={entry.version}
                aria-pressed={entry.key === chosen}
                onFocus={() => show(entry)}
                onClick={() => show(entry)}
                onKeyDown={(event) => {
                  if (event.key !== "Enter" || editor.readOnly) return;
                  event.preventDefault();
                  take(entry);
                }}
              >
                <b>{entry.version}</b>
                <span>{entry.changed.join(", ") || "as before"}</span>
                <small>
                  {entry.who} · {time(entry.at)}
                  {entry.current ? " · as it is now" : ""}
                </small>
              </button>
            </li>
          ))}
        </ol>
      ) : null}
      {loaded && !editor.readOnly ? (
        <p className="dim">
          The version in focus is dotted over the picture. <kbd>Enter</kbd> or{" "}
          <button
            type="button"
            className={shared.inline}
            disabled={!shown?.annotation || shown.current}
            onClick={() => shown && take(shown)}
            data-testid="history-restore"
          >
            Restore it
          </button>{" "}
          makes it the newest.
        </p>
      ) : null}
    </section>
  );
}
