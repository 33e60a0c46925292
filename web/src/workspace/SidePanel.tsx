import { useQuery } from "@tanstack/react-query";
import { type Dispatch, type SetStateAction, useCallback, useEffect, useState } from "react";
import { guidelineQuery } from "@/api/guidelines";
import { answers, answerWords, contentWords, markCount } from "@/canvas/answers";
import { keyHint } from "@/canvas/keymap";
import { GuidelineCards } from "@/parts/GuidelineCards";
import { ArbitrationPanel } from "./ArbitrationPanel";
import { DraftPanel } from "./DraftPanel";
import { FindingsPanel } from "./FindingsPanel";
import { Guideline } from "./Guideline";
import { useEditor, useKeyMap, useSession } from "./hooks";
import type { HostHandle } from "./host";
import { ObjectDetail } from "./ObjectDetail";
import { ObjectList } from "./ObjectList";
import { ReviewPanel } from "./ReviewPanel";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import { TrashPanel } from "./TrashPanel";
import type { Findings } from "./useFindings";
import styles from "./Workspace.module.css";

/** Answers that are spelled out; the others are in the list below. */
const ANSWERS_SHOWN = 5;

/** What lies below the list of objects. */
export type Below = "history" | "trash" | null;

type Tab = "objects" | "findings" | "guideline";

export function SidePanel({
  session,
  handle,
  askMissing,
  findings,
  below,
  onBelow,
}: {
  session: WorkSession;
  handle: HostHandle | null;
  askMissing: boolean;
  findings: Findings;
  below: Below;
  onBelow: Dispatch<SetStateAction<Below>>;
}) {
  const [tab, setTab] = useState<Tab>("objects");
  const { editor, work } = session;
  useEditor(editor);
  useSession(session);
  // Closing the versions leaves what else may lie there.
  const onHistory = useCallback(
    (shown: boolean) => onBelow((now) => (shown ? "history" : now === "history" ? null : now)),
    [onBelow],
  );
  const count = markCount(editor);
  const said = answers(editor);
  const { asked } = findings;
  // Whoever goes to a finding by key sees it.
  useEffect(() => {
    if (asked > 0) setTab("findings");
  }, [asked]);
  // So does whoever asks for the versions of an object, or for what was removed.
  useEffect(() => {
    if (below) setTab("objects");
  }, [below]);
  const tabs: { id: Tab; label: string }[] = [
    { id: "objects", label: `Objects ${count}` },
    { id: "findings", label: findings.unresolved > 0 ? `Findings ${findings.unresolved}` : "Findings" },
    { id: "guideline", label: "Guideline" },
  ];
  return (
    <aside className={side.side} aria-label="Objects, findings and guideline" tabIndex={-1} id="side-panel">
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
          <GuidelineTab session={session} />
        ) : tab === "findings" ? (
          <FindingsPanel findings={findings} session={session} />
        ) : (
          <>
            {work.notQualified ? (
              <p className={side.returned} role="note" data-testid="not-qualified">
                <strong>
                  {work.notQualified.code === "qualification_expired"
                    ? "Your qualification has ended"
                    : "You lack a qualification"}
                </strong>
                {work.notQualified.message} You may finish or give this item back, but not sign.
              </p>
            ) : null}
            {work.campaign ? (
              <p className={side.returned} role="note" data-testid="campaign-note">
                <strong>Looked at again: {work.campaign.name}</strong>
                It begins from what was accepted. Look at{" "}
                {work.campaign.classes
                  .map((id) => work.protocol.classes.find((one) => one.id === id)?.name ?? id)
                  .join(", ")}
                ; the guideline says what changed.
              </p>
            ) : null}
            {work.returned ? (
              <p className={side.returned} role="note" data-testid="returned">
                <strong>Sent back</strong>
                {[work.returned.reason?.replaceAll("_", " "), work.returned.comment]
                  .filter(Boolean)
                  .join(" – ") || "without a comment"}
              </p>
            ) : null}
            {said.length > 0 ? (
              <p className={side.returned} role="note" data-testid="answer-note">
                <strong>Cannot assess</strong>
                {said.slice(0, ANSWERS_SHOWN).map(answerWords).join("; ")}
                {said.length > ANSWERS_SHOWN ? ` and ${said.length - ANSWERS_SHOWN} more` : ""}
              </p>
            ) : null}
            {session.arbitration ? (
              <ArbitrationPanel arbitration={session.arbitration} session={session} handle={handle} />
            ) : null}
            {editor.readOnly ? null : <ClassChips session={session} />}
            <ObjectList session={session} onReveal={(annotation) => handle?.reveal(annotation)} />
            <ObjectDetail
              session={session}
              handle={handle}
              history={below === "history"}
              onHistory={onHistory}
            />
            {below === "trash" ? (
              <TrashPanel session={session} handle={handle} onClose={() => onBelow(null)} />
            ) : (
              <TrashButton onOpen={() => onBelow("trash")} />
            )}
            <DraftPanel session={session} />
            {session.mode === "review" ? <ReviewPanel session={session} ask={askMissing} /> : null}
            {session.mode === "sign" ? <SignFacts session={session} /> : null}
          </>
        )}
      </div>
    </aside>
  );
}

function TrashButton({ onOpen }: { onOpen: () => void }) {
  const keyMap = useKeyMap();
  const hint = keyHint(keyMap, "object.trash");
  return (
    <p className={side.trash}>
      <button
        type="button"
        className={styles.inline}
        aria-keyshortcuts={hint || undefined}
        title={hint ? `Removed objects (${hint})` : "Removed objects"}
        onClick={onOpen}
        data-testid="trash-open"
      >
        Removed objects
      </button>
    </p>
  );
}

/** The cards, that of the chosen class first; below them what the protocol says. */
function GuidelineTab({ session }: { session: WorkSession }) {
  const { editor, work } = session;
  const seen = useQuery(guidelineQuery(work.item.project));
  const chosen = editor.selection()[0]?.class ?? editor.activeClass;
  return (
    <div className="stack">
      {seen.data?.current ? (
        <div className={side.guideline}>
          <p className="dim">Version {seen.data.current.version}</p>
          <GuidelineCards
            guideline={seen.data.current.id}
            document={seen.data.document}
            classes={work.protocol.classes}
            first={chosen}
          />
        </div>
      ) : null}
      <Guideline text={work.protocol.guideline} version={work.protocol.version} />
    </div>
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
        {contentWords(session.editor)}, protocol {session.work.protocol.title} version{" "}
        {session.work.protocol.version}
      </p>
      <p className="dim">Content hash, SHA-256</p>
      <code className="wrap" data-testid="content-hash">
        {hash ?? "not known"}
      </code>
    </section>
  );
}
