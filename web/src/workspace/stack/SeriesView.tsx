import { useEffect, useRef, useState } from "react";
import type { Hangable } from "@/canvas/hanging";
import type { PaneLink } from "@/canvas/linked";
import { SeriesPane, type SeriesPaneState } from "@/canvas/series-pane";
import styles from "./Stack.module.css";
import type { ItemSlices } from "./slices";

/** A series beside the one that is worked on. */
export function SeriesView(props: {
  series: Hangable;
  name: string;
  /** Frame to begin with. */
  start: number;
  slices: ItemSlices;
  link: PaneLink;
  color: string;
  onWork: () => void;
  onLeft: (index: number) => void;
}) {
  const { series, name, slices, link, color, onWork } = props;
  const container = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<SeriesPaneState | null>(null);
  const begin = useRef(props.start);
  const left = useRef(props.onLeft);
  useEffect(() => {
    left.current = props.onLeft;
  });

  useEffect(() => {
    if (!container.current) return;
    const pane = new SeriesPane({
      container: container.current,
      label: name,
      facts: series.facts,
      count: series.frames,
      start: begin.current,
      store: slices.of(series.stream),
      link,
      color,
    });
    setState(pane.state);
    const undo = pane.subscribe((next) => {
      setState(next);
      left.current(next.index);
    });
    return () => {
      undo();
      pane.destroy();
    };
  }, [series, name, slices, link, color]);

  return (
    <div className={styles.pane} data-testid="series-pane">
      <div ref={container} className={styles.fill} />
      <span className={styles.name} style={{ borderLeftColor: color }}>
        {name}
        {state ? <span data-testid="series-slice">{` ${state.index + 1} / ${state.count}`}</span> : null}
      </span>
      <button type="button" className={styles.take} onClick={onWork}>
        Work here
      </button>
      {state?.error ? (
        <p className={styles.veil} role="alert">
          Slice {state.index + 1} cannot be shown: {state.error}
        </p>
      ) : null}
    </div>
  );
}
