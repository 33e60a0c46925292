import { drawCrosshair, drawOrientation, drawReferenceLine, drawScaleBar } from "./decorations";
import { SliceSource } from "./image-layer";
import { frameAt, type LinkedPane, type PaneLink } from "./linked";
import { autoWindow, type Slice, type Window } from "./lut";
import type { SeriesFacts } from "./series";
import type { SliceStore } from "./slices";
import { type Plane, planeOf, toPatient } from "./space";
import type { Vec3 } from "./types";
import { ViewPane } from "./view-pane";

export interface SeriesPaneOptions {
  container: HTMLElement;
  label: string;
  facts: SeriesFacts;
  count: number;
  start: number;
  store: SliceStore;
  link: PaneLink;
  color: string;
}

export interface SeriesPaneState {
  index: number;
  count: number;
  error: string | null;
}

/** A series beside the one that is worked on: scrolled on its own or together with the others. */
export class SeriesPane implements LinkedPane {
  readonly color: string;
  readonly space: SeriesFacts;
  private readonly view: ViewPane;
  private readonly leave: () => void;
  private readonly listeners = new Set<(state: SeriesPaneState) => void>();
  private index = 0;
  private error: string | null = null;
  private window: Window | null;
  private current: SliceSource | null = null;

  constructor(private readonly options: SeriesPaneOptions) {
    const { facts, link } = options;
    this.space = facts;
    this.color = options.color;
    this.window = facts.window ?? null;
    this.view = new ViewPane(options.container, options.label, {
      scroll: (frames) => this.go(this.index + frames),
      point: (at) => {
        const plane = this.plane();
        if (plane) link.point(toPatient(plane, at), this);
      },
      window: {
        get: () => this.window,
        set: (window) => {
          this.window = window;
          this.current?.setWindow(window, false);
          this.view.redraw("image");
        },
      },
      decorate: (g, viewport) => {
        drawScaleBar(g, viewport, facts.ruler);
        const plane = facts.planes[this.index];
        drawOrientation(g, viewport, plane ? [...plane.row, ...plane.column] : facts.orientation);
        const lines = link.lines(this);
        for (const { line, color } of lines) drawReferenceLine(g, viewport, line, color);
        const at = link.pointIn(this);
        // Two lines of other planes cross in the place already.
        if (at && lines.length < 2) drawCrosshair(g, viewport, at, { across: this.color, down: this.color });
      },
    });
    this.view.viewport.aspect = facts.aspect;
    this.go(options.start);
    this.leave = link.join(this);
  }

  get state(): SeriesPaneState {
    return { index: this.index, count: this.options.count, error: this.error };
  }

  subscribe(listener: (state: SeriesPaneState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  destroy(): void {
    this.leave();
    this.view.destroy();
  }

  plane(): Plane | null {
    return planeOf(this.options.facts, this.index);
  }

  size(): { rows: number; columns: number } {
    const { rows, columns } = this.options.facts;
    return this.view.size.columns > 0 ? this.view.size : { rows, columns };
  }

  goTo(place: Vec3): void {
    const index = frameAt(this.options.facts, place);
    if (index !== null && index !== this.index) this.go(index);
  }

  goBy(frames: number): void {
    this.go(this.index + frames);
  }

  redraw(): void {
    this.view.redraw("overlay");
  }

  go(target: number): void {
    const index = Math.min(this.options.count - 1, Math.max(0, target));
    const by = index - this.index;
    this.index = index;
    this.error = null;
    if (by !== 0) this.options.link.scrolled(this, by);
    this.tell();
    this.options.store.get(index).then(
      (slice) => {
        if (this.index === index) this.show(slice);
      },
      (error: unknown) => {
        if (this.index !== index) return;
        this.error = error instanceof Error ? error.message : String(error);
        this.current = null;
        this.view.setImage(null);
        this.tell();
      },
    );
  }

  private show(slice: Slice): void {
    this.window ??= slice.window ?? autoWindow(slice);
    this.current = new SliceSource(slice, this.window, false, false, this.options.facts.aspect);
    this.view.setImage(this.current);
    this.view.redraw("overlay");
  }

  private tell(): void {
    const { state } = this;
    for (const listener of this.listeners) listener(state);
  }
}
