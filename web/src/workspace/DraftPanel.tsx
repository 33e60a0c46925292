import { useEffect, useState } from "react";
import { DRAFT_MODEL_EVENT } from "@/api/live";
import { Refused } from "@/parts/States";
import { useEditor, useSession } from "./hooks";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";

/** The model's draft beside one's own marks: asked for where the stage shows it on request, then shown or hidden. */
export function DraftPanel({ session }: { session: WorkSession }) {
  useSession(session);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { draft } = session;
  useEditor(session.editor);
  useEffect(() => {
    // A model that was stopped is seen no more, also where its draft lies open already.
    const refresh = () => void session.refreshDraft().catch(setError);
    window.addEventListener(DRAFT_MODEL_EVENT, refresh);
    return () => window.removeEventListener(DRAFT_MODEL_EVENT, refresh);
  }, [session]);
  const own = session.work.read ? session.modelMarks.length : 0;
  if (!draft && !session.work.draftOnRequest && own === 0) return null;
  const ask = () => {
    setAsking(true);
    setError(null);
    session
      .askForDraft()
      .catch(setError)
      .finally(() => setAsking(false));
  };
  return (
    <section className={side.facts} aria-label="The model's draft" data-testid="draft-panel">
      <h3>The model's draft</h3>
      {own > 0 ? (
        <button
          type="button"
          className={styles.plain}
          onClick={() => session.rejectModel()}
          data-testid="draft-reject"
        >
          Remove all {own} that a model drew
        </button>
      ) : null}
      {draft ? (
        <>
          <p data-testid="draft-facts">
            {draft.annotations.length} {draft.annotations.length === 1 ? "mark" : "marks"} by {draft.author},
            dashed and faint
          </p>
          <button
            type="button"
            className={styles.plain}
            aria-pressed={session.draftShown}
            onClick={() => session.showDraft(!session.draftShown)}
            data-testid="draft-toggle"
          >
            {session.draftShown ? "Hide the draft" : "Show the draft"}
          </button>
        </>
      ) : session.work.draftOnRequest ? (
        <>
          <p className="dim">Look for yourself first. That you asked is kept with your read.</p>
          <button
            type="button"
            className={styles.plain}
            disabled={asking}
            onClick={ask}
            data-testid="draft-ask"
          >
            Ask for the model's draft
          </button>
        </>
      ) : null}
      {error ? <Refused error={error} /> : null}
    </section>
  );
}
