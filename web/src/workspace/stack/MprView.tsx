import { useEffect, useRef, useState } from "react";
import type { Hangable } from "@/canvas/hanging";
import type { PaneLink } from "@/canvas/linked";
import { MPR_COLORS, MprPane } from "@/canvas/mpr-pane";
import type { StackViewer } from "@/canvas/stack-viewer";
import type { MprAxis, Volume } from "@/canvas/volume";
import { loadVolume } from "@/canvas/volume-loader";
import styles from "./Stack.module.css";
import type { ItemSlices } from "./slices";

const AXES: readonly MprAxis[] = ["axial", "coronal", "sagittal"];
const TITLES: Record<MprAxis, string> = { axial: "Axial", coronal: "Coronal", sagittal: "Sagittal" };

type Load =
  | { is: "loading"; done: number }
  | { is: "failed"; why: string }
  | { is: "there"; volume: Volume; step: number };

/** Three planes through the series that is worked on. All its slices are needed, so all are loaded first. */
export default function MprView(props: {
  viewer: StackViewer;
  series: Hangable;
  slices: ItemSlices;
  link: PaneLink;
}) {
  const { viewer, series, slices, link } = props;
  const [load, setLoad] = useState<Load>({ is: "loading", done: 0 });

  useEffect(() => {
    const abort = new AbortController();
    setLoad({ is: "loading", done: 0 });
    const { stream, frames, facts } = series;
    loadVolume(
      facts,
      frames,
      slices.of(stream),
      slices.fetcher(stream),
      (done) => setLoad({ is: "loading", done }),
      abort.signal,
    ).then(
      ({ volume, step }) => setLoad({ is: "there", volume, step }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setLoad({ is: "failed", why: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => abort.abort();
  }, [series, slices]);

  if (load.is !== "there")
    return AXES.map((axis) => (
      <div key={axis} className={styles.pane} data-testid={`mpr-${axis}`}>
        <span className={styles.name}>{TITLES[axis]}</span>
        {load.is === "failed" ? (
          <p className={styles.veil} role="alert">
            The planes cannot be shown: {load.why}
          </p>
        ) : (
          <div className={styles.veil}>
            <p>
              {load.done} of {series.frames} slices
            </p>
            <progress max={series.frames} value={load.done} aria-label={`Loading ${TITLES[axis]}`} />
          </div>
        )}
      </div>
    ));
  return AXES.map((axis) => (
    <Plane
      key={axis}
      axis={axis}
      volume={load.volume}
      viewer={viewer}
      series={series}
      link={link}
      note={load.step > 1 ? `every ${load.step}. pixel: the volume is larger than the memory for it` : null}
    />
  ));
}

function Plane(props: {
  axis: MprAxis;
  volume: Volume;
  viewer: StackViewer;
  series: Hangable;
  link: PaneLink;
  note: string | null;
}) {
  const { axis, volume, viewer, series, link, note } = props;
  const container = useRef<HTMLDivElement>(null);
  const [probe, setProbe] = useState<string | null>(null);

  useEffect(() => {
    if (!container.current) return;
    const pane = new MprPane({
      container: container.current,
      axis,
      volume,
      facts: series.facts,
      link,
      // One window for the series and its planes.
      window: { get: () => viewer.state.window, set: (window) => viewer.setWindow(window) },
      inverted: () => viewer.state.inverted,
      onProbe: (value) => setProbe(value?.text ?? null),
    });
    let shown = "";
    const undo = viewer.subscribe(({ window, inverted }) => {
      const key = `${window?.center}/${window?.width}/${inverted}`;
      if (key !== shown) pane.repaint();
      shown = key;
    });
    return () => {
      undo();
      pane.destroy();
    };
  }, [axis, volume, viewer, series, link]);

  return (
    <div className={styles.pane} data-testid={`mpr-${axis}`}>
      <div ref={container} className={styles.fill} />
      <span className={styles.name} style={{ borderLeftColor: MPR_COLORS[axis] }}>
        {TITLES[axis]}
      </span>
      {note ? <span className={styles.caveats}>{note}</span> : null}
      {probe ? <output className={styles.probe}>{probe}</output> : null}
    </div>
  );
}
