import { drawOrientation, drawScaleBar } from "./decorations";
import type { Editor } from "./editor";
import { SliceSource } from "./image-layer";
import type { ActionId } from "./keymap";
import { autoWindow, type Preset, presetsFor, probe, type Slice, type Window } from "./lut";
import { type SliceFetcher, SliceStore } from "./slices";
import { Stage } from "./stage";
import { createTools } from "./tools";
import type { Point } from "./types";

export interface StackOptions {
  container: HTMLElement;
  editor: Editor;
  /** Index of the stream within the item. */
  stream: number;
  count: number;
  /** Slice to begin with. */
  start?: number;
  fetch: SliceFetcher;
  modality?: string;
  /** Row and column direction cosines in LPS. */
  orientation?: number[];
  /** Millimetres between rows and between columns. */
  spacing?: { row: number; column: number };
  /** The window that the file itself asks for. */
  window?: Window;
}

export interface StackState {
  index: number;
  count: number;
  loading: boolean;
  error: string | null;
  window: Window | null;
  inverted: boolean;
  presets: Preset[];
}

/** Value under the pointer: rescaled units, or colour images without one. */
export interface Probe {
  point: Point;
  value: number | null;
  unit: string;
}

/** Frames that one long step goes. */
const LONG_STEP = 10;

/** A stack of slices on the stage: scroll, window and level, presets, probe, orientation letters and scale bar. */
export class StackViewer {
  readonly stage: Stage;
  private readonly store: SliceStore;
  private readonly listeners = new Set<(state: StackState) => void>();
  private readonly probeListeners = new Set<(probe: Probe | null) => void>();
  private current: SliceSource | null = null;
  private index = 0;
  private window: Window | null;
  private inverted = false;
  private loading = true;
  private error: string | null = null;
  private range: Window = { center: 128, width: 256 };
  private pointer: Point | null = null;

  constructor(private readonly options: StackOptions) {
    this.window = options.window ?? null;
    this.store = new SliceStore(options.count, options.fetch);
    this.stage = new Stage({
      container: options.container,
      editor: options.editor,
      tools: createTools({ greyscale: true }),
      label: "Image stack",
      window: { get: () => this.window, set: (window) => this.setWindow(window) },
      onWheel: (steps) => this.go(this.index + steps),
    });
    this.stage.decorate((g, viewport) => {
      drawScaleBar(g, viewport, options.spacing?.column ?? null);
      drawOrientation(g, viewport, options.orientation);
    });
    this.stage.onPointer((point) => {
      this.pointer = point;
      this.tellProbe();
    });
    this.go(options.start ?? 0);
  }

  get state(): StackState {
    const { index, loading, error, window, inverted } = this;
    return {
      index,
      count: this.options.count,
      loading,
      error,
      window,
      inverted,
      presets: presetsFor(this.options.modality, this.range),
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
    this.store.destroy();
    this.stage.destroy();
  }

  /** Shows a slice. What was asked for last wins, however the answers arrive. */
  go(target: number): void {
    const index = Math.min(this.options.count - 1, Math.max(0, target));
    this.index = index;
    this.options.editor.setFrame({ stream: this.options.stream, index });
    const ready = this.store.peek(index);
    this.loading = !ready;
    this.error = null;
    if (ready) this.show(ready);
    else this.tell();
    this.store.get(index).then(
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

  setWindow(window: Window): void {
    this.window = window;
    this.repaint();
  }

  setInverted(inverted: boolean): void {
    this.inverted = inverted;
    this.repaint();
  }

  perform(action: ActionId): boolean {
    if (this.stage.currentTool.onAction && action === "cancel" && this.stage.perform(action)) return true;
    if (action === "frame.next") this.go(this.index + 1);
    else if (action === "frame.previous") this.go(this.index - 1);
    else if (action === "frame.next10") this.go(this.index + LONG_STEP);
    else if (action === "frame.previous10") this.go(this.index - LONG_STEP);
    else if (action === "invert") this.setInverted(!this.inverted);
    else if (action.startsWith("preset.")) {
      const preset = this.state.presets[Number(action.slice(7)) - 1];
      if (preset) this.setWindow(preset);
    } else return this.stage.perform(action);
    return true;
  }

  private show(slice: Slice): void {
    this.range = autoWindow(slice);
    this.window ??= this.range;
    this.loading = false;
    this.current = new SliceSource(slice, this.window, this.inverted);
    this.stage.setImage(this.current);
    this.tell();
    this.tellProbe();
  }

  private repaint(): void {
    if (this.window) this.current?.setWindow(this.window, this.inverted);
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
          unit: this.options.modality === "CT" ? "HU" : "",
        }
      : null;
    for (const listener of this.probeListeners) listener(result);
  }

  private tell(): void {
    const state = this.state;
    for (const listener of this.listeners) listener(state);
  }
}
