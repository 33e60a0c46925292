import { useCallback, useEffect, useRef, useState } from "react";
import { frameImageUrl } from "@/api/items";
import { keyHint } from "@/canvas/keymap";
import { type PartView, PartViewer } from "@/canvas/part-viewer";
import type { FrameRef } from "@/canvas/types";
import { Failed } from "@/parts/States";
import { Filmstrip } from "./Filmstrip";
import { useKeyMap } from "./hooks";
import { type HostProps, stageHandle } from "./host";
import { loadBitmap } from "./images";
import { firstImage } from "./preload";
import styles from "./Workspace.module.css";

const VIEWS: { view: PartView; label: string }[] = [
  { view: "test", label: "Part" },
  { view: "template", label: "Template" },
  { view: "difference", label: "Difference" },
];

/** Plain images, and parts with their template beside them. */
export default function ImageHost({ session, onReady }: HostProps) {
  const { item } = session.work;
  const stream = firstImage(item);
  const template = item.streams.findIndex((entry) => entry.kind === "template");
  const frames = item.streams[stream]?.frames.length ?? 1;
  const main = useRef<HTMLDivElement>(null);
  const beside = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<PartViewer | null>(null);
  const [frame, setFrame] = useState(0);
  const [view, setView] = useState<PartView>("test");
  const [error, setError] = useState<unknown>(null);
  const [loading, setLoading] = useState(true);
  const [attempt, setAttempt] = useState(0);
  const keyMap = useKeyMap();

  const go = useCallback((index: number) => setFrame(Math.min(frames - 1, Math.max(0, index))), [frames]);

  useEffect(() => {
    if (!main.current) return;
    const made = new PartViewer({
      container: main.current,
      beside: beside.current,
      editor: session.editor,
      label: `Image of ${session.work.item.name}`,
    });
    const undo = made.subscribe(setView);
    setViewer(made);
    return () => {
      undo();
      made.destroy();
      setViewer(null);
    };
  }, [session]);

  useEffect(() => {
    if (!viewer) return;
    const showFrame = (target: FrameRef | null | undefined) => {
      if (target && target.stream === stream) go(target.index);
    };
    const perform = (action: Parameters<PartViewer["perform"]>[0]) => {
      if (action === "frame.next") setFrame((at) => Math.min(frames - 1, at + 1));
      else if (action === "frame.previous") setFrame((at) => Math.max(0, at - 1));
      else if (action === "frame.first") setFrame(0);
      else if (action === "frame.last") setFrame(frames - 1);
      else return viewer.perform(action);
      return true;
    };
    const offers = (action: string) =>
      action.startsWith("frame.") ? frames > 1 : action.startsWith("part.") ? template >= 0 : true;
    onReady(stageHandle(viewer.stage, { perform, offers, showFrame }));
    session.editor.afterStep = (command) => showFrame(command.frame);
    return () => onReady(null);
  }, [viewer, session, onReady, stream, template, frames, go]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks for the picture again after a failure
  useEffect(() => {
    if (!viewer) return;
    const abort = new AbortController();
    setLoading(true);
    setError(null);
    session.editor.setFrame({ stream, index: frame });
    Promise.all([
      loadBitmap(frameImageUrl(item.id, stream, frame), abort.signal),
      template >= 0
        ? loadBitmap(
            frameImageUrl(
              item.id,
              template,
              Math.min(frame, (item.streams[template]?.frames.length ?? 1) - 1),
            ),
            abort.signal,
          )
        : null,
    ]).then(
      ([test, other]) => {
        if (abort.signal.aborted) return;
        viewer.setImages(test, other);
        setLoading(false);
      },
      (problem: unknown) => {
        if (abort.signal.aborted) return;
        setError(problem);
        setLoading(false);
      },
    );
    return () => abort.abort();
  }, [viewer, session, item, stream, template, frame, attempt]);

  return (
    <div className={styles.host}>
      <div className={styles.panes}>
        <div ref={main} className={styles.pane}>
          {loading ? <p className={styles.veil}>Loading the image…</p> : null}
          {error ? (
            <div className={styles.veil}>
              <Failed error={error} retry={() => setAttempt((n) => n + 1)} />
            </div>
          ) : null}
        </div>
        {template >= 0 ? (
          <div className={styles.pane}>
            <div ref={beside} className={styles.fillPane} />
            <span className={styles.paneName}>Template</span>
          </div>
        ) : null}
      </div>
      {template >= 0 ? (
        <div className={styles.foot}>
          <fieldset className={styles.segments} aria-label="What the left side shows">
            {VIEWS.map((entry) => (
              <button
                key={entry.view}
                type="button"
                aria-pressed={view === entry.view}
                data-testid={`view-${entry.view}`}
                onClick={() => viewer?.show(entry.view)}
              >
                {entry.label}
              </button>
            ))}
          </fieldset>
          {view === "test" ? (
            <span className={styles.hint}>
              <kbd>{keyHint(keyMap, "part.blink")}</kbd> blinks part and template ·{" "}
              <kbd>{keyHint(keyMap, "part.difference")}</kbd> shows the difference
            </span>
          ) : (
            <strong className={styles.showing}>
              {view === "template"
                ? "This is the template"
                : "Orange: brighter than the template. Blue: darker."}
            </strong>
          )}
        </div>
      ) : null}
      {frames > 1 ? (
        <Filmstrip
          item={item.id}
          stream={stream}
          frames={frames}
          current={frame}
          editor={session.editor}
          onChoose={go}
        />
      ) : null}
    </div>
  );
}
