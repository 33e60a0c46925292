import type { Bounds, Point } from "./types";

/** Smallest and largest magnification, screen pixels per image pixel. */
export const SCALE_MIN = 0.001;
export const SCALE_MAX = 64;
/** One step of the zoom keys. */
export const ZOOM_STEP = 1.25;
/** Free space around the image after "fit", screen pixels. */
export const FIT_MARGIN_PX = 16;

/**
 * Where the image lies on the screen: screen = image * scale + offset, in CSS pixels. Rows are `aspect` times as high as
 * columns are wide, so that pixels that are not square look as they lie in the patient.
 */
export class Viewport {
  scale = 1;
  /** Height of an image pixel over its width. */
  aspect = 1;
  offsetX = 0;
  offsetY = 0;
  width = 1;
  height = 1;
  private readonly listeners = new Set<() => void>();

  toScreen([x, y]: Point): Point {
    return [x * this.scale + this.offsetX, y * this.scaleY + this.offsetY];
  }

  toImage([x, y]: Point): Point {
    return [(x - this.offsetX) / this.scale, (y - this.offsetY) / this.scaleY];
  }

  /** Tells whether anything moved since. */
  get key(): string {
    return `${this.scale} ${this.aspect} ${this.offsetX} ${this.offsetY}`;
  }

  /** Screen pixels per row; `scale` is per column. */
  get scaleY(): number {
    return this.scale * this.aspect;
  }

  /** Length in image pixels of a length on the screen. */
  imageLength(screenPx: number): number {
    return screenPx / this.scale;
  }

  /** The part of the image plane that is on the screen. */
  visible(): Bounds {
    const [minX, minY] = this.toImage([0, 0]);
    const [maxX, maxY] = this.toImage([this.width, this.height]);
    return { minX, minY, maxX, maxY };
  }

  /** Changes the size of the window and keeps the middle in the middle. */
  resize(width: number, height: number): void {
    this.offsetX += (width - this.width) / 2;
    this.offsetY += (height - this.height) / 2;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.tell();
  }

  panBy(dx: number, dy: number): void {
    this.offsetX += dx;
    this.offsetY += dy;
    this.tell();
  }

  /** Zooms so that the image point under `screen` stays under it. */
  zoomAt(screen: Point, factor: number): void {
    const next = Math.min(SCALE_MAX, Math.max(SCALE_MIN, this.scale * factor));
    const [x, y] = this.toImage(screen);
    this.scale = next;
    this.offsetX = screen[0] - x * next;
    this.offsetY = screen[1] - y * this.scaleY;
    this.tell();
  }

  zoomCentre(factor: number): void {
    this.zoomAt([this.width / 2, this.height / 2], factor);
  }

  /** Shows a region as large as it goes, centred. */
  fit(region: Bounds, margin = FIT_MARGIN_PX): void {
    const w = Math.max(1e-6, region.maxX - region.minX);
    const h = Math.max(1e-6, (region.maxY - region.minY) * this.aspect);
    const roomX = Math.max(1, this.width - 2 * margin);
    const roomY = Math.max(1, this.height - 2 * margin);
    this.scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, Math.min(roomX / w, roomY / h)));
    this.offsetX = this.width / 2 - ((region.minX + region.maxX) / 2) * this.scale;
    this.offsetY = this.height / 2 - ((region.minY + region.maxY) / 2) * this.scaleY;
    this.tell();
  }

  /** One image pixel on one screen pixel (of the device), around the middle of the view. */
  actualSize(ratio = 1): void {
    this.zoomCentre(1 / ratio / this.scale);
  }

  /** Takes over place and magnification of another viewport (linked views). */
  copy(other: Viewport): void {
    if (
      this.scale === other.scale &&
      this.aspect === other.aspect &&
      this.offsetX === other.offsetX &&
      this.offsetY === other.offsetY
    )
      return;
    this.scale = other.scale;
    this.aspect = other.aspect;
    this.offsetX = other.offsetX;
    this.offsetY = other.offsetY;
    this.tell();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** A round length for a scale bar: the largest 1, 2 or 5 times a power of ten not above `max`. */
export function roundLength(max: number): number {
  if (!(max > 0) || !Number.isFinite(max)) return 0;
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [5, 2, 1]) {
    if (step * power <= max) return step * power;
  }
  return power;
}
