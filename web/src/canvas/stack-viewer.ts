import { ballRefusal, type StackSpace } from "./ball";
import { Cine, cineNext, cineRate } from "./cine";
import { drawCrosshair, drawOrientation, drawReferenceLine, drawScaleBar } from "./decorations";
import type { Editor } from "./editor";
import { greyOfSlice } from "./grey";
import { SliceSource } from "./image-layer";
import type { ActionId } from "./keymap";
import { frameAt, type LinkedPane, type PaneLink } from "./linked";
import { autoWindow, type Preset, probe, type Slice, type Window } from "./lut";
import { presetsFor } from "./presets";
import type { SeriesFacts } from "./series";
import type { SliceStore } from "./slices";
import { type Plane, planeOf, toPatient } from "./space";
import { Stage } from "./stage";
import { createTools } from "./tools";
import { CrosshairTool } from "./tools/crosshair";
import type { Point, Vec3 } from "./types";

export interface StackOptions {
  container: HTMLElement;
  editor: Editor;
  /** Index of the stream within the item. */
  stream: number;
  count: number;
  /** Slice to begin with. */
  start?: number;
  store: SliceStore;
  facts: SeriesFacts;
  /** Other views of the item. */
  link?: PaneLink;
  /** Colour of this stack's line in other views. */
  color?: string;
}

export interface StackState {
  index: number;
  count: number;
  loading: boolean;
  error: string | null;
  window: Window | null;
  inverted: boolean;
  presets: Preset[];
  /** The file brings a lookup table, and whether it is what shades now. */
  table: "none" | "off" | "on";
  playing: boolean;
  /** Frames per second of the film. */
  rate: number;
  colour: boolean;
}

/** Value under the pointer: rescaled units, or colour images without one. */
export interface Probe {
  point: Point;
  value: number | null;
  unit: string;
}

/** Frames that one long step goes. */
const LONG_STEP = 10;
const COLOR = "#ffd166";

/** A stack of slices on the stage: scroll, film, window and level, presets, probe, orientation letters, scale bar. */
export class StackViewer implements LinkedPane {
  readonly stage: Stage;
  readonly cine: Cine;
  readonly color: string;
  readonly space: SeriesFacts;
  private readonly listeners = new Set<(state: StackState) => void>();
  private readonly probeListeners = new Set<(probe: Probe | null) => void>();
  private readonly leave: (() => void) | null;
  private current: SliceSource | null = null;
  private index = 0;
  private window: Window | null;
  private inverted = false;
  private useTable = false;
  private loading = true;
  private error: string | null = null;
  private range: Window | null = null;
  private pointer: Point | null = null;

  constructor(private readonly options: StackOptions) {
    const { facts, link } = options;
    this.space = facts;
    this.color = options.color ?? COLOR;
    this.window = facts.window ?? null;
    this.cine = new Cine(
      { step: () => this.cineStep(), changed: () => this.tell() },
      cineRate(facts.frameRate),
    );
    const tools = createTools({ greyscale: true, stack: this.stackSpace() });
    if (link && this.hasPlaces) tools.push(new CrosshairTool((at) => this.pointAt(at)));
    this.stage = new Stage({
      container: options.container,
      editor: options.editor,
      tools,
      label: "Image stack",
      window: { get: () => this.window, set: (window) => this.setWindow(window) },
      onWheel: (steps) => this.go(this.index + steps),
    });
    this.stage.viewport.aspect = facts.aspect;
    this.stage.decorate((g, viewport) => {
      drawScaleBar(g, viewport, facts.ruler);
      const plane = facts.planes[this.index];
      drawOrientation(g, viewport, plane ? [...plane.row, ...plane.column] : facts.orientation);
      if (!link) return;
      const lines = link.lines(this);
      for (const { line, color } of lines) drawReferenceLine(g, viewport, line, color);
      const at = link.pointIn(this);
      // Two lines of other planes cross in the place already.
      if (at && lines.length < 2) drawCrosshair(g, viewport, at, { across: this.color, down: this.color });
    });
    this.stage.onPointer((point) => {
      this.pointer = point;
      this.tellProbe();
    });
    this.go(options.start ?? 0);
    this.leave = link?.join(this) ?? null;
  }

  get state(): StackState {
    const { index, loading, error, window, inverted } = this;
    const table = this.current?.slice.display?.table;
    return {
      index,
      count: this.options.count,
      loading,
      error,
      window,
      inverted,
      presets: presetsFor(this.options.facts.modality, this.range ?? { center: 128, width: 256 }),
      table: table ? (this.useTable ? "on" : "off") : "none",
      playing: this.cine.playing,
      rate: this.cine.rate,
      colour: this.current?.slice.format === "rgb8",
    };
  }

  subscribe(listener: (state: StackState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onProbe(listener: (probe: Probe | null) => void): () => void {
    this.probeListeners.add(listener);
    return () => this.probeListeners.delete(listener);
  }

  destroy(): void {
    this.cine.pause();
    this.leave?.();
    this.stage.destroy();
  }

  // --- place among other views

  private get hasPlaces(): boolean {
    return planeOf(this.options.facts, 0) !== null;
  }

  plane(): Plane | null {
    return planeOf(this.options.facts, this.index);
  }

  size(): { rows: number; columns: number } {
    const { width, height } = this.stage.size;
    const { rows, columns } = this.options.facts;
    return width > 0 ? { rows: height, columns: width } : { rows, columns };
  }

  goTo(place: Vec3): void {
    const index = frameAt(this.options.facts, place);
    if (index !== null && index !== this.index) this.go(index);
  }

  goBy(frames: number): void {
    this.go(this.index + frames);
  }

  redraw(): void {
    this.stage.redraw("overlay");
  }

  /** What a brush needs that paints through the slices. */
  private stackSpace(): StackSpace {
    const { facts, count, store, editor } = this.options;
    return {
      positions: facts.positions,
      get refusal() {
        return ballRefusal(facts, count, editor.spacing);
      },
      grey: async (index) => {
        const slice = await store.take(index);
        const { width, height } = this.stage.size;
        if (slice.columns !== width || slice.rows !== height)
          throw new Error(`slice ${index + 1} differs from the others in size`);
        return greyOfSlice(slice);
      },
    };
  }

  private pointAt(at: Point): void {
    const plane = this.plane();
    if (plane) this.options.link?.point(toPatient(plane, at), this);
  }

  // --- frames

  /** Shows a slice. What was asked for last wins, however the answers arrive. */
  go(target: number): void {
    const index = Math.min(this.options.count - 1, Math.max(0, target));
    const by = index - this.index;
    this.index = index;
    this.options.editor.setFrame({ stream: this.options.stream, index });
    const ready = this.options.store.peek(index);
    this.loading = !ready;
    this.error = null;
    if (ready) this.show(ready);
    else this.tell();
    if (by !== 0) this.options.link?.scrolled(this, by);
    this.options.store.get(index).then(
      (slice) => {
        if (this.index === index && !ready) this.show(slice);
      },
      (error: unknown) => {
        if (this.index !== index) return;
        this.loading = false;
        this.error = error instanceof Error ? error.message : String(error);
        this.current = null;
        this.stage.setImage(null);
        this.tell();
      },
    );
  }

  setRate(rate: number): void {
    this.cine.rate = cineRate(rate);
    this.tell();
  }

  private cineStep(): boolean {
    const next = cineNext(this.index, this.options.count);
    // A frame that cannot be decoded is passed by showing its reason for one period.
    if (this.loading) return false;
    this.go(next);
    return true;
  }

  // --- grey values

  setWindow(window: Window): void {
    this.window = window;
    this.useTable = false;
    this.repaint();
  }

  setInverted(inverted: boolean): void {
    this.inverted = inverted;
    this.repaint();
  }

  /** Shades by the file's own table. */
  showTable(): void {
    this.useTable = true;
    this.repaint();
  }

  perform(action: ActionId): boolean {
    if (this.stage.currentTool.onAction && action === "cancel" && this.stage.perform(action)) return true;
    const steps: Partial<Record<ActionId, number>> = {
      "frame.next": 1,
      "frame.previous": -1,
      "frame.next10": LONG_STEP,
      "frame.previous10": -LONG_STEP,
      "frame.first": -this.options.count,
      "frame.last": this.options.count,
    };
    const by = steps[action];
    if (by !== undefined) {
      this.cine.pause();
      this.go(this.index + by);
    } else if (action === "cine.play") this.cine.toggle();
    else if (action === "invert") this.setInverted(!this.inverted);
    else if (action.startsWith("preset.")) {
      const preset = this.state.presets[Number(action.slice(7)) - 1];
      if (preset) this.setWindow(preset);
    } else return this.stage.perform(action);
    return true;
  }

  private show(slice: Slice): void {
    this.range ??= autoWindow(slice);
    if (this.window === null) {
      this.window = slice.window ?? this.range;
      // The table stands for a window only where the file has none.
      this.useTable = !slice.window && Boolean(slice.display?.table);
    }
    this.loading = false;
    const { facts } = this.options;
    this.current = new SliceSource(slice, this.window, this.inverted, this.useTable, facts.aspect);
    this.stage.setImage(this.current);
    this.tell();
    this.tellProbe();
  }

  private repaint(): void {
    if (this.window) this.current?.setWindow(this.window, this.inverted, this.useTable);
    this.stage.redraw("image");
    this.tell();
  }

  private tellProbe(): void {
    const { pointer, current } = this;
    const inside =
      pointer &&
      current &&
      pointer[0] >= 0 &&
      pointer[1] >= 0 &&
      pointer[0] < current.width &&
      pointer[1] < current.height;
    const result = inside
      ? {
          point: pointer,
          value: probe(current.slice, pointer[0], pointer[1]),
          unit: current.slice.unit ?? "",
        }
      : null;
    for (const listener of this.probeListeners) listener(result);
  }

  private tell(): void {
    const state = this.state;
    for (const listener of this.listeners) listener(state);
  }
}
