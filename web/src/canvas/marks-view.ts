import type { Editor } from "./editor";
import { coverage, hitsShape, shapeBounds } from "./geometry";
import { HitIndex } from "./hit-index";
import { BitmapSource } from "./image-layer";
import type { Window } from "./lut";
import { drawFronts, drawShapes } from "./shapes-layer";
import type { Bounds, Point } from "./types";
import { ViewPane } from "./view-pane";

/** How far off a mark one may point at it, screen pixels; half of that for what has an area. */
const REACH_PX = 8;
/** A press that moved farther was a pan, screen pixels. */
const CLICK_PX = 4;
/** Least of the picture around a mark that is brought into view, image pixels. */
const CONTEXT_MIN_PX = 12;

export interface MarksViewEvents {
  /** The wheel asks for so many frames on. */
  scroll(frames: number): void;
  /** The right button drags a window, where there is one. */
  window: { get(): Window | null; set(window: Window): void };
}

/**
 * A picture with the marks of a read over it, to look at: drawn by what draws them in the workspace, so that every shape that can be
 * drawn there is seen here. A click chooses the smallest mark under it; nothing here changes one.
 */
export class MarksView {
  private readonly pane: ViewPane;
  private readonly index = new HitIndex();
  private readonly stopListening: () => void;
  private bitmap: ImageBitmap | null = null;
  private pressed: Point | null = null;

  constructor(
    container: HTMLElement,
    private readonly editor: Editor,
    events: MarksViewEvents,
  ) {
    this.pane = new ViewPane(container, "", {
      ...events,
      decorate: (g, viewport) => {
        drawShapes(g, editor, this.index, viewport);
        drawFronts(g, editor, viewport);
      },
    });
    const { element } = this.pane;
    element.addEventListener("pointerdown", (event) => {
      this.pressed = event.button === 0 ? [event.clientX, event.clientY] : null;
    });
    element.addEventListener("click", (event) => this.choose(event));
    this.stopListening = editor.subscribe((event) => {
      if (event === "document" || event === "frame") this.rebuild();
      this.pane.redraw("overlay");
    });
    this.rebuild();
  }

  /** The picture belongs to the view from here on. */
  setPicture(bitmap: ImageBitmap | null, label: string): void {
    this.bitmap?.close();
    this.bitmap = bitmap;
    this.pane.element.setAttribute("aria-label", label);
    this.pane.setImage(bitmap ? new BitmapSource(bitmap) : null);
  }

  /** Moves a mark of the frame on screen into view, where it is out of it. */
  reveal(id: string): void {
    const bounds = this.index.bounds(id);
    if (!bounds || meets(bounds, this.pane.viewport.visible())) return;
    const { minX, minY, maxX, maxY } = bounds;
    const around = Math.max(maxX - minX, maxY - minY, CONTEXT_MIN_PX);
    this.pane.viewport.fit({
      minX: minX - around,
      minY: minY - around,
      maxX: maxX + around,
      maxY: maxY + around,
    });
  }

  destroy(): void {
    this.stopListening();
    this.pane.destroy();
    this.bitmap?.close();
  }

  private rebuild(): void {
    this.index.clear();
    for (const { id, shape } of this.editor.document.onFrame(this.editor.frame)) {
      const bounds = shapeBounds(shape);
      if (bounds) this.index.set(id, bounds);
    }
  }

  private choose(event: MouseEvent): void {
    const from = this.pressed;
    if (!from || Math.hypot(event.clientX - from[0], event.clientY - from[1]) > CLICK_PX) return;
    const place = this.pane.element.getBoundingClientRect();
    const point = this.pane.viewport.toImage([event.clientX - place.left, event.clientY - place.top]);
    const found = this.at(point);
    this.editor.select(found ? [found] : []);
  }

  /** The smallest mark at an image place. */
  private at([x, y]: Point): string | null {
    const reach = this.pane.viewport.imageLength(REACH_PX);
    const near = this.index.query({ minX: x - reach, minY: y - reach, maxX: x + reach, maxY: y + reach });
    const hit = [...near]
      .flatMap((id) => this.editor.document.get(id) ?? [])
      .filter(({ shape }) => hitsShape([x, y], shape, reach / 2))
      .sort((a, b) => coverage(a.shape) - coverage(b.shape));
    return hit[0]?.id ?? null;
  }
}

const meets = (a: Bounds, b: Bounds): boolean =>
  a.minX <= b.maxX && a.maxX >= b.minX && a.minY <= b.maxY && a.maxY >= b.minY;
