import type { Viewport } from "./viewport";

/** From this number of objects in view on, a moving picture shows the last drawing moved along instead of a new one. */
export const DENSE_MOVE_FROM = 1_500;
/** Drawn anew when nothing has moved for this long, milliseconds. */
const SETTLE_MS = 90;
/** Of each frame, as much is spent on drawing anew, milliseconds: the hand that moves on meanwhile must not wait. */
const SLICE_MS = 7;

/** Draws the objects as the viewport stands, step by step; returns how many. */
export type Steps = (g: CanvasRenderingContext2D) => Generator<void, number>;

/**
 * Thousands of outlines take longer to draw than a frame lasts. While the picture is panned or zoomed their last drawing is
 * moved and scaled with it by the browser. As soon as the hand rests they are drawn sharp again, beside what is shown and
 * spread over frames, and put in its place when they are done; a hand that moves on before ends that at once.
 */
export class DenseView {
  private drawn = { scale: 1, scaleY: 1, x: 0, y: 0, width: 0, height: 0 };
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private request = 0;
  private readonly back = document.createElement("canvas");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly viewport: Viewport,
    private readonly steps: Steps,
    private readonly now: () => number = () => performance.now(),
  ) {
    canvas.style.transformOrigin = "0 0";
  }

  /** The objects were drawn as the viewport stands. */
  painted(count: number): void {
    const { scale, scaleY, offsetX, offsetY, width, height } = this.viewport;
    this.drawn = { scale, scaleY, x: offsetX, y: offsetY, width, height };
    this.count = count;
    this.canvas.style.transform = "";
    this.stop();
  }

  /** The viewport moved: whether moving the last drawing along is enough for now. */
  follow(): boolean {
    const { viewport, drawn } = this;
    const resized = viewport.width !== drawn.width || viewport.height !== drawn.height;
    if (this.count < DENSE_MOVE_FROM || resized) return false;
    const kx = viewport.scale / drawn.scale;
    const ky = viewport.scaleY / drawn.scaleY;
    const [x, y] = [viewport.offsetX - drawn.x * kx, viewport.offsetY - drawn.y * ky];
    this.canvas.style.transform = `matrix(${kx}, 0, 0, ${ky}, ${x}, ${y})`;
    this.stop();
    this.timer = setTimeout(() => this.sharpen(), SETTLE_MS);
    return true;
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    cancelAnimationFrame(this.request);
  }

  private sharpen(): void {
    const { back, canvas } = this;
    back.width = canvas.width;
    back.height = canvas.height;
    const ratio = window.devicePixelRatio || 1;
    const g = back.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    const steps = this.steps(g);
    const slice = () => {
      const until = this.now() + SLICE_MS;
      for (;;) {
        const step = steps.next();
        if (step.done) {
          this.swap(step.value);
          return;
        }
        if (this.now() >= until) break;
      }
      this.request = requestAnimationFrame(slice);
    };
    slice();
  }

  private swap(count: number): void {
    const g = this.canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.drawImage(this.back, 0, 0);
    this.painted(count);
  }
}
