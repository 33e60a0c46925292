import { DenseView } from "./dense";
import type { Editor, EditorEvent } from "./editor";
import { coverage, encloses, hitsShape, shapeBounds } from "./geometry";
import { HitIndex } from "./hit-index";
import { drawImageLayer, type ImageSource } from "./image-layer";
import type { ActionId } from "./keymap";
import { listen } from "./listen";
import { dragWindow, type Window } from "./lut";
import { performCommon, performNudge } from "./perform";
import { drawFronts, drawHandles, drawShapes, drawShapesInSteps } from "./shapes-layer";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "./tool";
import type { Annotation, Point } from "./types";
import { sameFrame } from "./types";
import { Viewport, ZOOM_STEP } from "./viewport";
import { WheelSteps } from "./wheel";

/** Reach of the pointer around points and outlines, screen pixels. */
const REACH_PX = 8;
/** Actions that mean something only where there is a stack of frames; its host offers them. */
const STACK_ONLY = /^(cine|series|layout)\./;
const BRIGHTNESS_STEP = 0.1;
const BRIGHTNESS_MIN = 0.2;
const BRIGHTNESS_MAX = 4;

/** Draws above the marks, in CSS pixels: scale bar, orientation letters. */
export type Decoration = (g: CanvasRenderingContext2D, viewport: Viewport) => void;

export interface StageOptions {
  container: HTMLElement;
  editor: Editor;
  tools: Tool[];
  label: string;
  /** Window of the image, where it has one. */
  window?: ToolContext["window"];
  /** Takes a wheel turn for itself (slices of a stack); Ctrl+wheel always zooms. */
  onWheel?: (steps: number) => void;
}

const LAYERS = ["image", "shapes", "overlay"] as const;
type Layer = (typeof LAYERS)[number];

/**
 * The drawing surface: three canvases over each other, drawn when something asked for it. Pointer events go
 * to the current tool, words of the key map come in through `perform`.
 */
export class Stage {
  readonly viewport = new Viewport();
  readonly index = new HitIndex();
  readonly editor: Editor;
  readonly tools: Tool[];
  readonly element: HTMLElement;
  private readonly canvases: Record<Layer, HTMLCanvasElement>;
  private readonly context: ToolContext;
  private readonly dirty = new Set<Layer>();
  private readonly decorations = new Set<Decoration>();
  private readonly pointerListeners = new Set<(point: Point | null) => void>();
  private readonly toolListeners = new Set<(tool: Tool) => void>();
  private readonly optionListeners = new Set<() => void>();
  private readonly release: (() => void)[] = [];
  private source: ImageSource | null = null;
  private request = 0;
  private tool: Tool;
  private lastDrawingTool: string | null = null;
  private fitted = false;
  private whole = "";
  private spaceHeld = false;
  private panFrom: Point | null = null;
  private windowFrom: { screen: Point; window: Window } | null = null;
  private last = { width: 0, height: 0 };
  private readonly turned = new WheelSteps();
  private brightness = 1;
  private inverted = false;
  private lifted = "";
  private readonly dense: DenseView;

  constructor(private readonly settings: StageOptions) {
    this.editor = settings.editor;
    this.tools = settings.tools;
    this.tool = settings.tools[0] as Tool;
    this.element = document.createElement("div");
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-label", settings.label);
    this.element.dataset.testid = "stage";
    this.element.style.cssText =
      "position:absolute;inset:0;overflow:hidden;outline-offset:-2px;touch-action:none;user-select:none";
    this.canvases = { image: this.addCanvas(), shapes: this.addCanvas(), overlay: this.addCanvas() };
    this.dense = new DenseView(this.canvases.shapes, this.viewport, (g) =>
      drawShapesInSteps(g, this.editor, this.index, this.viewport),
    );
    settings.container.append(this.element);
    this.context = this.makeContext();
    this.listen();
    this.rebuildIndex();
    this.measure();
    this.element.style.cursor = this.tool.cursor;
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    this.request = -1; // Nothing asks for a frame from here on: what would be drawn is closed.
    this.dense.stop();
    for (const undo of this.release) undo();
    this.element.remove();
  }

  // --- image

  setImage(source: ImageSource | null): void {
    // A frame that could not be shown in between does not take the view away.
    const changed =
      source !== null && (source.width !== this.last.width || source.height !== this.last.height);
    if (source) this.last = { width: source.width, height: source.height };
    this.source = source;
    this.editor.limits = source ? { width: source.width, height: source.height } : null;
    if (source && (changed || !this.fitted)) this.fit();
    this.redraw("image");
  }

  get size(): { width: number; height: number } {
    return { width: this.source?.width ?? 0, height: this.source?.height ?? 0 };
  }

  fit(): void {
    if (!this.source) return;
    this.fitted = this.viewport.width > 1;
    this.viewport.fit({ minX: 0, minY: 0, maxX: this.source.width, maxY: this.source.height });
    this.whole = this.viewport.key;
  }

  /** Brings an object into view, zooming out when it is larger than the window. */
  reveal(annotation: Annotation): void {
    const bounds = shapeBounds(annotation.shape);
    if (!bounds) return;
    const view = this.viewport.visible();
    if (encloses(view, bounds)) return;
    const large =
      (bounds.maxX - bounds.minX) * this.viewport.scale > this.viewport.width ||
      (bounds.maxY - bounds.minY) * this.viewport.scaleY > this.viewport.height;
    if (large) this.viewport.fit(bounds, 60);
    else {
      const [x, y] = this.viewport.toScreen([
        (bounds.minX + bounds.maxX) / 2,
        (bounds.minY + bounds.maxY) / 2,
      ]);
      this.viewport.panBy(this.viewport.width / 2 - x, this.viewport.height / 2 - y);
    }
  }

  // --- tools and actions

  get currentTool(): Tool {
    return this.tool;
  }

  chooseTool(id: string): void {
    const next = this.tools.find((tool) => tool.id === id);
    if (!next || next === this.tool || !this.isOffered(next)) return;
    this.tool.deactivate?.(this.context);
    this.tool = next;
    if (next.draws) this.lastDrawingTool = next.id;
    this.element.style.cursor = next.cursor;
    next.activate?.(this.context);
    for (const listener of this.toolListeners) listener(next);
    this.redraw("overlay");
  }

  onTool(listener: (tool: Tool) => void): () => void {
    return listen(this.toolListeners, listener);
  }

  /** Settings of the tool in hand. */
  get options(): ToolOption[] {
    return this.tool.options?.(this.context) ?? [];
  }

  onOptions(listener: () => void): () => void {
    return listen(this.optionListeners, listener);
  }

  onPointer(listener: (point: Point | null) => void): () => void {
    return listen(this.pointerListeners, listener);
  }

  decorate(decoration: Decoration): () => void {
    this.decorations.add(decoration);
    this.redraw("overlay");
    return () => this.decorations.delete(decoration);
  }

  /** Whether this stage could do the action now; decides which of two actions on one key is meant. */
  offers(action: ActionId): boolean {
    if (action.startsWith("tool.") && action !== "tool.last")
      return this.tools.some((tool) => tool.action === action && this.isOffered(tool));
    return !STACK_ONLY.test(action) && action !== "rotate.left" && action !== "rotate.right";
  }

  /** Whether a tool has something to do here: it may draw, and a class takes what it draws. */
  isOffered(tool: Tool): boolean {
    if ((tool.draws && this.editor.readOnly) || tool.isOffered?.(this.context) === false) return false;
    const kinds = tool.shapes;
    return (
      !kinds || this.editor.usableClasses().some((entry) => entry.shapes.some((kind) => kinds.includes(kind)))
    );
  }

  /** Does what a key asks for; returns whether it was ours. */
  perform(action: ActionId): boolean {
    if (this.tool.onAction?.(action, this.context)) return true;
    const tool = this.tools.find((entry) => entry.action === action);
    if (tool) {
      this.chooseTool(tool.id);
      return true;
    }
    return (
      this.performView(action) ||
      performNudge(this.editor, action) ||
      performCommon(this.editor, action, (object) => this.reveal(object))
    );
  }

  private performView(action: ActionId): boolean {
    if (action === "zoom.in") this.viewport.zoomCentre(ZOOM_STEP);
    else if (action === "zoom.out") this.viewport.zoomCentre(1 / ZOOM_STEP);
    else if (action === "zoom.fit") this.fit();
    else if (action === "zoom.actual") this.viewport.actualSize(window.devicePixelRatio || 1);
    else if (action === "brightness.up") this.adjust(this.brightness + BRIGHTNESS_STEP, this.inverted);
    else if (action === "brightness.down") this.adjust(this.brightness - BRIGHTNESS_STEP, this.inverted);
    else if (action === "invert") this.adjust(this.brightness, !this.inverted);
    else if (action === "tool.last")
      this.chooseTool(this.lastDrawingTool ?? this.tools.find((tool) => tool.draws)?.id ?? "");
    else return false;
    return true;
  }

  /** Brightness as a factor and inversion of what is shown; the data stay as they are. */
  adjust(brightness: number, inverted: boolean): void {
    this.brightness = Math.min(BRIGHTNESS_MAX, Math.max(BRIGHTNESS_MIN, brightness));
    this.inverted = inverted;
    this.canvases.image.style.filter = `${inverted ? "invert(1) " : ""}brightness(${this.brightness.toFixed(2)})`;
  }

  redraw(layer: Layer): void {
    this.dirty.add(layer);
    if (this.request === 0) this.request = requestAnimationFrame(() => this.paint());
  }

  redrawAll(): void {
    for (const layer of LAYERS) this.redraw(layer);
  }

  /** The picture moved under its marks. */
  private moved(): void {
    this.redraw("image");
    this.redraw("overlay");
    if (!this.dense.follow()) this.redraw("shapes");
  }

  hits(point: Point): Annotation[] {
    const reach = this.context.reach();
    const [x, y] = point;
    const ids = this.index.query({ minX: x - reach, minY: y - reach, maxX: x + reach, maxY: y + reach });
    return [...ids]
      .map((id) => this.editor.document.get(id))
      .filter(
        (a): a is Annotation =>
          a !== undefined && !this.editor.isHidden(a.id) && hitsShape(point, a.shape, reach / 2),
      )
      .sort((a, b) => coverage(a.shape) - coverage(b.shape));
  }

  // --- inside

  private makeContext(): ToolContext {
    const stage = this;
    return {
      editor: this.editor,
      viewport: this.viewport,
      index: this.index,
      get size() {
        return stage.size;
      },
      hits: (point) => this.hits(point),
      reach: () => this.viewport.imageLength(REACH_PX),
      redraw: () => this.redraw("overlay"),
      setCursor: (cursor) => {
        this.element.style.cursor = cursor;
      },
      window: this.settings.window ?? { get: () => null, set: (_window: Window) => {} },
      grey: () => this.source?.grey?.() ?? null,
      optionsChanged: () => {
        for (const listener of this.optionListeners) listener();
      },
      chooseTool: (id) => this.chooseTool(id),
    };
  }

  private addCanvas(): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
    canvas.setAttribute("aria-hidden", "true");
    this.element.append(canvas);
    return canvas;
  }

  private paint(): void {
    this.request = 0;
    const layers = new Set(this.dirty);
    this.dirty.clear();
    const ratio = window.devicePixelRatio || 1;
    if (layers.has("image")) drawImageLayer(this.graphics("image"), this.source, this.viewport, ratio);
    if (layers.has("shapes"))
      this.dense.painted(drawShapes(this.clear("shapes", ratio), this.editor, this.index, this.viewport));
    if (!layers.has("overlay")) return;
    const g = this.clear("overlay", ratio);
    drawFronts(g, this.editor, this.viewport);
    for (const decoration of this.decorations) decoration(g, this.viewport);
    drawHandles(g, this.editor, this.viewport);
    this.tool.draw?.(g, this.context);
  }

  private graphics(layer: Layer): CanvasRenderingContext2D {
    // Thousands of thin outlines are drawn faster by the processor than by the graphics card, and about the same on
    // every machine; the browser has only this hint to choose by.
    const settings = { willReadFrequently: layer === "shapes" };
    return this.canvases[layer].getContext("2d", settings) as CanvasRenderingContext2D;
  }

  private clear(layer: Layer, ratio: number): CanvasRenderingContext2D {
    const g = this.graphics(layer);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, g.canvas.width, g.canvas.height);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    return g;
  }

  private measure(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of Object.values(this.canvases)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const whole = this.whole === this.viewport.key;
    this.viewport.resize(width, height);
    // Whoever looks at the whole image goes on doing so when there is more or less room.
    if (!this.fitted || whole) this.fit();
    this.redrawAll();
  }

  /** Whether the same objects are dragged on. */
  private onlyMoved(event: EditorEvent): boolean {
    if (event !== "preview") return false;
    const before = this.lifted;
    this.lifted = [...this.editor.previewIds, this.editor.painting].join();
    return before === this.lifted;
  }

  private rebuildIndex(): void {
    this.index.clear();
    for (const annotation of this.editor.document.onFrame(this.editor.frame))
      this.place(annotation.id, annotation);
  }

  private place(id: string, annotation: Annotation | null): void {
    const bounds =
      annotation && sameFrame(annotation.frame, this.editor.frame) ? shapeBounds(annotation.shape) : null;
    if (bounds) this.index.set(id, bounds);
    else this.index.remove(id);
  }

  private listen(): void {
    const { element, editor } = this;
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(element);
    this.release.push(() => observer.disconnect());
    this.release.push(this.viewport.subscribe(() => this.moved()));
    this.release.push(
      editor.document.subscribe(({ changes }) => {
        for (const { id, after } of changes) this.place(id, after);
      }),
      editor.subscribe((event) => {
        if (event === "frame") this.rebuildIndex();
        // What is selected or dragged lies on the overlay: thousands of others need not be drawn for it.
        if (event !== "selection" && event !== "hover" && !this.onlyMoved(event)) this.redraw("shapes");
        this.redraw("overlay");
      }),
    );
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      handler: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ) => {
      element.addEventListener(name, handler, options);
      this.release.push(() => element.removeEventListener(name, handler, options));
    };
    on("pointerdown", (event) => this.pointerDown(event));
    on("pointermove", (event) => this.pointerMove(event));
    on("pointerup", (event) => this.pointerUp(event));
    on("pointercancel", (event) => this.pointerUp(event));
    on("pointerleave", () => this.tellPointer(null));
    on("dblclick", (event) => this.tool.doubleClick?.(this.toolPointer(event), this.context));
    on("contextmenu", (event) => event.preventDefault());
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.space(event, true));
    on("keyup", (event) => this.space(event, false));
    on("blur", () => {
      this.spaceHeld = false;
    });
  }

  private space(event: KeyboardEvent, held: boolean): void {
    if (event.code !== "Space") return;
    event.preventDefault();
    this.spaceHeld = held;
    this.element.style.cursor = held ? "grab" : this.tool.cursor;
  }

  private toolPointer(event: MouseEvent): ToolPointer {
    const frame = this.element.getBoundingClientRect();
    const screen: Point = [event.clientX - frame.left, event.clientY - frame.top];
    const { button, shiftKey, altKey } = event;
    return {
      image: this.viewport.toImage(screen),
      screen,
      button,
      shift: shiftKey,
      ctrl: event.ctrlKey || event.metaKey,
      alt: altKey,
    };
  }

  private pointerDown(event: PointerEvent): void {
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    const pointer = this.toolPointer(event);
    if (event.button === 1 || (event.button === 0 && this.spaceHeld)) {
      event.preventDefault();
      this.panFrom = pointer.screen;
      this.element.style.cursor = "grabbing";
      return;
    }
    const grey = event.button === 2 ? this.context.window.get() : null;
    if (grey && this.source) {
      this.windowFrom = { screen: pointer.screen, window: grey };
      return;
    }
    if (this.source) this.tool.pointerDown?.(pointer, this.context);
  }

  private pointerMove(event: PointerEvent): void {
    const pointer = this.toolPointer(event);
    if (this.panFrom) {
      this.viewport.panBy(pointer.screen[0] - this.panFrom[0], pointer.screen[1] - this.panFrom[1]);
      this.panFrom = pointer.screen;
      return;
    }
    if (this.windowFrom) {
      const { screen, window } = this.windowFrom;
      this.context.window.set(
        dragWindow(window, pointer.screen[0] - screen[0], pointer.screen[1] - screen[1]),
      );
      return;
    }
    this.tellPointer(pointer.image);
    if (this.source) this.tool.pointerMove?.(pointer, this.context);
  }

  private pointerUp(event: PointerEvent): void {
    if (this.panFrom) {
      this.panFrom = null;
      this.element.style.cursor = this.spaceHeld ? "grab" : this.tool.cursor;
      return;
    }
    if (this.windowFrom) {
      this.windowFrom = null;
      return;
    }
    if (this.source) this.tool.pointerUp?.(this.toolPointer(event), this.context);
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    // With Shift held most browsers turn the wheel sideways.
    if (event.shiftKey && this.tool.wheel?.(Math.sign(event.deltaY || event.deltaX), this.context)) return;
    if (this.settings.onWheel && !event.ctrlKey && !event.metaKey) {
      const steps = this.turned.take(event);
      if (steps !== 0) this.settings.onWheel(steps);
      return;
    }
    const { screen } = this.toolPointer(event);
    // Turning evenly: 100 units are one notch of most mice, trackpads send many small ones.
    this.viewport.zoomAt(screen, ZOOM_STEP ** (-event.deltaY / (event.ctrlKey ? 50 : 100)));
  }

  private tellPointer(point: Point | null): void {
    for (const listener of this.pointerListeners) listener(point);
  }
}
