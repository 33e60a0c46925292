import type { Viewport } from "./viewport";

/** From this number of objects in view on, a moving picture shows the last drawing moved along instead of a new one. */
export const DENSE_MOVE_FROM = 1_500;
/** Drawn anew when nothing has moved for this long, milliseconds. */
const SETTLE_MS = 90;

/**
 * Thousands of outlines take longer to draw than a frame lasts. While the picture is panned or zoomed their last drawing is
 * moved and scaled with it by the browser, and drawn sharp again as soon as the hand rests.
 */
export class DenseView {
  private drawn = { scale: 1, scaleY: 1, x: 0, y: 0, width: 0, height: 0 };
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly viewport: Viewport,
    private readonly redraw: () => void,
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
    this.timer = setTimeout(this.redraw, SETTLE_MS);
    return true;
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
