import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, memo, Suspense, useCallback, useEffect, useState } from "react";
import { asProblem } from "@/api/problem";
import { claimTask } from "@/api/tasks";
import { cannotAssess, toggleUnclear } from "@/canvas/answers";
import type { ActionId } from "@/canvas/keymap";
import { slideOf } from "@/canvas/slide";
import { nextKey, propagate } from "@/canvas/tracks";
import { Loading, Refused } from "@/parts/States";
import { AnswerDialog } from "./AnswerDialog";
import { AdjudicateDialog, FixDialog, OpenAnswers, RejectDialog, SignDialog } from "./dialogs";
import { useEditor, useKeyMap, useSession } from "./hooks";
import type { HostHandle, HostProps } from "./host";
import ImageHost from "./ImageHost";
import { Palette } from "./Palette";
import { PropagateDialog } from "./PropagateDialog";
import { HOSTS, takeUp } from "./preload";
import { type Below, SidePanel } from "./SidePanel";
import type { WorkSession } from "./session";
import { ToolColumn } from "./ToolColumn";
import { ToolOptions } from "./ToolOptions";
import { TopBar } from "./TopBar";
import { useFindings } from "./useFindings";
import { useWorkspaceKeys } from "./useWorkspaceKeys";
import styles from "./Workspace.module.css";
import { unanswered } from "./work";

const SceneHost = lazy(HOSTS.scene);
const StackHost = lazy(HOSTS.stack);
const SlideHost = lazy(HOSTS.slide);

type Open =
  | "answers"
  | "cannot"
  | "reject"
  | "fix"
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
  /** What lies below the list of objects: versions of the selected one, or what was taken out. */
  const [below, setBelow] = useState<Below>(null);
  const keyMap = useKeyMap();
  const navigate = useNavigate();
  const client = useQueryClient();
  useSession(session);
  useEditor(editor);
  const findings = useFindings(session, handle);

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

  const takesAnswer = !editor.readOnly && work.protocol.cannot_assess !== false;

  /** Runs a decision, then goes on with the next task of this kind, or home when there is none. */
  const decide = async (act: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await act();
      session.autosave?.stop();
      client.invalidateQueries({ queryKey: ["home"] });
      client.invalidateQueries({ queryKey: ["items", work.item.id] });
      client.invalidateQueries({ queryKey: ["quality", work.item.project] });
      const next = await claimTask(work.item.project, role ? { role } : {}).catch(() => null);
      if (next) {
        takeUp(client, next);
        await navigate({ to: "/work/$taskId", params: { taskId: next.task.id } });
      } else await navigate({ to: "/" });
    } catch (problem) {
      // The server compares what it stored: a change that was taken back again may be one there, and wants its reason.
      if (mode === "review" && asProblem(problem).code === "content_changed") setOpen("fix");
      else setError(problem);
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
      if (session.stillWrong.length > 0) setOpen("reject");
      else if (session.marksUnanswered || session.missing === null) setAskMissing(true);
      else if (session.fixed) setOpen("fix");
      else void decide(() => session.accept());
    } else void decide(() => session.submit());
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
    else if (action === "mark.wrong" && mode === "review") session.toggleWrong([...editor.selectedIds]);
    else if (action === "finding.new") findings.begin();
    else if (action === "finding.next" || action === "finding.previous")
      findings.step(action === "finding.next" ? 1 : -1);
    else if (action === "reject" && (mode === "review" || mode === "sign")) setOpen("reject");
    else if (action === "panel.focus") document.querySelector<HTMLElement>("#side-panel button")?.focus();
    else if (action === "palette") setOpen("palette");
    else if (action === "answer.cannot" && takesAnswer) setOpen("cannot");
    else if (action === "unclear" && !editor.readOnly) toggleUnclear(editor);
    else if (action === "object.history")
      setBelow((now) => (now !== "history" && editor.selectedIds.size === 1 ? "history" : null));
    else if (action === "object.trash") setBelow((now) => (now === "trash" ? null : "trash"));
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
      if (action === "object.history") return editor.selectedIds.size === 1;
      if (action === "object.trash") return true;
      if (action === "accept" || action === "mark.wrong") return mode === "review";
      if (action === "finding.new") return true;
      if (action.startsWith("finding.")) return findings.list.length > 0;
      if (action === "reject") return mode !== "read";
      if (action === "answer.cannot") return takesAnswer;
      if (action === "unclear") return !editor.readOnly;
      if (action.startsWith("class."))
        return !editor.readOnly && Number(action.slice(6)) <= editor.usableClasses().length;
      return handle?.offers(action) ?? false;
    },
    [editor, findings.list.length, handle, mode, session, takesAnswer],
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
        onCannot={takesAnswer ? () => setOpen("cannot") : null}
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
      <SidePanel
        session={session}
        handle={handle}
        askMissing={askMissing}
        findings={findings}
        below={below}
        onBelow={setBelow}
      />
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
      <AnswerDialog
        opened={open === "cannot"}
        onClose={close}
        busy={busy}
        error={error}
        session={session}
        onAnswer={(frame, reason, text, handIn) => {
          cannotAssess(editor, frame, reason, text);
          if (handIn) void decide(() => session.submit());
          else close();
        }}
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
      <FixDialog
        opened={open === "fix"}
        onClose={close}
        busy={busy}
        error={error}
        onConfirm={(why) => void decide(() => session.fix(why))}
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
        onConfirm={(components) => void decide(() => session.sign(components))}
      />
    </div>
  );
}

function manyFrames(session: WorkSession): boolean {
  return session.work.item.streams.some((stream) => stream.frames.length > 1);
}

/** The picture with its tools: nothing of it hangs on what is selected. */
const Host = memo(function Host(props: HostProps) {
  const { kind, streams } = props.session.work.item;
  // A study of slides has nothing but slides: the first is the one that is marked.
  const slide = streams.findIndex((entry) => slideOf(entry.properties) !== null);
  if (kind === "study" && slide >= 0) return <SlideHost {...props} stream={slide} />;
  if (kind === "study") return <StackHost {...props} />;
  if (kind === "scene") return <SceneHost {...props} />;
  return <ImageHost {...props} />;
});

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
