import { drawCrosshair, drawOrientation, drawReferenceLine, drawScaleBar } from "./decorations";
import { SliceSource } from "./image-layer";
import type { LinkedPane, PaneLink } from "./linked";
import type { Window } from "./lut";
import type { SeriesFacts } from "./series";
import { add, cross, type Plane, toImage, toPatient } from "./space";
import type { Vec3 } from "./types";
import { ViewPane } from "./view-pane";
import { extent, type MprAxis, planeThrough, reslice, type Volume, valueAt } from "./volume";

/** Colours of the planes: their lines in the others. */
export const MPR_COLORS: Record<MprAxis, string> = {
  axial: "#ff7b72",
  coronal: "#7ee787",
  sagittal: "#79c0ff",
};

export interface MprPaneOptions {
  container: HTMLElement;
  axis: MprAxis;
  volume: Volume;
  facts: SeriesFacts;
  link: PaneLink;
  window: { get(): Window | null; set(window: Window): void };
  inverted: () => boolean;
  onProbe?: (value: { text: string } | null) => void;
}

/** One plane through a volume; the wheel moves it along its normal, a click points to a place in all views. */
export class MprPane implements LinkedPane {
  readonly color: string;
  readonly space: SeriesFacts;
  private readonly view: ViewPane;
  private readonly leave: () => void;
  private place: Vec3;
  private cut: { plane: Plane; rows: number; columns: number };
  private source: SliceSource | null = null;
  private asked = 0;

  constructor(private readonly options: MprPaneOptions) {
    const { volume, axis, link, facts } = options;
    this.color = MPR_COLORS[axis];
    this.space = facts;
    const { min, max } = extent(volume);
    this.place = [0, 1, 2].map((n) => ((min[n] as number) + (max[n] as number)) / 2) as Vec3;
    this.cut = planeThrough(volume, axis, this.place);
    this.view = new ViewPane(options.container, `${axis} plane`, {
      scroll: (frames) => this.step(frames),
      point: (at) => link.point(toPatient(this.cut.plane, at), this),
      hover: (at) => options.onProbe?.(at ? this.probe(toPatient(this.cut.plane, at)) : null),
      window: options.window,
      decorate: (g, viewport) => {
        const { row, column } = this.cut.plane;
        drawScaleBar(g, viewport, { mm: this.cut.plane.dx, caveat: "" });
        drawOrientation(g, viewport, [...row, ...column]);
        const lines = link.lines(this);
        for (const { line, color } of lines) drawReferenceLine(g, viewport, line, color);
        const at = link.pointIn(this);
        // Two lines of other planes cross in the place already.
        if (at && lines.length < 2) drawCrosshair(g, viewport, at, { across: this.color, down: this.color });
      },
    });
    this.render();
    this.leave = link.join(this);
  }

  destroy(): void {
    cancelAnimationFrame(this.asked);
    this.leave();
    this.view.destroy();
  }

  plane(): Plane {
    return this.cut.plane;
  }

  size(): { rows: number; columns: number } {
    return { rows: this.cut.rows, columns: this.cut.columns };
  }

  goTo(place: Vec3): void {
    // Only the way along the normal makes another cut.
    if (Math.abs(toImage(this.cut.plane, place).distance) < 1e-6) return;
    this.place = this.within(place);
    this.cut = planeThrough(this.options.volume, this.options.axis, this.place);
    this.view.redraw("overlay");
    if (this.asked === 0) this.asked = requestAnimationFrame(() => this.render());
  }

  goBy(frames: number): void {
    this.step(frames);
  }

  redraw(): void {
    this.view.redraw("overlay");
  }

  /** Shows the picture again after window or inversion changed. */
  repaint(): void {
    const window = this.options.window.get();
    if (window) this.source?.setWindow(window, this.options.inverted());
    this.view.redraw("image");
  }

  private step(frames: number): void {
    const { row, column, dx } = this.cut.plane;
    const normal = cross(row, column);
    this.goTo(add(this.place, normal, frames * dx));
    this.options.link.redraw();
  }

  private within(place: Vec3): Vec3 {
    const { min, max } = extent(this.options.volume);
    return place.map((value, n) => Math.min(max[n] as number, Math.max(min[n] as number, value))) as Vec3;
  }

  private render(): void {
    this.asked = 0;
    const { volume, window, inverted } = this.options;
    const slice = reslice(volume, this.cut.plane, this.cut.rows, this.cut.columns);
    this.source = new SliceSource(slice, window.get() ?? { center: 128, width: 256 }, inverted());
    this.view.setImage(this.source);
    this.view.redraw("overlay");
  }

  private probe(place: Vec3): { text: string } | null {
    const value = valueAt(this.options.volume, place);
    if (value === null) return null;
    const unit = this.options.volume.like.unit ?? "";
    return { text: `${Number(value.toFixed(1))} ${unit}`.trim() };
  }
}
