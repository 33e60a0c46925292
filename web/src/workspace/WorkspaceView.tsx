import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { claimTask } from "@/api/tasks";
import type { ActionId } from "@/canvas/keymap";
import { slideOf } from "@/canvas/slide";
import { nextKey, propagate } from "@/canvas/tracks";
import { Loading, Refused } from "@/parts/States";
import { AdjudicateDialog, OpenAnswers, RejectDialog, SignDialog, UnclearDialog } from "./dialogs";
import { useEditor, useKeyMap, useSession } from "./hooks";
import type { HostHandle, HostProps } from "./host";
import ImageHost from "./ImageHost";
import { Palette } from "./Palette";
import { PropagateDialog } from "./PropagateDialog";
import { preload } from "./preload";
import { SidePanel } from "./SidePanel";
import type { WorkSession } from "./session";
import { ToolColumn } from "./ToolColumn";
import { ToolOptions } from "./ToolOptions";
import { TopBar } from "./TopBar";
import { useWorkspaceKeys } from "./useWorkspaceKeys";
import styles from "./Workspace.module.css";
import { unanswered } from "./work";

const SceneHost = lazy(() => import("./SceneHost"));
const StackHost = lazy(() => import("./stack/StackHost"));
const SlideHost = lazy(() => import("./stack/SlideHost"));

type Open =
  | "answers"
  | "unclear"
  | "reject"
  | "sign"
  | "decide"
  | "escalate"
  | "palette"
  | "propagate"
  | null;

export function WorkspaceView({ session }: { session: WorkSession }) {
  const { editor, mode, work } = session;
  const [handle, setHandle] = useState<HostHandle | null>(null);
  const [open, setOpen] = useState<Open>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [askMissing, setAskMissing] = useState(false);
  const keyMap = useKeyMap();
  const navigate = useNavigate();
  const client = useQueryClient();
  useSession(session);
  useEditor(editor);

  const onReady = useCallback((next: HostHandle | null) => {
    setHandle(next);
    next?.focus();
  }, []);

  useEffect(() => {
    const back = () => session.autosave?.retry();
    const leave = (event: BeforeUnloadEvent) => {
      if (session.autosave && session.autosave.pending > 0) {
        void session.autosave.flush();
        event.preventDefault();
      }
    };
    window.addEventListener("online", back);
    window.addEventListener("beforeunload", leave);
    return () => {
      window.removeEventListener("online", back);
      window.removeEventListener("beforeunload", leave);
    };
  }, [session]);

  // Who reviews differs from protocol to protocol.
  const role = work.protocol.stages[work.task.stage]?.role;

  /** Runs a decision, then goes on with the next task of this kind, or home when there is none. */
  const decide = async (act: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await act();
      session.autosave?.stop();
      client.invalidateQueries({ queryKey: ["home"] });
      client.invalidateQueries({ queryKey: ["items", work.item.id] });
      const next = await claimTask(work.item.project, role ? { role } : {}).catch(() => null);
      if (next) {
        // The claim is on record, so its first frames may be: they travel while the next workspace is built.
        preload(next.item);
        client.setQueryData(["tasks", next.task.id], next);
        await navigate({ to: "/work/$taskId", params: { taskId: next.task.id } });
      } else await navigate({ to: "/" });
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  const finish = () => {
    setError(null);
    if (mode === "sign") setOpen("sign");
    else if (unanswered(editor).length > 0) setOpen("answers");
    else if (mode === "adjudicate") {
      const left = session.arbitration?.open().length ?? 0;
      if (left === 0) setOpen("decide");
      else {
        session.say(
          `${left} of the findings that the readers differ about ${left === 1 ? "waits" : "wait"} for your decision.`,
        );
        session.arbitration?.goToOpen((annotation) => handle?.reveal(annotation));
      }
    } else if (mode === "review") {
      if (session.missing === null) setAskMissing(true);
      else void decide(() => session.review());
    } else void decide(() => session.submit("done"));
  };

  const confirm = () => {
    const ids = [...editor.selectedIds];
    if (ids.length === 0) {
      editor.step(1);
      return;
    }
    session.setChecked(ids, true);
    const next = editor.step(1);
    if (next) handle?.reveal(next);
  };

  const own = (action: ActionId): boolean => {
    if (action === "submit") finish();
    else if (action === "save") void session.autosave?.flush();
    else if (action === "accept" && mode === "review") confirm();
    else if (action === "reject" && (mode === "review" || mode === "sign")) setOpen("reject");
    else if (action === "panel.focus") document.querySelector<HTMLElement>("#side-panel button")?.focus();
    else if (action === "palette") setOpen("palette");
    else if (action === "unclear" && mode === "read") setOpen("unclear");
    else if (action === "track.propagate") askPropagate();
    else if (action === "track.next" || action === "track.previous")
      stepKey(action === "track.next" ? 1 : -1);
    else return false;
    return true;
  };
  const askPropagate = () => {
    if (editor.readOnly) return;
    if (editor.selection().some((a) => a.frame)) setOpen("propagate");
    else editor.say("Select what is to be copied to the next frames.");
  };
  const stepKey = (direction: 1 | -1) => {
    const next = nextKey(editor, direction);
    if (!next) return;
    handle?.reveal(next);
    editor.select([next.id]);
  };
  /** Whether the command list names an action: what means something here and now. */
  const offered = useCallback(
    (action: ActionId) => {
      if (action.startsWith("track.")) return !editor.readOnly && manyFrames(session);
      if (action === "accept") return mode === "review";
      if (action === "reject") return mode !== "read";
      if (action === "unclear") return mode === "read";
      if (action.startsWith("class."))
        return !editor.readOnly && Number(action.slice(6)) <= editor.usableClasses().length;
      return handle?.offers(action) ?? false;
    },
    [editor, handle, mode, session],
  );
  useWorkspaceKeys(session, handle, keyMap, own);

  const go = (id: string) => {
    const annotation = editor.document.get(id);
    setOpen(null);
    if (!annotation) return;
    handle?.reveal(annotation);
    editor.select([id]);
  };
  const close = () => {
    setOpen(null);
    setError(null);
  };
  const missingAnswers = open === "answers" ? unanswered(editor) : [];

  return (
    <div className={styles.workspace} data-testid="workspace" data-mode={mode}>
      <TopBar
        session={session}
        busy={busy}
        onUndo={() => handle?.perform("undo")}
        onRedo={() => handle?.perform("redo")}
        onFinish={finish}
        onUnclear={() => setOpen("unclear")}
        onReject={() => setOpen("reject")}
        onHandOn={() => setOpen("escalate")}
        onRecalled={() => void navigate({ to: "/" })}
        onGiveBack={() =>
          void session
            .giveBack()
            .then(() => navigate({ to: "/" }))
            .catch(setError)
        }
      />
      <ToolColumn handle={handle} />
      <main className={styles.middle} data-canvas="">
        <Notices session={session} error={open === null ? error : null} onClear={() => setError(null)} />
        <ToolOptions handle={handle} />
        <Suspense fallback={<Loading label="Loading the viewer" />}>
          <Host session={session} onReady={onReady} />
        </Suspense>
      </main>
      <SidePanel session={session} handle={handle} askMissing={askMissing} />
      <OpenAnswers
        opened={open === "answers" && missingAnswers.length > 0}
        onClose={close}
        session={session}
        open={missingAnswers}
        onGo={go}
      />
      <Palette
        opened={open === "palette"}
        keyMap={keyMap}
        offers={offered}
        onClose={close}
        onChoose={(action) => {
          handle?.focus();
          if (!own(action)) handle?.perform(action);
        }}
      />
      <PropagateDialog
        opened={open === "propagate"}
        onClose={close}
        session={session}
        onConfirm={(count) => {
          const made = propagate(editor, count);
          editor.say(
            made > 0 ? `Copied to the next frames: ${made} new marks.` : "There is no frame left to copy to.",
          );
          close();
        }}
      />
      <UnclearDialog
        opened={open === "unclear"}
        onClose={close}
        busy={busy}
        error={error}
        onConfirm={() => void decide(() => session.submit("unclear"))}
      />
      <RejectDialog
        opened={open === "reject"}
        onClose={close}
        busy={busy}
        error={error}
        withPassword={mode === "sign"}
        choosesWho={work.protocol.stages[work.task.stage]?.on_reject === "choose"}
        onConfirm={(rejection) => void decide(() => session.reject(rejection))}
      />
      <AdjudicateDialog
        opened={open === "decide" || open === "escalate"}
        escalate={open === "escalate"}
        onClose={close}
        busy={busy}
        error={error}
        onConfirm={(reason, comment) =>
          void decide(() => session.adjudicate(open === "escalate" ? "escalate" : "decide", reason, comment))
        }
      />
      <SignDialog
        opened={open === "sign"}
        onClose={close}
        busy={busy}
        error={error}
        session={session}
        onConfirm={(password) => void decide(() => session.sign(password))}
      />
    </div>
  );
}

function manyFrames(session: WorkSession): boolean {
  return session.work.item.streams.some((stream) => stream.frames.length > 1);
}

function Host(props: HostProps) {
  const { kind, streams } = props.session.work.item;
  // A study of slides has nothing but slides: the first is the one that is marked.
  const slide = streams.findIndex((entry) => slideOf(entry.properties) !== null);
  if (kind === "study" && slide >= 0) return <SlideHost {...props} stream={slide} />;
  if (kind === "study") return <StackHost {...props} />;
  if (kind === "scene") return <SceneHost {...props} />;
  return <ImageHost {...props} />;
}

function Notices({ session, error, onClear }: { session: WorkSession; error: unknown; onClear: () => void }) {
  const state = session.saveState;
  if (!session.notice && !error && state.kind !== "refused") return null;
  return (
    <div className={styles.notices}>
      {session.notice ? (
        <p role="status" data-testid="notice">
          {session.notice}
          <button type="button" className={styles.inline} onClick={() => session.say(null)}>
            Fine
          </button>
        </p>
      ) : null}
      {error ? (
        <div>
          <Refused error={error} />
          <button type="button" className={styles.inline} onClick={onClear}>
            Close
          </button>
        </div>
      ) : null}
      {state.kind === "refused" ? (
        <p role="alert">The server did not take the last change: {state.problem.message}</p>
      ) : null}
    </div>
  );
}
