import { drawImageLayer, type ImageSource } from "./image-layer";
import type { Point } from "./types";
import { Viewport, ZOOM_STEP } from "./viewport";

/** A picture to look at, without marks: wheel zooms, dragging pans. */
export class ImagePane {
  readonly viewport = new Viewport();
  private readonly canvas = document.createElement("canvas");
  private readonly observer: ResizeObserver;
  private source: ImageSource | null = null;
  private request = 0;
  private from: Point | null = null;

  constructor(
    private readonly container: HTMLElement,
    label: string,
  ) {
    this.canvas.style.cssText =
      "position:absolute;inset:0;width:100%;height:100%;cursor:grab;touch-action:none";
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
    container.append(this.canvas);
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.canvas);
    this.viewport.subscribe(() => this.redraw());
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.viewport.zoomAt([event.offsetX, event.offsetY], ZOOM_STEP ** (-event.deltaY / 100));
      },
      { passive: false },
    );
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.from = [event.clientX, event.clientY];
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.from) return;
      this.viewport.panBy(event.clientX - this.from[0], event.clientY - this.from[1]);
      this.from = [event.clientX, event.clientY];
    });
    const end = () => {
      this.from = null;
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
    this.measure();
  }

  setImage(source: ImageSource | null): void {
    this.source = source;
    this.redraw();
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    // Nothing asks for a frame from here on: what would be drawn is closed.
    this.request = -1;
    this.observer.disconnect();
    this.canvas.remove();
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.container;
    if (clientWidth === 0 || clientHeight === 0) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.viewport.resize(clientWidth, clientHeight);
    this.redraw();
  }

  private redraw(): void {
    if (this.request !== 0) return;
    this.request = requestAnimationFrame(() => {
      this.request = 0;
      const g = this.canvas.getContext("2d");
      if (g) drawImageLayer(g, this.source, this.viewport, window.devicePixelRatio || 1);
    });
  }
}
