import { useEffect, useRef, useState } from "react";
import { frameTileUrl } from "@/api/items";
import { MAGNIFICATIONS, slideOf } from "@/canvas/slide";
import { type SlideState, SlideViewer } from "@/canvas/slide-viewer";
import { type HostProps, stageHandle } from "../host";
import { loadBitmap } from "../images";
import styles from "./Stack.module.css";

/** A whole slide: deep zoom, overview, magnifications. */
export default function SlideHost({ session, onReady, stream }: HostProps & { stream: number }) {
  const { item } = session.work;
  const container = useRef<HTMLDivElement>(null);
  const minimap = useRef<HTMLCanvasElement>(null);
  const [viewer, setViewer] = useState<SlideViewer | null>(null);
  const [state, setState] = useState<SlideState | null>(null);

  useEffect(() => {
    const slide = slideOf(item.streams[stream]?.properties);
    if (!container.current || !minimap.current || !slide) return;
    const made = new SlideViewer({
      container: container.current,
      minimap: minimap.current,
      editor: session.editor,
      stream,
      slide,
      fetch: (tile, signal) => {
        const frame = slide.levels[tile.level]?.frame ?? 0;
        return loadBitmap(frameTileUrl(item.id, stream, frame, tile.frame), signal);
      },
    });
    const undo = made.subscribe(setState);
    setState(made.state);
    setViewer(made);
    return () => {
      undo();
      made.destroy();
      setViewer(null);
    };
  }, [session, item, stream]);

  useEffect(() => {
    if (!viewer) return;
    onReady(stageHandle(viewer.stage, { perform: (action) => viewer.perform(action), showFrame: () => {} }));
    return () => onReady(null);
  }, [viewer, onReady]);

  return (
    <div className={styles.host}>
      <div className={styles.panes} data-layout="one">
        <div ref={container} className={styles.pane} data-testid="slide">
          <canvas
            ref={minimap}
            className={styles.minimap}
            role="img"
            aria-label="Overview"
            data-testid="minimap"
          />
          {state && state.failed > 0 ? (
            <span className={styles.caveats} role="alert" data-testid="tiles-failed">
              {state.failed === 1 ? "1 tile cannot be shown" : `${state.failed} tiles cannot be shown`}
            </span>
          ) : null}
        </div>
      </div>
      <div className={styles.foot}>
        <span className={styles.grow} />
        {state?.magnification === null ? (
          <span className={styles.why}>magnification not known: the file states no spacing</span>
        ) : (
          <>
            <output className={styles.count} data-testid="magnification">
              {state ? `${Number(state.magnification?.toPrecision(2))}×` : ""}
            </output>
            {MAGNIFICATIONS.map((times) => (
              <button
                key={times}
                type="button"
                className={styles.plain}
                onClick={() => viewer?.magnify(times)}
              >
                {times}×
              </button>
            ))}
          </>
        )}
      </div>
    </div>
  );
}
