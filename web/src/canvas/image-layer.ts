import { DisplayLayer } from "./display";
import type { Grey } from "./flood";
import { greyGpu } from "./gpu";
import { brightness, greyOf, greyOfSlice } from "./grey";
import { buildLut, renderSlice, type Slice, type Window } from "./lut";
import type { Viewport } from "./viewport";

/** From this magnification on single pixels are shown as squares, because they are what is labelled. */
const SHARP_FROM_SCALE = 2;
/** Largest side of a canvas that every browser takes, pixels. Larger pictures are drawn in parts. */
const CANVAS_SIDE_MAX = 4096;

/** Something that fills the image plane from (0,0) to (width,height). */
export interface ImageSource {
  readonly width: number;
  readonly height: number;
  /** Draws in image coordinates. */
  draw(g: CanvasRenderingContext2D): void;
  /** Draws itself through a view in device pixels, where it can; otherwise `draw` is asked. */
  drawThrough?(g: CanvasRenderingContext2D, viewport: Viewport, ratio: number): boolean;
  /** One number per pixel: rescaled values of a grey slice, else the brightness 0 to 255. */
  grey?(): Grey;
}

/** A decoded picture. */
export class BitmapSource implements ImageSource {
  private values: Grey | null = null;

  constructor(private readonly bitmap: ImageBitmap | HTMLCanvasElement | OffscreenCanvas) {}

  get width(): number {
    return this.bitmap.width;
  }

  get height(): number {
    return this.bitmap.height;
  }

  draw(g: CanvasRenderingContext2D): void {
    g.drawImage(this.bitmap, 0, 0);
  }

  grey(): Grey {
    if (this.values) return this.values;
    const { width, height } = this;
    const canvas = new OffscreenCanvas(width, height);
    const g = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
    g.drawImage(this.bitmap, 0, 0);
    const { data } = g.getImageData(0, 0, width, height);
    this.values = greyOf(width, height, brightness(data, width * height, 4));
    return this.values;
  }
}

interface Part {
  x: number;
  y: number;
  canvas: HTMLCanvasElement;
}

/**
 * A grey or colour slice through a window. The graphics card shades it where there is one; otherwise the processor does
 * once per window, in parts that a canvas can hold.
 */
export class SliceSource implements ImageSource {
  private values: Grey | null = null;
  private parts: Part[] = [];
  private key = "";
  private readonly over: DisplayLayer | null;

  constructor(
    readonly slice: Slice,
    private window: Window,
    private invert = false,
    /** Shades by the file's own table instead of the window. */
    private useTable = false,
    aspect = 1,
  ) {
    const { display } = slice;
    this.over = display ? new DisplayLayer(display, slice.columns, slice.rows, aspect) : null;
  }

  get width(): number {
    return this.slice.columns;
  }

  get height(): number {
    return this.slice.rows;
  }

  grey(): Grey {
    if (this.values) return this.values;
    this.values = greyOfSlice(this.slice);
    return this.values;
  }

  setWindow(window: Window, invert: boolean, useTable = false): void {
    this.window = window;
    this.invert = invert;
    this.useTable = useTable;
  }

  drawThrough(g: CanvasRenderingContext2D, viewport: Viewport, ratio: number): boolean {
    const gpu = this.slice.format === "rgb8" ? null : greyGpu();
    const drawn = gpu?.draw(g, this.slice, {
      window: this.window,
      invert: this.invert,
      table: this.table,
      scaleX: viewport.scale * ratio,
      scaleY: viewport.scaleY * ratio,
      offsetX: viewport.offsetX * ratio,
      offsetY: viewport.offsetY * ratio,
      sharp: viewport.scale >= SHARP_FROM_SCALE,
    });
    if (!drawn) return false;
    toImageSpace(g, viewport, ratio);
    this.over?.draw(g);
    return true;
  }

  draw(g: CanvasRenderingContext2D): void {
    const key = `${this.window.center}/${this.window.width}/${this.invert}/${this.useTable}`;
    if (this.key !== key) {
      this.parts = this.render();
      this.key = key;
    }
    for (const { x, y, canvas } of this.parts) g.drawImage(canvas, x, y);
    this.over?.draw(g);
  }

  private get table() {
    return this.useTable ? (this.slice.display?.table ?? null) : null;
  }

  private render(): Part[] {
    const { slice } = this;
    const lut = buildLut(slice, this.window, this.invert, this.table);
    const parts: Part[] = [];
    for (let y = 0; y < slice.rows; y += CANVAS_SIDE_MAX)
      for (let x = 0; x < slice.columns; x += CANVAS_SIDE_MAX) {
        const piece = cut(slice, x, y, CANVAS_SIDE_MAX);
        const canvas = document.createElement("canvas");
        canvas.width = piece.columns;
        canvas.height = piece.rows;
        const g = canvas.getContext("2d") as CanvasRenderingContext2D;
        const image = g.createImageData(piece.columns, piece.rows);
        renderSlice(piece, lut, image.data);
        g.putImageData(image, 0, 0);
        parts.push({ x, y, canvas });
      }
    return parts;
  }
}

/** A part of a slice; the slice itself where it is small enough. */
function cut(slice: Slice, x: number, y: number, side: number): Slice {
  if (slice.columns <= side && slice.rows <= side) return slice;
  const columns = Math.min(side, slice.columns - x);
  const rows = Math.min(side, slice.rows - y);
  const samples = slice.format === "rgb8" ? 3 : 1;
  const data = slice.data.slice(0, rows * columns * samples);
  for (let row = 0; row < rows; row += 1) {
    const from = ((y + row) * slice.columns + x) * samples;
    data.set(slice.data.subarray(from, from + columns * samples), row * columns * samples);
  }
  return { ...slice, columns, rows, data };
}

function toImageSpace(g: CanvasRenderingContext2D, viewport: Viewport, ratio: number): void {
  g.setTransform(
    viewport.scale * ratio,
    0,
    0,
    viewport.scaleY * ratio,
    viewport.offsetX * ratio,
    viewport.offsetY * ratio,
  );
}

/** Clears and draws the image layer in device pixels. */
export function drawImageLayer(
  g: CanvasRenderingContext2D,
  source: ImageSource | null,
  viewport: Viewport,
  ratio: number,
): void {
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.clearRect(0, 0, g.canvas.width, g.canvas.height);
  if (!source || source.drawThrough?.(g, viewport, ratio)) return;
  toImageSpace(g, viewport, ratio);
  g.imageSmoothingEnabled = viewport.scale < SHARP_FROM_SCALE;
  g.imageSmoothingQuality = "high";
  source.draw(g);
}
