import { Menu } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { reportSignedOut } from "@/api/client";
import { framePixelsUrl } from "@/api/items";
import { problemFrom } from "@/api/problem";
import { type KeyMap, keyHint } from "@/canvas/keymap";
import { decodeSlice } from "@/canvas/lut";
import { type Probe, type StackState, StackViewer } from "@/canvas/stack-viewer";
import { useEditor, useKeyMap } from "./hooks";
import { type HostProps, stageHandle } from "./host";
import { fetchFrame, firstStack, middleSlice } from "./preload";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";
import { imageFacts } from "./work";

/** A study: its series as stacks of slices. */
export default function StackHost({ session, onReady }: HostProps) {
  const { item } = session.work;
  const [stream, setStream] = useState(() => firstStack(item));
  const container = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<StackViewer | null>(null);
  const [state, setState] = useState<StackState | null>(null);
  const keyMap = useKeyMap();
  // Where each series was left, and where to go when an object lies in another series.
  const wanted = useRef<Record<number, number>>({});

  useEffect(() => {
    const series = item.streams[stream];
    if (!container.current || !series) return;
    const made = new StackViewer({
      container: container.current,
      editor: session.editor,
      stream,
      count: series.frames.length,
      start: wanted.current[stream] ?? middleSlice(series.frames.length),
      fetch: async (index, signal) => {
        const response = await fetchFrame(framePixelsUrl(item.id, stream, index), signal);
        if (response.status === 401) reportSignedOut();
        if (!response.ok) throw await problemFrom(response);
        return decodeSlice((name) => response.headers.get(name), await response.arrayBuffer());
      },
      ...imageFacts(series, item),
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
  }, [session, item, stream]);

  useEffect(() => {
    if (!viewer) return;
    const showFrame = (frame: { stream: number; index: number } | null | undefined) => {
      if (!frame) return;
      if (frame.stream === stream) viewer.go(frame.index);
      else if (item.streams[frame.stream]?.kind === "dicom") {
        wanted.current[frame.stream] = frame.index;
        setStream(frame.stream);
      }
    };
    onReady(
      stageHandle(viewer.stage, {
        perform: (action) => viewer.perform(action),
        offers: (action) => !action.startsWith("part."),
        showFrame,
      }),
    );
    session.editor.afterStep = (command) => showFrame(command.frame);
    return () => onReady(null);
  }, [viewer, session, item, stream, onReady]);

  return (
    <div className={styles.host}>
      <div className={styles.panes}>
        <div ref={container} className={styles.pane} data-testid="stack">
          {state?.loading ? <p className={styles.veil}>Loading slice {state.index + 1}…</p> : null}
          {state?.error ? (
            <div className={styles.veil} role="alert">
              <p>{state.error}</p>
              <button type="button" className={styles.plain} onClick={() => viewer?.go(state.index)}>
                Try again
              </button>
            </div>
          ) : null}
          {viewer ? <Readout viewer={viewer} /> : null}
        </div>
      </div>
      <div className={styles.foot}>
        {item.streams.filter((entry) => entry.kind === "dicom").length > 1 ? (
          <SeriesMenu session={session} current={stream} onChoose={setStream} />
        ) : null}
        {state && viewer ? (
          <SliceSlider session={session} stream={stream} state={state} onGo={(index) => viewer.go(index)} />
        ) : null}
        {state && viewer ? <WindowMenu state={state} viewer={viewer} keyMap={keyMap} /> : null}
      </div>
    </div>
  );
}

function SeriesMenu({
  session,
  current,
  onChoose,
}: {
  session: WorkSession;
  current: number;
  onChoose: (stream: number) => void;
}) {
  const { streams } = session.work.item;
  return (
    <Menu position="top-start" withinPortal>
      <Menu.Target>
        <button type="button" className={styles.plain} data-testid="series">
          {streams[current]?.name} ▾
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {streams.map((entry, index) =>
          entry.kind === "dicom" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: a stream is its index
            <Menu.Item key={index} onClick={() => onChoose(index)} aria-current={index === current}>
              {entry.name} · {entry.frames.length} {entry.frames.length === 1 ? "slice" : "slices"}
            </Menu.Item>
          ) : null,
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function SliceSlider({
  session,
  stream,
  state,
  onGo,
}: {
  session: WorkSession;
  stream: number;
  state: StackState;
  onGo: (index: number) => void;
}) {
  const { editor } = session;
  useEditor(editor);
  const marked: number[] = [];
  for (let index = 0; index < state.count; index += 1)
    if (editor.document.countOnFrame({ stream, index }) > 0) marked.push(index);
  const share = (index: number) => `${state.count > 1 ? (index / (state.count - 1)) * 100 : 50}%`;
  return (
    <label className={styles.slider}>
      <span className={styles.count} data-testid="slice">
        {state.index + 1} / {state.count}
      </span>
      <span className={styles.track}>
        <input
          type="range"
          min={0}
          max={state.count - 1}
          value={state.index}
          aria-label="Slice"
          aria-valuetext={`Slice ${state.index + 1} of ${state.count}`}
          onChange={(event) => onGo(Number(event.currentTarget.value))}
        />
        {marked.map((index) => (
          <i key={index} style={{ left: share(index) }} aria-hidden="true" />
        ))}
      </span>
    </label>
  );
}

function WindowMenu({ state, viewer, keyMap }: { state: StackState; viewer: StackViewer; keyMap: KeyMap }) {
  const { window } = state;
  return (
    <>
      <Menu position="top-end" withinPortal>
        <Menu.Target>
          <button type="button" className={styles.plain} data-testid="presets">
            {window ? `W ${Math.round(window.width)}  L ${Math.round(window.center)}` : "Window"} ▾
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {state.presets.map((preset, index) => (
            <Menu.Item
              key={preset.name}
              onClick={() => viewer.setWindow(preset)}
              rightSection={<kbd>{keyHint(keyMap, `preset.${index + 1}` as "preset.1")}</kbd>}
            >
              {preset.name} · W {Math.round(preset.width)} L {Math.round(preset.center)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <button
        type="button"
        className={styles.plain}
        aria-pressed={state.inverted}
        title={`Invert (${keyHint(keyMap, "invert")})`}
        onClick={() => viewer.setInverted(!state.inverted)}
      >
        Invert
      </button>
    </>
  );
}

/** Value under the pointer. It is a component of its own: moving the pointer must not draw the page again. */
function Readout({ viewer }: { viewer: StackViewer }) {
  const [probe, setProbe] = useState<Probe | null>(null);
  useEffect(() => viewer.onProbe(setProbe), [viewer]);
  if (!probe) return null;
  return (
    <output className={styles.probe} data-testid="probe">
      {Math.floor(probe.point[0])}, {Math.floor(probe.point[1])}
      {probe.value === null ? null : <strong>{` ${Number(probe.value.toFixed(1))} ${probe.unit}`}</strong>}
    </output>
  );
}
