/** The pictures of an item that is judged, with its labels once they are shown: the workspace's own drawing, to look at only. */
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { Editor } from "@/canvas/editor";
import type { Window } from "@/canvas/lut";
import { MarksView } from "@/canvas/marks-view";
import { Icon } from "@/parts/Icon";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { Failed } from "@/parts/States";
import { loadBitmap } from "@/workspace/images";
import styles from "./AuditDesk.module.css";

const KEYS: KeyGroup = {
  title: "Pictures of the audit",
  keys: [
    { keys: "← →", does: "Frame before, next frame" },
    { keys: "Home End", does: "First, last frame" },
  ],
};
/** While a window is dragged the server renders at most this often, milliseconds. */
const WINDOW_MS = 150;

type Props = {
  editor: Editor;
  url: (frame: number) => string;
  frames: number;
  frame: number;
  onFrame: (frame: number) => void;
  label: string;
  window: Window | null;
  onWindow: (window: Window) => void;
  /** A label that was chosen in the list: it is brought into view. */
  revealed: string | null;
};

export function AuditPicture(props: Props) {
  const { editor, url, frames, frame, onFrame, label, revealed } = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<MarksView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const go = (to: number) => onFrame(Math.max(0, Math.min(frames - 1, to)));
  useKeyHelp(KEYS);
  useKeys(
    {
      ArrowLeft: () => go(frame - 1),
      ArrowRight: () => go(frame + 1),
      Home: () => go(0),
      End: () => go(frames - 1),
    },
    frames > 1,
  );

  useEffect(() => {
    if (!box.current) return;
    const made = new MarksView(box.current, editor, {
      scroll: (by) => {
        const { frame: at, frames: of, onFrame: to } = latest.current;
        to(Math.max(0, Math.min(of - 1, at + by)));
      },
      window: {
        get: () => latest.current.window,
        set: (window) => latest.current.onWindow(window),
      },
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [editor]);

  const { state, error, retry } = usePicture(view, {
    source: url(frame),
    frame,
    label: `${label}, frame ${frame + 1} of ${frames}`,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a label on another frame is there once that frame is
  useEffect(() => {
    if (revealed && state === "shown") view.current?.reveal(revealed);
  }, [revealed, frame, state]);

  return (
    <figure className={styles.picture}>
      <div ref={box} className={styles.stage} data-testid="audit-picture">
        {state === "loading" ? (
          <span className={styles.say} role="status">
            Loading…
          </span>
        ) : null}
      </div>
      {state === "failed" ? <Failed error={error} retry={retry} /> : null}
      {frames > 1 ? <Steps frames={frames} frame={frame} go={go} label={label} /> : null}
    </figure>
  );
}

type Shown = { source: string; is: "shown" | "failed"; error?: unknown };

/** Loads a picture into the view; while the next one comes the last one of the same frame stays. */
function usePicture(
  view: { readonly current: MarksView | null },
  { source, frame, label }: { source: string; frame: number; label: string },
) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [attempt, setAttempt] = useState(0);
  const last = useRef(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks for the same picture again
  useEffect(() => {
    const abort = new AbortController();
    const same = last.current === frame;
    last.current = frame;
    // Labels of one frame never lie over the picture of another.
    if (!same) view.current?.setPicture(null, label);
    const load = () =>
      loadBitmap(source, abort.signal).then(
        (bitmap) => {
          if (abort.signal.aborted || !view.current) return bitmap.close();
          view.current.setPicture(bitmap, label);
          setShown({ source, is: "shown" });
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          view.current?.setPicture(null, label);
          setShown({ source, is: "failed", error });
        },
      );
    const timer = setTimeout(load, same ? WINDOW_MS : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [view, source, frame, label, attempt]);
  const here = shown?.source === source ? shown : null;
  return {
    state: here?.is ?? "loading",
    error: here?.error,
    retry: () => {
      setShown(null);
      setAttempt((before) => before + 1);
    },
  };
}

function Steps({
  frames,
  frame,
  go,
  label,
}: {
  frames: number;
  frame: number;
  go: (to: number) => void;
  label: string;
}) {
  return (
    <div className={styles.step}>
      <Button
        variant="default"
        size="compact-sm"
        onClick={() => go(frame - 1)}
        disabled={frame === 0}
        aria-label="Frame before"
      >
        <Icon name="left" />
      </Button>
      <input
        type="range"
        min={0}
        max={frames - 1}
        value={frame}
        onChange={(event) => go(Number(event.currentTarget.value))}
        aria-label={`Frame of ${label}`}
      />
      <span>
        {frame + 1} / {frames}
      </span>
      <Button
        variant="default"
        size="compact-sm"
        onClick={() => go(frame + 1)}
        disabled={frame >= frames - 1}
        aria-label="Next frame"
      >
        <Icon name="right" />
      </Button>
    </div>
  );
}
