import { Button, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSyncExternalStore } from "react";
import { keyHint } from "@/canvas/keymap";
import { Icon } from "@/parts/Icon";
import { ReportLeak } from "@/parts/ReportLeak";
import type { SaveState } from "./autosave";
import { useEditor, useKeyMap, useSession } from "./hooks";
import { countdown } from "./lease";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";

const MODE_WORDS = {
  read: "Drawing",
  review: "Reviewing",
  adjudicate: "Deciding between reads",
  sign: "Signing",
} as const;

/** What the button of the main act is called in tests. */
const FINISH_IDS = {
  read: "submit",
  review: "review-accept",
  adjudicate: "adjudicate-open",
  sign: "sign-open",
} as const;

export interface TopBarProps {
  session: WorkSession;
  busy: boolean;
  onUndo: () => void;
  onRedo: () => void;
  /** The main act of this stage: submit, accept or sign. */
  onFinish: () => void;
  /** Answer that it cannot be assessed; nothing where that is no answer here. */
  onCannot: (() => void) | null;
  onReject: () => void;
  /** Hand the decision between reads on. */
  onHandOn: () => void;
  onGiveBack: () => void;
  /** The item was taken out of sight: there is nothing more to do here. */
  onRecalled: () => void;
}

export function TopBar(props: TopBarProps) {
  const { session } = props;
  const { work, mode, editor } = session;
  useSession(session);
  useEditor(editor);
  const keyMap = useKeyMap();
  const finish = finishWord(session);
  // Nobody signs what they are not qualified for; the side panel says what is lacking.
  const signs = mode === "sign" || Boolean(work.meaning);
  return (
    <header className={styles.top}>
      <Link to="/" className={styles.back} aria-label="Back to the start page" title="Back to the start page">
        <Icon name="left" />
      </Link>
      <div className={styles.where}>
        <strong>{work.item.name}</strong>
        <span>
          {work.task.title} · {MODE_WORDS[mode]}
        </span>
      </div>
      {editor.readOnly ? (
        <span className={styles.locked}>
          <Icon name="lock" size={14} /> read only
        </span>
      ) : (
        <>
          <Act
            label={`Undo${suffix(editor.history.undoLabel)}`}
            hint={keyHint(keyMap, "undo")}
            disabled={!editor.history.undoLabel}
            onClick={props.onUndo}
            path="M7 5L3 9l4 4M3 9h7a4 4 0 010 8H8"
            testid="undo"
          />
          <Act
            label={`Redo${suffix(editor.history.redoLabel)}`}
            hint={keyHint(keyMap, "redo")}
            disabled={!editor.history.redoLabel}
            onClick={props.onRedo}
            path="M13 5l4 4-4 4M17 9h-7a4 4 0 000 8h2"
            testid="redo"
          />
          <Saving session={session} />
        </>
      )}
      <div className={styles.fill} />
      <LeaseClock session={session} onGiveBack={props.onGiveBack} />
      <Online />
      <ReportLeak
        item={work.item.id}
        place={() => editor.frame && { stream: editor.frame.stream, frame: editor.frame.index }}
        onReported={props.onRecalled}
      />
      {props.onCannot ? (
        <Tooltip label={`Cannot assess (${keyHint(keyMap, "answer.cannot")})`}>
          <Button
            size="xs"
            variant="default"
            onClick={props.onCannot}
            disabled={props.busy}
            data-testid="cannot-assess"
          >
            Cannot assess…
          </Button>
        </Tooltip>
      ) : null}
      {mode === "read" ? null : mode === "adjudicate" ? (
        session.work.dispute?.may_hand_on ? (
          <Button
            size="xs"
            variant="default"
            onClick={props.onHandOn}
            disabled={props.busy}
            data-testid="hand-on"
          >
            Hand on…
          </Button>
        ) : null
      ) : (
        <Button
          size="xs"
          variant="default"
          onClick={props.onReject}
          disabled={props.busy}
          data-testid={mode === "sign" ? "sign-reject" : "review-reject"}
        >
          {mode === "sign" ? "Reject…" : "Send back…"}
        </Button>
      )}
      {signs && work.notQualified ? null : (
        <Tooltip label={`${finish} (${keyHint(keyMap, "submit")})`}>
          <Button size="xs" onClick={props.onFinish} loading={props.busy} data-testid={FINISH_IDS[mode]}>
            {finish}
            {mode === "sign" || mode === "adjudicate" ? "…" : ""}
          </Button>
        </Tooltip>
      )}
    </header>
  );
}

function finishWord(session: WorkSession): string {
  if (session.mode === "sign") return "Sign";
  if (session.mode === "adjudicate") return "Decide";
  if (session.mode === "review") return session.fixed ? "Accept with my fixes" : "Accept";
  return "Submit";
}

const suffix = (label: string | null) => (label ? ` ${label}` : "");

function Act(props: {
  label: string;
  hint: string;
  path: string;
  disabled: boolean;
  onClick: () => void;
  testid: string;
}) {
  return (
    <button
      type="button"
      className={styles.act}
      aria-label={props.label}
      title={`${props.label} (${props.hint})`}
      disabled={props.disabled}
      onClick={props.onClick}
      data-testid={props.testid}
    >
      <svg
        width="18"
        height="18"
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <path d={props.path} />
      </svg>
    </button>
  );
}

/** In words and by shape, not by colour alone. */
export function saveWords(state: SaveState): {
  text: string;
  tone: "ok" | "quiet" | "warn" | "bad";
  mark: string;
} {
  const n = "changes" in state ? state.changes : 0;
  const count = `${n} ${n === 1 ? "change" : "changes"}`;
  if (state.kind === "saved") return { text: "Saved", tone: "ok", mark: "✓" };
  if (state.kind === "pending" || state.kind === "saving")
    return { text: "Saving…", tone: "quiet", mark: "•" };
  if (state.kind === "merged") return { text: "Merging…", tone: "warn", mark: "⇄" };
  if (state.kind === "offline") return { text: `Offline: ${count} kept here`, tone: "warn", mark: "!" };
  return { text: `Not saved: ${count} kept here`, tone: "bad", mark: "×" };
}

function Saving({ session }: { session: WorkSession }) {
  const state = session.saveState;
  const { text, tone, mark } = saveWords(state);
  const stuck = state.kind === "offline" || state.kind === "refused";
  return (
    <span
      className={`${styles.save} ${styles[tone]}`}
      role="status"
      data-testid="save-state"
      data-state={state.kind}
    >
      <i aria-hidden="true">{mark}</i>
      {text}
      {stuck ? (
        <button type="button" className={styles.inline} onClick={() => session.autosave?.retry()}>
          Try now
        </button>
      ) : null}
    </span>
  );
}

function LeaseClock({ session, onGiveBack }: { session: WorkSession; onGiveBack: () => void }) {
  const { lease } = session;
  if (lease.expired) {
    return (
      <span className={`${styles.save} ${styles.bad}`} role="alert" data-testid="lease">
        Your claim has run out. What you drew is kept here.
      </span>
    );
  }
  if (!lease.near) {
    return (
      <button
        type="button"
        className={styles.inline}
        onClick={onGiveBack}
        data-testid="give-back"
        title="Let somebody else take this task; your draft waits for you"
      >
        Give back
      </button>
    );
  }
  return (
    <span className={`${styles.save} ${styles.warn}`} role="timer" data-testid="lease">
      Claim ends in {countdown(lease.left)}
      <button type="button" className={styles.inline} onClick={() => session.keepLease()}>
        Keep it
      </button>
    </span>
  );
}

function Online() {
  const online = useSyncExternalStore(
    (listener) => {
      window.addEventListener("online", listener);
      window.addEventListener("offline", listener);
      return () => {
        window.removeEventListener("online", listener);
        window.removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
  return online ? null : <span className={`${styles.save} ${styles.warn}`}>No network</span>;
}
