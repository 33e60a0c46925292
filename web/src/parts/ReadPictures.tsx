import { useEffect, useRef, useState } from "react";
import { frameImageUrl } from "@/api/items";
import { frameOf, type Match } from "@/canvas/compare";
import { CompareView } from "@/canvas/compare-view";
import type { Bounds, FrameRef } from "@/canvas/types";
import { loadBitmap } from "@/workspace/images";
import styles from "./ReadPictures.module.css";
import { Failed } from "./States";

/** One picture with both reads over each other, or two beside each other that move together. */
export function ReadPictures(props: {
  item: { id: string; streams: readonly { name: string; frames: readonly unknown[] }[] };
  /** What the pictures are called: of the first read, and of the second. */
  names: readonly [string, string];
  frame: FrameRef;
  view: "beside" | "over";
  matches: Match[];
  /** What both pictures are moved to when it changes, image pixels. */
  region?: Bounds | null;
  onFrame: (frame: FrameRef) => void;
}) {
  const { item, frame, view, matches, onFrame, region = null } = props;
  const [firstName, secondName] = props.names;
  const first = useRef<HTMLDivElement>(null);
  const second = useRef<HTMLDivElement>(null);
  const views = useRef<CompareView[]>([]);
  const [error, setError] = useState<unknown>(null);
  const frames = item.streams[frame.stream]?.frames.length ?? 0;
  const latest = useRef({ frame, frames, onFrame });
  useEffect(() => {
    latest.current = { frame, frames, onFrame };
  });

  useEffect(() => {
    const scroll = (by: number) => {
      const { frame: at, frames: of, onFrame: go } = latest.current;
      go({ ...at, index: Math.min(of - 1, Math.max(0, at.index + by)) });
    };
    const made: CompareView[] = [];
    if (first.current)
      made.push(
        new CompareView(
          first.current,
          view === "over" ? "Both reads" : firstName,
          view === "over" ? ["a", "b"] : ["a"],
          {
            scroll,
          },
        ),
      );
    if (second.current) made.push(new CompareView(second.current, secondName, ["b"], { scroll }));
    const [left, right] = made;
    if (left && right) {
      left.viewport.subscribe(() => right.viewport.copy(left.viewport));
      right.viewport.subscribe(() => left.viewport.copy(right.viewport));
    }
    views.current = made;
    return () => {
      for (const one of made) one.destroy();
      views.current = [];
    };
  }, [view, firstName, secondName]);

  useEffect(() => {
    if (region) for (const one of views.current) one.lookAt(region);
  }, [region]);

  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    for (const one of views.current)
      loadBitmap(frameImageUrl(item.id, frame.stream, frame.index), abort.signal).then(
        (bitmap) => {
          if (abort.signal.aborted) return bitmap.close();
          one.setPicture(bitmap);
        },
        (problem: unknown) => {
          if (abort.signal.aborted) return;
          one.setPicture(null);
          setError(problem);
        },
      );
    return () => abort.abort();
  }, [item.id, frame.stream, frame.index]);

  useEffect(() => {
    const here = matches.filter((match) => {
      const place = frameOf(match);
      return place?.stream === frame.stream && place.index === frame.index;
    });
    for (const one of views.current) one.setMatches(here);
  }, [matches, frame.stream, frame.index]);

  return (
    <>
      <div className={styles.pictures} data-view={view} data-testid="compare-pictures">
        <div ref={first} className={styles.picture} />
        {view === "beside" ? <div ref={second} className={styles.picture} /> : null}
      </div>
      <label className={styles.frames}>
        <span className="num">
          {item.streams[frame.stream]?.name} · {frame.index + 1} / {frames}
        </span>
        <input
          type="range"
          min={0}
          max={Math.max(0, frames - 1)}
          value={frame.index}
          aria-label="Frame"
          onChange={(event) => onFrame({ ...frame, index: Number(event.currentTarget.value) })}
        />
      </label>
      {error ? <Failed error={error} /> : null}
    </>
  );
}
