import { useState } from "react";
import { Refused } from "@/parts/States";
import { useSession } from "./hooks";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";

/** The model's draft beside one's own marks: asked for where the stage shows it on request, then shown or hidden. */
export function DraftPanel({ session }: { session: WorkSession }) {
  useSession(session);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { draft } = session;
  if (!draft && !session.work.draftOnRequest) return null;
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
      ) : (
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
          {error ? <Refused error={error} /> : null}
        </>
      )}
    </section>
  );
}
