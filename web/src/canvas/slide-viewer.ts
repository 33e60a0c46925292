import { drawScaleBar } from "./decorations";
import type { Editor } from "./editor";
import type { ActionId } from "./keymap";
import { magnificationAt, type Slide, scaleAt } from "./slide";
import { Stage } from "./stage";
import { TiledSource, type TileFetcher } from "./tiled-source";
import { createTools } from "./tools";
import type { Point } from "./types";

export interface SlideOptions {
  container: HTMLElement;
  /** Where the overview is drawn. */
  minimap: HTMLCanvasElement;
  editor: Editor;
  stream: number;
  slide: Slide;
  fetch: TileFetcher;
}

export interface SlideState {
  /** Of what is shown now; nothing where the spacing is not known. */
  magnification: number | null;
  /** Tiles that could not be had. */
  failed: number;
}

/** Longer side of the overview, CSS pixels. */
export const MINIMAP_PX = 180;
const VIEW_COLOR = "#ffd166";

/** A slide on the stage: deep zoom by tiles, overview, scale bar, magnifications. All tools work at its full resolution. */
export class SlideViewer {
  readonly stage: Stage;
  private readonly source: TiledSource;
  private readonly listeners = new Set<(state: SlideState) => void>();
  private failed = 0;
  private asked = 0;

  constructor(private readonly options: SlideOptions) {
    const { slide, editor } = options;
    this.stage = new Stage({
      container: options.container,
      editor,
      tools: createTools({ greyscale: false }),
      label: "Slide",
    });
    const mm = slide.um === null ? null : slide.um / 1000;
    this.stage.decorate((g, viewport) => {
      drawScaleBar(g, viewport, mm === null ? "no spacing: lengths in pixels only" : { mm, caveat: "" });
    });
    this.source = new TiledSource(slide, options.fetch, (failed) => {
      this.failed = failed;
      this.stage.redraw("image");
      this.later();
    });
    editor.setFrame({ stream: options.stream, index: 0 });
    this.stage.setImage(this.source);
    this.stage.viewport.subscribe(() => this.later());
    this.listen();
    void this.source.overview();
    this.later();
  }

  get state(): SlideState {
    return {
      magnification: magnificationAt(this.options.slide, this.stage.viewport.scale),
      failed: this.failed,
    };
  }

  subscribe(listener: (state: SlideState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Shows the middle of the view at a magnification. */
  magnify(times: number): void {
    const scale = scaleAt(this.options.slide, times);
    if (scale !== null) this.stage.viewport.zoomCentre(scale / this.stage.viewport.scale);
  }

  perform(action: ActionId): boolean {
    return this.stage.perform(action);
  }

  destroy(): void {
    cancelAnimationFrame(this.asked);
    this.source.destroy();
    this.stage.destroy();
  }

  private later(): void {
    if (this.asked !== 0) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.drawMinimap();
      for (const listener of this.listeners) listener(this.state);
    });
  }

  private drawMinimap(): void {
    const { minimap } = this.options;
    const g = minimap.getContext("2d");
    if (!g) return;
    const { width, height } = this.source;
    const ratio = window.devicePixelRatio || 1;
    const shrink = MINIMAP_PX / Math.max(width, height);
    const [w, h] = [Math.max(1, Math.round(width * shrink)), Math.max(1, Math.round(height * shrink))];
    minimap.style.width = `${w}px`;
    minimap.style.height = `${h}px`;
    minimap.width = w * ratio;
    minimap.height = h * ratio;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.source.drawOverview(g, w, h);
    const view = this.stage.viewport.visible();
    const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));
    const [x0, y0] = [clamp(view.minX * shrink, w), clamp(view.minY * shrink, h)];
    const [x1, y1] = [clamp(view.maxX * shrink, w), clamp(view.maxY * shrink, h)];
    g.strokeStyle = VIEW_COLOR;
    g.lineWidth = 1.5;
    g.strokeRect(x0 + 0.75, y0 + 0.75, Math.max(2, x1 - x0 - 1.5), Math.max(2, y1 - y0 - 1.5));
  }

  /** Pressing on the overview brings its place to the middle of the view. */
  private listen(): void {
    const { minimap } = this.options;
    const go = (event: PointerEvent) => {
      const frame = minimap.getBoundingClientRect();
      const place: Point = [
        ((event.clientX - frame.left) / frame.width) * this.source.width,
        ((event.clientY - frame.top) / frame.height) * this.source.height,
      ];
      const { viewport } = this.stage;
      const [x, y] = viewport.toScreen(place);
      viewport.panBy(viewport.width / 2 - x, viewport.height / 2 - y);
    };
    minimap.addEventListener("pointerdown", (event) => {
      minimap.setPointerCapture(event.pointerId);
      go(event);
    });
    minimap.addEventListener("pointermove", (event) => {
      if (event.buttons === 1) go(event);
    });
  }
}
