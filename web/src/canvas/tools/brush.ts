import { cutFromOthers } from "../arrange";
import { Bits } from "../bits";
import { ColumnRuns } from "../column-runs";
import { clampPoint, distance } from "../geometry";
import type { ActionId } from "../keymap";
import { keepPicture, maskPicture } from "../mask-layer";
import { paintDisc } from "../painting";
import { Tiles } from "../tiles";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import { type Annotation, MASK_PIXELS_MAX, type MaskShape, type Point } from "../types";

/** Radius of the brush, image pixels. */
const RADIUS_MIN = 0.5;
const RADIUS_MAX = 250;
/** How strongly what is painted covers the image. */
const PAINT_ALPHA = 0.6;
/** One step of the size keys. */
const RADIUS_STEP = 1.2;

/** What brush and eraser share: people change the size once, for both. */
export interface BrushSettings {
  radius: number;
  /** Only pixels whose value lies within are painted. */
  limited: boolean;
  low: number;
  high: number;
  /** What is painted is taken away from the other masks under it. */
  cuts: boolean;
}

export const brushSettings = (): BrushSettings => ({
  radius: 8,
  limited: false,
  low: 0,
  high: 255,
  cuts: false,
});

/** The settings that keep a brush to pixels whose values lie between two. */
export function limitOptions(settings: BrushSettings, context: ToolContext): ToolOption[] {
  const grey = context.grey();
  const set =
    <K extends keyof BrushSettings>(key: K) =>
    (value: BrushSettings[K]) => {
      settings[key] = value;
      context.optionsChanged();
      context.redraw();
    };
  const limited: ToolOption = {
    kind: "flag",
    id: "limited",
    label: "Only values between",
    value: settings.limited,
    set: set("limited"),
  };
  if (!settings.limited || !grey) return [limited];
  const limits = (["low", "high"] as const).map(
    (key): ToolOption => ({
      kind: "range",
      id: key,
      label: key === "low" ? "from" : "to",
      min: grey.min,
      max: grey.max,
      step: Math.max(1, Math.round((grey.max - grey.min) / 500)),
      value: settings[key],
      set: set(key),
    }),
  );
  return [limited, ...limits];
}

interface Stroke {
  target: Annotation | null;
  bits: Bits;
  runs: ColumnRuns;
  tiles: Tiles;
  last: Point;
}

/** Paints the selected mask, or a new one; the eraser takes away. One stroke is one step. */
export class BrushTool implements Tool {
  readonly id: string;
  readonly title: string;
  readonly action: ActionId;
  readonly icon: string;
  readonly cursor = "none";
  readonly draws = true;
  readonly shapes = ["mask"] as const;
  private stroke: Stroke | null = null;
  private pointer: Point | null = null;
  /** The pixels of the mask that was painted last, so that the next stroke need not read it again. */
  private kept: { shape: MaskShape; bits: Bits; runs: ColumnRuns } | null = null;

  constructor(
    private readonly value: 0 | 1,
    private readonly settings: BrushSettings,
  ) {
    this.id = value ? "brush" : "eraser";
    this.title = value ? "Brush" : "Eraser";
    this.action = value ? "tool.brush" : "tool.eraser";
    this.icon = value
      ? "M20 4L10 14M10 14c-3 0-4 2-4 4 0 1-1 2-2 2 4 1 8-1 8-4 0-1-1-2-2-2z"
      : "M14 5l6 6-8 8H7l-4-4zM9 10l6 6";
  }

  activate(context: ToolContext): void {
    const grey = context.grey();
    // Limits that were never touched begin with everything.
    if (grey && !this.settings.limited) [this.settings.low, this.settings.high] = [grey.min, grey.max];
  }

  deactivate(context: ToolContext): void {
    this.abort(context);
    this.pointer = null;
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const { width, height } = context.size;
    if (width * height > MASK_PIXELS_MAX) {
      context.editor.say("This image is too large for masks: draw a polygon.");
      return;
    }
    const target = this.target(event, context);
    if (!target && this.value === 0) {
      context.editor.say("There is no mask here to erase from.");
      return;
    }
    const { bits, runs } = this.pixelsOf(target, width, height);
    const color =
      context.editor.classOf(target?.class ?? "")?.color ??
      context.editor.classForShape("mask")?.color ??
      "#ffffff";
    const before = target?.shape.type === "mask" ? maskPicture(target.shape, color) : undefined;
    this.stroke = { target, bits, runs, tiles: new Tiles(bits, color, before), last: event.image };
    context.editor.setPainting(target?.id ?? null);
    this.paint(event.image, context);
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.pointer = event.image;
    if (this.stroke) this.paint(event.image, context);
    context.redraw();
  }

  pointerUp(_event: ToolPointer, context: ToolContext): void {
    const { stroke } = this;
    if (!stroke) return;
    this.stroke = null;
    context.editor.setPainting(null);
    const shape = stroke.runs.toShape();
    // The bits go on to be painted on: a tile that is seen later for the first time is read from the shape.
    if (shape) keepPicture(shape, new Tiles(() => Bits.fromShape(shape), stroke.tiles.color, stroke.tiles));
    this.keep(stroke, shape, context);
    context.redraw();
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (action === "brush.larger" || action === "brush.smaller") {
      this.resize(action === "brush.larger" ? 1 : -1, context);
      return true;
    }
    if (this.stroke && (action === "cancel" || action === "undo")) {
      this.abort(context);
      return true;
    }
    return false;
  }

  wheel(steps: number, context: ToolContext): boolean {
    this.resize(-steps, context);
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    const { settings } = this;
    const set =
      <K extends keyof BrushSettings>(key: K) =>
      (value: BrushSettings[K]) => {
        settings[key] = value;
        context.optionsChanged();
        context.redraw();
      };
    const size: ToolOption = {
      kind: "range",
      id: "radius",
      label: "Size",
      min: RADIUS_MIN,
      max: RADIUS_MAX,
      step: 0.5,
      value: settings.radius,
      set: set("radius"),
    };
    const cuts: ToolOption[] = this.value
      ? [{ kind: "flag", id: "cuts", label: "Cuts other masks", value: settings.cuts, set: set("cuts") }]
      : [];
    return [size, ...limitOptions(settings, context), ...cuts];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    this.stroke?.tiles.draw(g, PAINT_ALPHA, context.viewport);
    if (!this.pointer) return;
    const [x, y] = context.viewport.toScreen(this.pointer);
    const radius = Math.max(1, this.settings.radius * context.viewport.scale);
    for (const [color, width] of [
      ["rgba(0, 0, 0, 0.7)", 2.5],
      [this.value ? "#ffffff" : "#ff8f8f", 1.25],
    ] as const) {
      g.beginPath();
      g.arc(x, y, radius, 0, Math.PI * 2);
      g.strokeStyle = color;
      g.lineWidth = width;
      g.stroke();
    }
  }

  private resize(direction: number, context: ToolContext): void {
    const next = this.settings.radius * RADIUS_STEP ** direction;
    this.settings.radius = Math.round(2 * Math.min(RADIUS_MAX, Math.max(RADIUS_MIN, next))) / 2;
    context.optionsChanged();
    context.redraw();
  }

  /** The selected mask; for the eraser else the one under the pointer. */
  private target(event: ToolPointer, context: ToolContext): Annotation | null {
    const { editor } = context;
    const isMask = (a: Annotation) => a.shape.type === "mask";
    const [selected, another] = editor.editable(editor.selection()).filter(isMask);
    if (selected && !another && (!event.shift || this.value === 0)) return selected;
    if (this.value) return null;
    return editor.editable(context.hits(event.image)).find(isMask) ?? null;
  }

  private pixelsOf(target: Annotation | null, width: number, height: number): Pick<Stroke, "bits" | "runs"> {
    if (target && this.kept?.shape === target.shape) return this.kept;
    const whole = { minX: 0, minY: 0, maxX: width, maxY: height };
    const bits =
      target?.shape.type === "mask" ? Bits.fromShape(target.shape).cut(whole) : new Bits(0, 0, width, height);
    return { bits, runs: new ColumnRuns(bits) };
  }

  private paint(to: Point, context: ToolContext): void {
    const { stroke, settings } = this;
    if (!stroke) return;
    const grey = settings.limited ? context.grey() : null;
    const limit = grey && { grey, low: settings.low, high: settings.high };
    const { width, height } = context.size;
    const length = distance(stroke.last, to);
    const steps = Math.max(1, Math.ceil(length / Math.max(0.5, settings.radius / 3)));
    for (let i = 1; i <= steps; i += 1) {
      const at: Point = [
        stroke.last[0] + ((to[0] - stroke.last[0]) * i) / steps,
        stroke.last[1] + ((to[1] - stroke.last[1]) * i) / steps,
      ];
      const changed = paintDisc(
        stroke.bits,
        clampPoint(at, width, height),
        settings.radius,
        this.value,
        limit,
      );
      stroke.tiles.touch(changed);
      stroke.runs.touch(changed);
    }
    stroke.last = to;
    context.redraw();
  }

  private keep(stroke: Stroke, shape: MaskShape | null, context: ToolContext): void {
    const { editor } = context;
    const { target, bits, runs } = stroke;
    this.kept = shape ? { shape, bits, runs } : null;
    const cut = (painted: Annotation) =>
      this.settings.cuts && this.value ? cutFromOthers(editor, painted, bits) : [];
    if (!target) {
      if (shape) editor.create(shape, editor.frame, cut);
      return;
    }
    if (!shape) {
      // What was erased to nothing is gone; undo brings it back.
      editor.remove([target]);
      return;
    }
    const { score: _score, ...rest } = target;
    const change = { id: target.id, before: target, after: { ...rest, shape, author: editor.me() } };
    const label = `${this.value ? "paint" : "erase from"} ${editor.nameOf([target])}`;
    editor.apply(label, [change, ...cut(target)], target.frame);
  }

  private abort(context: ToolContext): void {
    if (this.stroke) this.kept = null;
    this.stroke = null;
    context.editor.setPainting(null);
    context.redraw();
  }
}
