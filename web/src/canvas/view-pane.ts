import { drawImageLayer, type ImageSource } from "./image-layer";
import { dragWindow, type Window } from "./lut";
import type { Bounds, Point } from "./types";
import { Viewport, ZOOM_STEP } from "./viewport";
import { WheelSteps } from "./wheel";

/** What a view beside the stage answers to. */
export interface ViewPaneEvents {
  /** The wheel asks for so many frames on. */
  scroll(frames: number): void;
  /** Pointed at an image place, by a click or while dragging. Without it the left button pans. */
  point?(at: Point): void;
  /** The pointer moved over the view, or left it. */
  hover?(at: Point | null): void;
  window: { get(): Window | null; set(window: Window): void };
  /** Draws above the picture, in CSS pixels. */
  decorate(g: CanvasRenderingContext2D, viewport: Viewport): void;
}

type Drag = { kind: "point" } | { kind: "pan"; at: Point } | { kind: "window"; from: Point; window: Window };

/**
 * A view to look at, without marks: wheel scrolls, Ctrl and wheel zooms, a click points, the right button drags the window,
 * the middle one pans. One canvas for the picture, one for what lies over it.
 */
export class ViewPane {
  readonly viewport = new Viewport();
  readonly element = document.createElement("div");
  private readonly image = canvas();
  private readonly overlay = canvas();
  private readonly observer: ResizeObserver;
  private source: ImageSource | null = null;
  private last = { width: 0, height: 0 };
  private fitted = false;
  private drag: Drag | null = null;
  private readonly turned = new WheelSteps();
  private request = 0;
  private home: Bounds | null = null;
  private readonly dirty = new Set<"image" | "overlay">();

  constructor(
    container: HTMLElement,
    label: string,
    private readonly events: ViewPaneEvents,
  ) {
    this.element.style.cssText =
      "position:absolute;inset:0;overflow:hidden;touch-action:none;user-select:none;cursor:crosshair";
    if (!events.point) this.element.style.cursor = "grab";
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", label);
    this.element.append(this.image, this.overlay);
    container.append(this.element);
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.element);
    this.viewport.subscribe(() => {
      this.redraw("image");
      this.redraw("overlay");
    });
    this.listen();
    this.measure();
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    // Nothing asks for a frame from here on: what would be drawn is closed.
    this.request = -1;
    this.observer.disconnect();
    this.element.remove();
  }

  get size(): { rows: number; columns: number } {
    return { rows: this.last.height, columns: this.last.width };
  }

  setImage(source: ImageSource | null): void {
    const changed =
      source !== null && (source.width !== this.last.width || source.height !== this.last.height);
    if (source) this.last = { width: source.width, height: source.height };
    this.source = source;
    if (source && (changed || !this.fitted)) this.fit();
    this.redraw("image");
  }

  /** What the view shows at first and after its room changed, instead of the whole image; nothing for the whole. */
  setHome(region: Bounds | null): void {
    this.home = region;
    this.fit();
  }

  fit(): void {
    if (this.last.width === 0) return;
    this.fitted = this.viewport.width > 1;
    this.viewport.fit(this.home ?? this.whole());
  }

  private whole(): Bounds {
    return { minX: 0, minY: 0, maxX: this.last.width, maxY: this.last.height };
  }

  redraw(layer: "image" | "overlay"): void {
    this.dirty.add(layer);
    if (this.request === 0) this.request = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.request = 0;
    const ratio = window.devicePixelRatio || 1;
    if (this.dirty.delete("image")) drawImageLayer(graphics(this.image), this.source, this.viewport, ratio);
    if (!this.dirty.delete("overlay")) return;
    const g = graphics(this.overlay);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, g.canvas.width, g.canvas.height);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.events.decorate(g, this.viewport);
  }

  private measure(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    for (const layer of [this.image, this.overlay]) {
      layer.width = Math.round(width * ratio);
      layer.height = Math.round(height * ratio);
    }
    this.viewport.resize(width, height);
    // A view whose room changed begins anew: nobody marks anything here.
    this.fit();
    this.redraw("image");
    this.redraw("overlay");
  }

  private listen(): void {
    const { element, events } = this;
    const at = (event: MouseEvent): Point => {
      const frame = element.getBoundingClientRect();
      return [event.clientX - frame.left, event.clientY - frame.top];
    };
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        if (event.ctrlKey || event.metaKey)
          this.viewport.zoomAt(at(event), ZOOM_STEP ** (-event.deltaY / 50));
        else {
          const steps = this.turned.take(event);
          if (steps !== 0) events.scroll(steps);
        }
      },
      { passive: false },
    );
    element.addEventListener("dblclick", () => this.viewport.fit(this.whole()));
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      const window = events.window.get();
      if (event.button === 1 || (event.button === 0 && !events.point))
        this.drag = { kind: "pan", at: at(event) };
      else if (event.button === 2) this.drag = window && { kind: "window", from: at(event), window };
      else {
        this.drag = { kind: "point" };
        events.point?.(this.viewport.toImage(at(event)));
      }
    });
    element.addEventListener("pointermove", (event) => this.move(at(event)));
    const end = () => {
      this.drag = null;
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
    element.addEventListener("pointerleave", () => events.hover?.(null));
  }

  private move(at: Point): void {
    const { drag, events } = this;
    if (!drag) events.hover?.(this.viewport.toImage(at));
    else if (drag.kind === "point") events.point?.(this.viewport.toImage(at));
    else if (drag.kind === "pan") {
      this.viewport.panBy(at[0] - drag.at[0], at[1] - drag.at[1]);
      drag.at = at;
    } else events.window.set(dragWindow(drag.window, at[0] - drag.from[0], at[1] - drag.from[1]));
  }
}

function canvas(): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
  made.setAttribute("aria-hidden", "true");
  return made;
}

function graphics(of: HTMLCanvasElement): CanvasRenderingContext2D {
  return of.getContext("2d") as CanvasRenderingContext2D;
}
