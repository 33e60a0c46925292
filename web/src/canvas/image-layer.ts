import { buildLut, renderSlice, type Slice, type Window } from "./lut";
import type { Viewport } from "./viewport";

/** From this magnification on single pixels are shown as squares, because they are what is labelled. */
const SHARP_FROM_SCALE = 2;

/** Something that fills the image plane from (0,0) to (width,height). */
export interface ImageSource {
  readonly width: number;
  readonly height: number;
  draw(g: CanvasRenderingContext2D): void;
}

/** A decoded picture. */
export class BitmapSource implements ImageSource {
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
}

/** A grey or colour slice through a window; the picture is made once per window and kept. */
export class SliceSource implements ImageSource {
  private canvas: HTMLCanvasElement | null = null;
  private key = "";

  constructor(
    readonly slice: Slice,
    private window: Window,
    private invert = false,
  ) {}

  get width(): number {
    return this.slice.columns;
  }

  get height(): number {
    return this.slice.rows;
  }

  setWindow(window: Window, invert: boolean): void {
    this.window = window;
    this.invert = invert;
  }

  draw(g: CanvasRenderingContext2D): void {
    const key = `${this.window.center}/${this.window.width}/${this.invert}`;
    if (!this.canvas || this.key !== key) {
      this.canvas = this.render(this.canvas);
      this.key = key;
    }
    g.drawImage(this.canvas, 0, 0);
  }

  private render(reuse: HTMLCanvasElement | null): HTMLCanvasElement {
    const canvas = reuse ?? document.createElement("canvas");
    canvas.width = this.width;
    canvas.height = this.height;
    const g = canvas.getContext("2d") as CanvasRenderingContext2D;
    const image = g.createImageData(this.width, this.height);
    renderSlice(this.slice, buildLut(this.slice, this.window, this.invert), image.data);
    g.putImageData(image, 0, 0);
    return canvas;
  }
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
  if (!source) return;
  const scale = viewport.scale * ratio;
  g.setTransform(scale, 0, 0, scale, viewport.offsetX * ratio, viewport.offsetY * ratio);
  g.imageSmoothingEnabled = viewport.scale < SHARP_FROM_SCALE;
  g.imageSmoothingQuality = "high";
  source.draw(g);
}
