import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { fill, type Hangable, hang, type Layout, mprRefusal } from "@/canvas/hanging";
import type { ActionId } from "@/canvas/keymap";
import { PaneLink } from "@/canvas/linked";
import { type SeriesFacts, seriesFacts } from "@/canvas/series";
import { type StackState, StackViewer } from "@/canvas/stack-viewer";
import { type HostProps, stageHandle } from "../host";
import { firstStack, middleSlice } from "../preload";
import type { OpenWork } from "../work";
import { Caveats, Foot, Readout } from "./Foot";
import { SeriesView } from "./SeriesView";
import styles from "./Stack.module.css";
import { ItemSlices } from "./slices";

const MprView = lazy(() => import("./MprView"));

/** Colours of the series' lines in each other's views; the one that is worked on comes first. */
const COLORS = ["#ffd166", "#7ee787", "#79c0ff", "#ff9bce"] as const;

function hangables(item: OpenWork["item"]): Hangable[] {
  return item.streams.flatMap((entry, stream) =>
    entry.kind === "dicom" && entry.frames.length > 0
      ? [{ stream, frames: entry.frames.length, facts: seriesFacts(entry, item.facts) }]
      : [],
  );
}

/** A study: one series on the stage, others or the planes of its volume beside it. */
export default function StackHost({ session, onReady }: HostProps) {
  const { item } = session.work;
  const series = useMemo(() => hangables(item), [item]);
  const [hung, setHung] = useState(() => hang(series, firstStack(item)));
  const [viewer, setViewer] = useState<StackViewer | null>(null);
  const [state, setState] = useState<StackState | null>(null);
  const [together, setTogether] = useState(true);
  const container = useRef<HTMLDivElement>(null);
  const slices = useItemSlices(item);
  const link = useMemo(() => new PaneLink(), []);
  // Where each series was left, and where to go when an object lies in another series.
  const wanted = useRef<Record<number, number>>({});
  const stream = hung.panes[0] ?? 0;
  const current = series.find((entry) => entry.stream === stream);

  const work = useCallback((next: number) => {
    setHung(({ layout, panes }) => ({
      layout,
      panes: panes.includes(next)
        ? // The two change places, so that nothing else moves.
          panes.map((pane) => (pane === next ? (panes[0] as number) : pane === panes[0] ? next : pane))
        : [next, ...panes.slice(1)],
    }));
  }, []);
  const arrange = useCallback(
    (layout: Layout) => setHung(({ panes }) => ({ layout, panes: fill(layout, panes, series) })),
    [series],
  );

  useEffect(() => {
    if (!container.current || !current) return;
    const made = new StackViewer({
      container: container.current,
      editor: session.editor,
      stream,
      count: current.frames,
      start: wanted.current[stream] ?? middleSlice(current.frames),
      store: slices.of(stream),
      facts: current.facts,
      link,
      color: COLORS[0],
    });
    const undo = made.subscribe((next) => {
      setState(next);
      wanted.current[stream] = next.index;
    });
    setState(made.state);
    setViewer(made);
    return () => {
      undo();
      made.destroy();
      setViewer(null);
    };
  }, [session, stream, current, slices, link]);

  useEffect(() => {
    if (!viewer || !current) return;
    const showFrame = (frame: { stream: number; index: number } | null | undefined) => {
      if (!frame) return;
      if (frame.stream === stream) viewer.go(frame.index);
      else if (item.streams[frame.stream]?.kind === "dicom") {
        wanted.current[frame.stream] = frame.index;
        work(frame.stream);
      }
    };
    const step = (by: number) => {
      const at = series.indexOf(current);
      const next = series[(at + by + series.length) % series.length];
      if (next) work(next.stream);
    };
    const perform = (action: ActionId): boolean => {
      const layout = /^layout\.(one|two|four|mpr)$/.exec(action)?.[1] as Layout | undefined;
      if (layout) arrange(layout);
      else if (action === "layout.link") setTogether((now) => !now);
      else if (action === "series.next") step(1);
      else if (action === "series.previous") step(-1);
      else return viewer.perform(action);
      return true;
    };
    onReady({
      ...stageHandle(viewer.stage, { perform, showFrame }),
      offers: (action) => offers(action, viewer, series, current),
    });
    session.editor.afterStep = (command) => showFrame(command.frame);
    return () => onReady(null);
  }, [viewer, session, item, stream, series, current, onReady, work, arrange]);

  useEffect(() => {
    link.together = together;
  }, [link, together]);

  if (!current) return <p className={styles.none}>This study has no pictures.</p>;
  const nameOf = (index: number) => item.streams[index]?.name ?? "";
  return (
    <div className={styles.host}>
      <div className={styles.panes} data-layout={hung.layout} data-testid="panes">
        <div ref={container} className={styles.pane} data-testid="stack">
          {hung.layout === "one" ? null : <span className={styles.name}>{nameOf(stream)}</span>}
          <Veil state={state} onRetry={() => state && viewer?.go(state.index)} />
          {viewer ? <Readout viewer={viewer} /> : null}
          <Caveats facts={current.facts} />
        </div>
        {hung.layout === "mpr" && viewer ? (
          <Suspense fallback={<p className={styles.veil}>Loading the planes…</p>}>
            <MprView viewer={viewer} series={current} slices={slices} link={link} />
          </Suspense>
        ) : (
          hung.panes.slice(1).map((pane, n) => {
            const beside = series.find((entry) => entry.stream === pane);
            return beside ? (
              <SeriesView
                key={pane}
                series={beside}
                name={nameOf(pane)}
                start={wanted.current[pane] ?? middleSlice(beside.frames)}
                slices={slices}
                link={link}
                color={COLORS[(n + 1) % COLORS.length] as string}
                onWork={() => work(pane)}
                onLeft={(index) => {
                  wanted.current[pane] = index;
                }}
              />
            ) : null;
          })
        )}
      </div>
      {state && viewer ? (
        <Foot
          session={session}
          viewer={viewer}
          state={state}
          series={series}
          current={current}
          nameOf={nameOf}
          layout={hung.layout}
          together={together}
          onSeries={work}
          onLayout={arrange}
          onTogether={() => setTogether((now) => !now)}
        />
      ) : null}
    </div>
  );
}

function useItemSlices(item: OpenWork["item"]): ItemSlices {
  const slices = useMemo(
    () => new ItemSlices(item.id, (stream) => item.streams[stream]?.frames.length ?? 0),
    [item],
  );
  useEffect(() => () => slices.destroy(), [slices]);
  return slices;
}

/** Whether an action means something for this study: a key that would do nothing is not shown. */
function offers(action: ActionId, viewer: StackViewer, series: Hangable[], current: Hangable): boolean {
  if (action.startsWith("part.")) return false;
  if (action === "cine.play") return current.frames > 1;
  if (action.startsWith("frame.")) return current.frames > 1;
  if (action.startsWith("series.")) return series.length > 1;
  if (action === "layout.mpr") return mprRefusal(current) === null;
  if (action === "layout.one") return series.length > 1 || mprRefusal(current) === null;
  if (action === "layout.four") return series.length > 2;
  if (action.startsWith("layout.")) return series.length > 1;
  return viewer.stage.offers(action);
}

/** What stands in the place of a frame that is not there: that it comes, or why it does not. */
function Veil({ state, onRetry }: { state: StackState | null; onRetry: () => void }) {
  if (state?.loading) return <p className={styles.veil}>Loading slice {state.index + 1}…</p>;
  if (!state?.error) return null;
  return (
    <div className={styles.veil} role="alert" data-testid="frame-error">
      <p>
        Slice {state.index + 1} cannot be shown: {state.error}
      </p>
      <button type="button" className={styles.plain} onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

export type { SeriesFacts };
