import { useEffect, useRef, useState } from "react";
import { reportSignedOut } from "@/api/client";
import { frameImageUrl, framePointsUrl } from "@/api/items";
import { problemFrom } from "@/api/problem";
import type { Item } from "@/api/types";
import type { ActionId } from "@/canvas/keymap";
import type { FrameRef } from "@/canvas/types";
import { Failed } from "@/parts/States";
import { parseCalibration } from "@/scene/camera";
import type { ColorMode } from "@/scene/colors";
import { SCENE_TOOLS, SceneViewer } from "@/scene/scene-viewer";
import { type Cloud, decodeCloud } from "@/scene/wire";
import { Filmstrip } from "./Filmstrip";
import { useEditor } from "./hooks";
import type { HostProps } from "./host";
import { loadBitmap } from "./images";
import { fetchFrame } from "./preload";
import styles from "./Workspace.module.css";

async function loadCloud(url: string, signal: AbortSignal): Promise<Cloud> {
  const response = await fetchFrame(url, signal);
  if (!response.ok) {
    if (response.status === 401) reportSignedOut();
    throw await problemFrom(response);
  }
  return decodeCloud(await response.arrayBuffer());
}

/** The calibration of a camera: its own, or the one that the LiDAR stream carries. */
function calibrationOf(item: Item, camera: number) {
  const streams = [item.streams[camera], ...item.streams.filter((entry) => entry.kind === "lidar")];
  for (const stream of streams) {
    const found = parseCalibration(stream?.properties?.calibration);
    if (found) return found;
  }
  return null;
}

/** A driving scene: cloud, side views and camera. */
export default function SceneHost({ session, onReady }: HostProps) {
  const { item } = session.work;
  const { editor } = session;
  const lidar = item.streams.findIndex((entry) => entry.kind === "lidar");
  const cameras = item.streams.flatMap((entry, index) => (entry.kind === "camera" ? [index] : []));
  const frames = item.streams[Math.max(0, lidar)]?.frames.length ?? 1;
  const root = useRef<HTMLDivElement>(null);
  const perspective = useRef<HTMLDivElement>(null);
  const camera = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const side = useRef<HTMLDivElement>(null);
  const front = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<SceneViewer | null>(null);
  const [frame, setFrame] = useState(0);
  const [seen, setSeen] = useState(cameras[0] ?? -1);
  const [cloud, setCloud] = useState<Cloud | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const [mode, setMode] = useState<ColorMode>("height");
  const [points, setPoints] = useState(false);
  useEditor(editor);

  useEffect(() => {
    if (!root.current || !perspective.current || !top.current || !side.current || !front.current) return;
    try {
      const made = new SceneViewer(
        {
          root: root.current,
          perspective: perspective.current,
          camera: camera.current,
          top: top.current,
          side: side.current,
          front: front.current,
        },
        editor,
      );
      setViewer(made);
      return () => {
        made.destroy();
        setViewer(null);
      };
    } catch {
      setError(new Error("This browser cannot show point clouds: WebGL is switched off or not there."));
    }
  }, [editor]);

  useEffect(() => {
    if (!viewer) return;
    const showFrame = (target: FrameRef | null | undefined) => {
      if (target && target.stream === lidar) setFrame(target.index);
    };
    const step = (by: number) => setFrame((at) => Math.min(frames - 1, Math.max(0, at + by)));
    const perform = (action: ActionId) => {
      if (action === "frame.next") step(1);
      else if (action === "frame.previous") step(-1);
      else if (action === "frame.first") step(-frames);
      else if (action === "frame.last") step(frames);
      else return viewer.perform(action);
      return true;
    };
    onReady({
      tools: SCENE_TOOLS.filter((tool) => !("draws" in tool && editor.readOnly)),
      currentTool: () => viewer.tool,
      onTool: (listener) => viewer.onTool(listener),
      chooseTool: (id) => viewer.setTool(id === "cuboid" ? "cuboid" : "select"),
      offers: (action) => (action.startsWith("frame.") ? frames > 1 : viewer.offers(action)),
      perform,
      reveal: (annotation) => {
        showFrame(annotation.frame);
        viewer.reveal(annotation);
      },
      showFrame,
      focus: () => root.current?.focus({ preventScroll: true }),
      place: () => ({ frame: editor.frame ?? null, point: null }),
    });
    editor.afterStep = (command) => showFrame(command.frame);
    return () => onReady(null);
  }, [viewer, editor, onReady, lidar, frames]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks for the points again after a failure
  useEffect(() => {
    if (!viewer || lidar < 0) return;
    const abort = new AbortController();
    setError(null);
    editor.setFrame({ stream: lidar, index: frame });
    loadCloud(framePointsUrl(item.id, lidar, frame), abort.signal).then(
      (loaded) => {
        viewer.setCloud(loaded);
        setCloud(loaded);
      },
      (problem: unknown) => {
        if (!abort.signal.aborted) setError(problem);
      },
    );
    return () => abort.abort();
  }, [viewer, editor, item, lidar, frame, attempt]);

  useEffect(() => {
    if (!viewer || seen < 0) return;
    const abort = new AbortController();
    const index = Math.min(frame, (item.streams[seen]?.frames.length ?? 1) - 1);
    loadBitmap(frameImageUrl(item.id, seen, index), abort.signal).then(
      (image) => (abort.signal.aborted ? image.close() : viewer.setCamera(image, calibrationOf(item, seen))),
      (problem: unknown) => {
        if (!abort.signal.aborted) setError(problem);
      },
    );
    return () => abort.abort();
  }, [viewer, item, seen, frame]);

  const inside = viewer?.pointsInside ?? null;
  return (
    <div className={styles.host}>
      <div
        ref={root}
        className={styles.scene}
        role="application"
        aria-label="Scene"
        data-testid="scene"
        data-camera={seen >= 0}
      >
        <div ref={perspective} className={styles.perspective} data-testid="scene-perspective">
          {cloud === null && !error ? <p className={styles.veil}>Loading the points…</p> : null}
          {error ? (
            <div className={styles.veil}>
              <Failed error={error} retry={() => setAttempt((n) => n + 1)} />
            </div>
          ) : null}
        </div>
        {seen >= 0 ? <div ref={camera} className={styles.camera} data-testid="scene-camera" /> : null}
        <div ref={top} className={styles.sideTop} data-testid="scene-top" />
        <div ref={side} className={styles.sideSide} data-testid="scene-side" />
        <div ref={front} className={styles.sideFront} data-testid="scene-front" />
      </div>
      <div className={styles.foot}>
        <button
          type="button"
          className={styles.plain}
          onClick={() => {
            const next = mode === "height" ? "intensity" : "height";
            setMode(next);
            viewer?.setColorMode(next);
          }}
          data-testid="color-mode"
        >
          Colour: {mode}
        </button>
        {seen >= 0 ? (
          <button
            type="button"
            className={styles.plain}
            aria-pressed={points}
            onClick={() => {
              setPoints(!points);
              viewer?.setCameraPoints(!points);
            }}
            data-testid="camera-points"
          >
            Points in camera
          </button>
        ) : null}
        {cameras.length > 1
          ? cameras.map((index) => (
              <button
                key={index}
                type="button"
                className={styles.plain}
                aria-pressed={index === seen}
                onClick={() => setSeen(index)}
              >
                {item.streams[index]?.name}
              </button>
            ))
          : null}
        <span className={styles.fill} />
        {inside === null ? null : (
          <strong data-testid="points-inside">
            {inside} {inside === 1 ? "point" : "points"} inside
          </strong>
        )}
        {cloud ? (
          <span className="dim">
            {cloud.count.toLocaleString("en-US")} points
            {cloud.dropped > 0 ? `, ${cloud.dropped} not finite` : ""}
            {cloud.clamped > 0 ? `, ${cloud.clamped} beyond the range` : ""}
          </span>
        ) : null}
      </div>
      {frames > 1 ? (
        <Filmstrip
          item={item.id}
          stream={lidar}
          frames={frames}
          current={frame}
          editor={editor}
          onChoose={setFrame}
          thumbnails={false}
        />
      ) : null}
    </div>
  );
}
