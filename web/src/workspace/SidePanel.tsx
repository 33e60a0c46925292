import { useState } from "react";
import { keyHint } from "@/canvas/keymap";
import { ArbitrationPanel } from "./ArbitrationPanel";
import { DraftPanel } from "./DraftPanel";
import { Guideline } from "./Guideline";
import { useEditor, useKeyMap, useSession } from "./hooks";
import type { HostHandle } from "./host";
import { ObjectDetail } from "./ObjectDetail";
import { ObjectList } from "./ObjectList";
import { ReviewPanel } from "./ReviewPanel";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";

type Tab = "objects" | "guideline";

export function SidePanel({
  session,
  handle,
  askMissing,
}: {
  session: WorkSession;
  handle: HostHandle | null;
  askMissing: boolean;
}) {
  const [tab, setTab] = useState<Tab>("objects");
  const { editor, work } = session;
  useEditor(editor);
  useSession(session);
  const count = editor.document.size;
  const tabs: { id: Tab; label: string }[] = [
    { id: "objects", label: `Objects ${count}` },
    { id: "guideline", label: "Guideline" },
  ];
  return (
    <aside className={side.side} aria-label="Objects and guideline" tabIndex={-1} id="side-panel">
      <div className={side.tabs} role="tablist">
        {tabs.map((entry) => (
          <button
            key={entry.id}
            type="button"
            role="tab"
            id={`tab-${entry.id}`}
            aria-selected={tab === entry.id}
            aria-controls="side-body"
            onClick={() => setTab(entry.id)}
          >
            {entry.label}
          </button>
        ))}
      </div>
      <div id="side-body" role="tabpanel" aria-labelledby={`tab-${tab}`} className={side.sideBody}>
        {tab === "guideline" ? (
          <Guideline text={work.protocol.guideline} version={work.protocol.version} />
        ) : (
          <>
            {work.returned ? (
              <p className={side.returned} role="note" data-testid="returned">
                <strong>Sent back</strong>
                {[work.returned.reason?.replaceAll("_", " "), work.returned.comment]
                  .filter(Boolean)
                  .join(" – ") || "without a comment"}
              </p>
            ) : null}
            {session.arbitration ? (
              <ArbitrationPanel arbitration={session.arbitration} session={session} handle={handle} />
            ) : null}
            {editor.readOnly ? null : <ClassChips session={session} />}
            <ObjectList session={session} onReveal={(annotation) => handle?.reveal(annotation)} />
            <ObjectDetail session={session} />
            <DraftPanel session={session} />
            {session.mode === "review" ? <ReviewPanel session={session} ask={askMissing} /> : null}
            {session.mode === "sign" ? <SignFacts session={session} /> : null}
          </>
        )}
      </div>
    </aside>
  );
}

/** The classes with their digit keys: what is drawn next gets the chosen one. */
function ClassChips({ session }: { session: WorkSession }) {
  const { editor } = session;
  const keyMap = useKeyMap();
  return (
    <fieldset className={side.chips} aria-label="Class for new objects">
      {editor.usableClasses().map((entry, index) => {
        const hint = index < 9 ? keyHint(keyMap, `class.${index + 1}` as "class.1") : "";
        return (
          <button
            key={entry.id}
            type="button"
            aria-pressed={editor.activeClass === entry.id}
            aria-keyshortcuts={hint || undefined}
            className={side.chip}
            style={{ "--class": entry.color } as React.CSSProperties}
            data-testid={`class-${entry.id}`}
            onClick={() => editor.chooseClass(entry.id)}
            title={`${entry.name}: ${entry.shapes.join(", ")}`}
          >
            <i aria-hidden="true" />
            {entry.name}
            {hint ? <kbd>{hint}</kbd> : null}
          </button>
        );
      })}
      {editor.usableClasses().some((entry) => entry.shapes.includes("tag")) ? (
        <button
          type="button"
          className={styles.plain}
          data-testid="add-tag"
          onClick={() => editor.create({ type: "tag" }, null)}
        >
          + Note for the whole item
        </button>
      ) : null}
    </fieldset>
  );
}

function SignFacts({ session }: { session: WorkSession }) {
  const hash = session.contentHash;
  return (
    <section className={side.facts} aria-label="What will be signed">
      <h3>What will be signed</h3>
      <p>
        {session.editor.document.size} marks, protocol {session.work.protocol.title} version{" "}
        {session.work.protocol.version}
      </p>
      <p className="dim">Content hash, SHA-256</p>
      <code className="wrap" data-testid="content-hash">
        {hash ?? "not known"}
      </code>
    </section>
  );
}
