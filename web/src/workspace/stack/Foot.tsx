import { Menu } from "@mantine/core";
import { useEffect, useState } from "react";
import { CINE_HZ_MAX, CINE_HZ_MIN } from "@/canvas/cine";
import { type Hangable, type Layout, mprRefusal } from "@/canvas/hanging";
import { type ActionId, type KeyMap, keyHint } from "@/canvas/keymap";
import type { SeriesFacts } from "@/canvas/series";
import type { Probe, StackState, StackViewer } from "@/canvas/stack-viewer";
import { useEditor, useKeyMap } from "../hooks";
import type { WorkSession } from "../session";
import styles from "./Stack.module.css";

export interface FootProps {
  session: WorkSession;
  viewer: StackViewer;
  state: StackState;
  series: Hangable[];
  current: Hangable;
  nameOf: (stream: number) => string;
  layout: Layout;
  together: boolean;
  onSeries: (stream: number) => void;
  onLayout: (layout: Layout) => void;
  onTogether: () => void;
}

/** Below the pictures: which series, which slice, how it is shown. */
export function Foot(props: FootProps) {
  const { session, viewer, state, series, current } = props;
  const keyMap = useKeyMap();
  return (
    <div className={styles.foot}>
      {series.length > 1 ? <SeriesMenu {...props} /> : null}
      {current.frames > 1 ? (
        <>
          <SliceSlider session={session} stream={current.stream} state={state} viewer={viewer} />
          <Film state={state} viewer={viewer} keyMap={keyMap} />
        </>
      ) : (
        <span className={styles.grow} />
      )}
      {state.colour ? null : (
        <WindowMenu state={state} viewer={viewer} facts={current.facts} keyMap={keyMap} />
      )}
      <LayoutMenu {...props} keyMap={keyMap} />
    </div>
  );
}

function SeriesMenu({ series, current, nameOf, onSeries }: FootProps) {
  return (
    <Menu position="top-start" withinPortal>
      <Menu.Target>
        <button type="button" className={styles.plain} data-testid="series">
          {nameOf(current.stream)} ▾
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {series.map((entry) => (
          <Menu.Item
            key={entry.stream}
            onClick={() => onSeries(entry.stream)}
            aria-current={entry === current}
          >
            {nameOf(entry.stream)} · {entry.frames} {entry.frames === 1 ? "slice" : "slices"}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SliceSlider(props: {
  session: WorkSession;
  stream: number;
  state: StackState;
  viewer: StackViewer;
}) {
  const { session, stream, state, viewer } = props;
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
          onChange={(event) => viewer.go(Number(event.currentTarget.value))}
        />
        {marked.map((index) => (
          <i key={index} style={{ left: share(index) }} aria-hidden="true" />
        ))}
      </span>
    </label>
  );
}

function Film({ state, viewer, keyMap }: { state: StackState; viewer: StackViewer; keyMap: KeyMap }) {
  return (
    <>
      <button
        type="button"
        className={styles.plain}
        aria-pressed={state.playing}
        title={`${state.playing ? "Pause" : "Play"} (${keyHint(keyMap, "cine.play")})`}
        onClick={() => viewer.cine.toggle()}
        data-testid="cine"
      >
        {state.playing ? "Pause" : "Play"}
      </button>
      <label className={styles.rate}>
        <input
          type="number"
          min={CINE_HZ_MIN}
          max={CINE_HZ_MAX}
          value={Number(state.rate.toFixed(1))}
          aria-label="Frames per second"
          data-testid="cine-rate"
          onChange={(event) => viewer.setRate(Number(event.currentTarget.value))}
        />
        fps
      </label>
    </>
  );
}

function WindowMenu(props: { state: StackState; viewer: StackViewer; facts: SeriesFacts; keyMap: KeyMap }) {
  const { state, viewer, facts, keyMap } = props;
  const { window } = state;
  const shown =
    state.table === "on"
      ? "Table of the file"
      : window
        ? `W ${short(window.width)}  L ${short(window.center)}`
        : "Window";
  const stated = facts.window;
  return (
    <>
      <Menu position="top-end" withinPortal>
        <Menu.Target>
          <button type="button" className={styles.plain} data-testid="presets">
            {shown} ▾
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {state.presets.map((preset, index) => (
            <Menu.Item
              key={preset.name}
              onClick={() => viewer.setWindow(preset)}
              rightSection={<kbd>{keyHint(keyMap, `preset.${index + 1}` as ActionId)}</kbd>}
            >
              {preset.name} · W {short(preset.width)} L {short(preset.center)}
            </Menu.Item>
          ))}
          {stated ? (
            <Menu.Item onClick={() => viewer.setWindow(stated)}>
              As the file says · W {short(stated.width)} L {short(stated.center)}
            </Menu.Item>
          ) : null}
          {state.table === "none" ? null : (
            <Menu.Item onClick={() => viewer.showTable()}>Table of the file</Menu.Item>
          )}
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

/** Window numbers: whole where they are large, three digits where they are not. */
function short(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function LayoutMenu({
  series,
  current,
  layout,
  together,
  onLayout,
  onTogether,
  keyMap,
}: FootProps & { keyMap: KeyMap }) {
  const refusal = mprRefusal(current);
  if (series.length < 2 && current.frames < 2) return null;
  const entries: { id: Layout; title: string; disabled: boolean; why?: string | null }[] = [
    { id: "one", title: "One series", disabled: false },
    { id: "two", title: "Two series side by side", disabled: series.length < 2 },
    { id: "four", title: "Four series", disabled: series.length < 3 },
    { id: "mpr", title: "Axial, coronal, sagittal", disabled: refusal !== null, why: refusal },
  ];
  return (
    <Menu position="top-end" withinPortal>
      <Menu.Target>
        <button type="button" className={styles.plain} data-testid="layout">
          Layout ▾
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {entries.map(({ id, title, disabled, why }) => (
          <Menu.Item
            key={id}
            disabled={disabled}
            onClick={() => onLayout(id)}
            aria-current={id === layout}
            rightSection={<kbd>{keyHint(keyMap, `layout.${id}`)}</kbd>}
          >
            {title}
            {why ? <span className={styles.why}> · {why}</span> : null}
          </Menu.Item>
        ))}
        {series.length > 1 ? (
          <Menu.Item
            onClick={onTogether}
            aria-checked={together}
            role="menuitemcheckbox"
            rightSection={<kbd>{keyHint(keyMap, "layout.link")}</kbd>}
          >
            {together ? "✓ " : ""}Scroll series together
          </Menu.Item>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}

const ISSUES: Record<string, string> = {
  uneven_spacing: "slices do not lie evenly",
  gantry_tilt: "slices are tilted against their axis",
  duplicate_slices: "several slices lie in one place",
  slices_not_parallel: "images are not parallel",
  mixed_spacing: "images differ in pixel spacing",
  unusual_stack: "slices do not make an ordinary stack",
};

/** What is odd about the geometry of a series: said where it is read, never corrected in silence. */
export function Caveats({ facts }: { facts: SeriesFacts }) {
  if (facts.issues.length === 0) return null;
  return (
    <span className={styles.caveats} data-testid="caveats">
      {facts.issues.map((issue) => ISSUES[issue] ?? issue.replaceAll("_", " ")).join(" · ")}
    </span>
  );
}

/** Value under the pointer. It is a component of its own: moving the pointer must not draw the page again. */
export function Readout({ viewer }: { viewer: StackViewer }) {
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
