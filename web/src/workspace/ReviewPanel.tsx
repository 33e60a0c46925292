import { useEffect, useRef } from "react";
import { keyHint } from "@/canvas/keymap";
import { useEditor, useKeyMap, useSession } from "./hooks";
import styles from "./Side.module.css";
import type { WorkSession } from "./session";
import { unchecked } from "./work";

/** The two questions of a review: is each mark right, and is anything missing? */
export function ReviewPanel({ session, ask }: { session: WorkSession; ask: boolean }) {
  const { editor } = session;
  useEditor(editor);
  useSession(session);
  const keyMap = useKeyMap();
  const panel = useRef<HTMLElement>(null);
  const silent = session.silent.length;
  const marksOpen = ask && session.marksUnanswered;
  const all = editor.document.all();
  const left = unchecked(all, session.checked).length;
  const wrong = session.stillWrong.length;

  useEffect(() => {
    if (ask) panel.current?.querySelector<HTMLInputElement>('[data-missing="true"] input')?.focus();
  }, [ask]);

  return (
    <section ref={panel} className={styles.review} aria-label="Review">
      <h3>1. Is each mark right?</h3>
      <progress value={all.length - left} max={Math.max(1, all.length)} aria-label="Marks confirmed" />
      <p>
        <span data-testid="checked-count">
          {all.length - left} of {all.length} confirmed
        </span>
        <span className="dim">
          {" "}
          · <kbd>{keyHint(keyMap, "object.next")}</kbd> next, <kbd>{keyHint(keyMap, "accept")}</kbd> confirm,{" "}
          <kbd>{keyHint(keyMap, "mark.wrong")}</kbd> wrong
        </span>
      </p>
      {silent > 0 || session.allRight ? (
        <fieldset data-missing={marksOpen}>
          <legend className="sr-only">Those that you did not answer one by one</legend>
          <label>
            <input
              type="checkbox"
              checked={session.allRight}
              onChange={(event) => session.setAllRight(event.currentTarget.checked)}
              data-testid="all-right"
            />
            {left < all.length || wrong > 0 ? "All others are right" : "All of them are right"}
          </label>
          {marksOpen ? (
            <p role="alert">
              Please answer each mark, or say that {wrong > 0 ? "the others" : "all"} are right.
            </p>
          ) : null}
        </fieldset>
      ) : null}
      {wrong > 0 ? (
        <p className={styles.fixed} data-testid="wrong-count">
          {wrong === 1 ? "One mark is wrong" : `${wrong} marks are wrong`}: correct or remove{" "}
          {wrong === 1 ? "it" : "them"}, or send the read back.
        </p>
      ) : null}
      {session.fixed ? (
        <p className={styles.fixed}>
          You changed marks: they go on under your name, the rest keeps its author.
        </p>
      ) : null}
      <fieldset data-missing={ask && session.missing === null}>
        <legend>2. Is anything missing?</legend>
        <label>
          <input
            type="radio"
            name="missing"
            checked={session.missing === "nothing"}
            onChange={() => session.setMissing("nothing")}
            data-testid="missing-nothing"
          />
          No, I looked through all of it
        </label>
        <label>
          <input
            type="radio"
            name="missing"
            checked={session.missing === "added"}
            onChange={() => session.setMissing("added")}
            data-testid="missing-added"
          />
          Yes, and I added it
        </label>
        {ask && session.missing === null ? <p role="alert">Please answer this before you finish.</p> : null}
      </fieldset>
    </section>
  );
}
