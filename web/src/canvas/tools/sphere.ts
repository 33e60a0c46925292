import { type BallSlice, ballSlices, paintPath, type StackSpace, strokeBounds } from "../ball";
import { Bits } from "../bits";
import type { Change } from "../document";
import { clampPoint } from "../geometry";
import type { ActionId } from "../keymap";
import type { Limit } from "../painting";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import { members } from "../tracks";
import {
  type Annotation,
  type FrameRef,
  MASK_PIXELS_MAX,
  type MaskShape,
  type Point,
  type Spacing,
  sameFrame,
} from "../types";
import { type BrushSettings, limitOptions } from "./brush";

/** Radius of the ball, millimetres; pixels where the distance of pixels is not known. */
const RADIUS_MIN = 0.5;
const RADIUS_MAX = 100;
const RADIUS_STEP = 1.2;
/** Pixels of a side of a window that are one pixel. */
const PIXELS: Spacing = { row: 1, column: 1 };

/** What the two share: people change the size once, for both. */
export interface BallSettings {
  radius: number;
}

export const ballSettings = (): BallSettings => ({ radius: 5 });

interface Stroke {
  target: Annotation | null;
  frame: FrameRef;
  path: Point[];
}

/**
 * Paints a ball in millimetres through the slices of a stack, or takes one away. What it paints on several slices is one thing: one
 * mask per slice, all of one track. One stroke is one step, whatever it reaches. Where the stack does not say how far apart pixels and
 * slices are, it says so and paints on the slice on screen alone.
 */
export class SphereTool implements Tool {
  readonly id: string;
  readonly title: string;
  readonly action: ActionId;
  readonly icon: string;
  readonly cursor = "none";
  readonly draws = true;
  readonly shapes = ["mask"] as const;
  private stroke: Stroke | null = null;
  private pointer: Point | null = null;
  /** A stroke waits for the values of other slices. */
  private waiting: Promise<void> | null = null;
  private told = false;

  constructor(
    private readonly value: 0 | 1,
    private readonly settings: BallSettings,
    private readonly limits: BrushSettings,
    private readonly stack: StackSpace,
  ) {
    this.id = value ? "sphere" : "sphere-eraser";
    this.title = value ? "Ball brush" : "Ball eraser";
    this.action = value ? "tool.sphere" : "tool.sphere_eraser";
    this.icon = value
      ? "M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M4 12c3 3 13 3 16 0M12 4c-3 3-3 13 0 16"
      : "M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M4 12c3 3 13 3 16 0M7 7l10 10";
  }

  /** Settled when no stroke waits for slices; for whoever looks at what became of it. */
  get settled(): Promise<void> {
    return this.waiting ?? Promise.resolve();
  }

  deactivate(context: ToolContext): void {
    this.stroke = null;
    this.pointer = null;
    this.told = false;
    context.redraw();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    const { editor, size } = context;
    if (event.button !== 0 || !editor.frame) return;
    if (this.waiting) {
      editor.say("The slices around the last stroke are being loaded: one moment.");
      return;
    }
    if (size.width * size.height > MASK_PIXELS_MAX) {
      editor.say("This image is too large for masks: draw a polygon.");
      return;
    }
    const target = this.target(event, context);
    if (!target && this.value === 0) {
      editor.say("There is no mask here to erase from.");
      return;
    }
    if (!target && !editor.classForShape("mask")) return;
    const flat = this.flat(context);
    if (flat && !this.told) editor.say(`On this slice only: ${flat}.`);
    this.told = flat !== null;
    this.stroke = { target, frame: editor.frame, path: [event.image] };
    context.redraw();
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.pointer = event.image;
    if (this.stroke && !sameFrame(this.stroke.frame, context.editor.frame)) this.stroke = null;
    this.stroke?.path.push(event.image);
    context.redraw();
  }

  pointerUp(_event: ToolPointer, context: ToolContext): void {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke) return;
    const { width, height } = context.size;
    stroke.path = stroke.path.map((at) => clampPoint(at, width, height));
    const slices = this.reached(stroke, context);
    if (!this.limits.limited) {
      this.keep(stroke, slices, new Map(), context);
      return;
    }
    this.waiting = this.loaded(stroke, slices, context)
      .then((limits) => this.keep(stroke, slices, limits, context))
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        context.editor.say(`Nothing was painted: ${why}.`);
      })
      .finally(() => {
        this.waiting = null;
        context.redraw();
      });
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (action === "brush.larger" || action === "brush.smaller") {
      this.resize(action === "brush.larger" ? 1 : -1, context);
      return true;
    }
    if (this.stroke && (action === "cancel" || action === "undo")) {
      this.stroke = null;
      context.redraw();
      return true;
    }
    return false;
  }

  wheel(steps: number, context: ToolContext): boolean {
    this.resize(-steps, context);
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    const flat = this.flat(context);
    const radius: ToolOption = {
      kind: "range",
      id: "ball",
      label: context.editor.spacing ? "Radius, mm" : "Radius, pixels",
      min: RADIUS_MIN,
      max: RADIUS_MAX,
      step: 0.5,
      value: this.settings.radius,
      set: (value) => this.setRadius(value, context),
    };
    const { index } = context.editor.frame ?? { index: 0 };
    const count = flat ? 1 : ballSlices(this.stack.positions, index, this.settings.radius).length;
    const text = flat ? `this slice only: ${flat}` : `reaches ${count} ${count === 1 ? "slice" : "slices"}`;
    return [radius, ...limitOptions(this.limits, context), { kind: "text", id: "reach", text }];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { viewport, editor } = context;
    const { row, column } = this.spacing(context);
    const { radius } = this.settings;
    const [rx, ry] = [(radius / column) * viewport.scale, (radius / row) * viewport.scaleY].map((r) =>
      Math.max(1, r),
    ) as [number, number];
    if (this.stroke) {
      const of = this.stroke.target?.class ?? editor.classForShape("mask")?.id ?? "";
      g.save();
      g.globalAlpha = 0.45;
      g.strokeStyle = this.value ? (editor.classOf(of)?.color ?? "#ffffff") : "#202020";
      g.lineWidth = 2 * rx;
      g.lineCap = "round";
      g.lineJoin = "round";
      g.beginPath();
      for (const at of this.stroke.path) g.lineTo(...viewport.toScreen(at));
      // A path of one place is drawn as a dot.
      g.lineTo(...viewport.toScreen(this.stroke.path.at(-1) as Point));
      g.stroke();
      g.restore();
    }
    if (!this.pointer) return;
    const [x, y] = viewport.toScreen(this.pointer);
    for (const [color, width] of [
      ["rgba(0, 0, 0, 0.7)", 2.5],
      [this.value ? "#ffffff" : "#ff8f8f", 1.25],
    ] as const) {
      g.strokeStyle = color;
      g.lineWidth = width;
      g.beginPath();
      g.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
      g.stroke();
      // A second ring within tells a ball from a disc.
      if (this.flat(context)) continue;
      g.beginPath();
      g.ellipse(x, y, rx, ry / 3, 0, 0, Math.PI * 2);
      g.stroke();
    }
  }

  private resize(direction: number, context: ToolContext): void {
    this.setRadius(this.settings.radius * RADIUS_STEP ** direction, context);
  }

  private setRadius(value: number, context: ToolContext): void {
    this.settings.radius = Math.round(10 * Math.min(RADIUS_MAX, Math.max(RADIUS_MIN, value))) / 10;
    context.optionsChanged();
    context.redraw();
  }

  /** Why it paints on one slice only; nothing where it paints balls. */
  private flat(context: ToolContext): string | null {
    if (this.stack.refusal) return this.stack.refusal;
    return context.editor.spacing ? null : "the distance of the pixels in the patient is not known";
  }

  private spacing(context: ToolContext): Spacing {
    return context.editor.spacing ?? PIXELS;
  }

  private target(event: ToolPointer, context: ToolContext): Annotation | null {
    const { editor } = context;
    const isMask = (a: Annotation) => a.shape.type === "mask" && sameFrame(a.frame, editor.frame);
    const [selected, another] = editor.editable(editor.selection()).filter(isMask);
    if (selected && !another && (!event.shift || this.value === 0)) return selected;
    if (this.value) return null;
    return editor.editable(context.hits(event.image)).find(isMask) ?? null;
  }

  private reached({ frame }: Stroke, context: ToolContext): BallSlice[] {
    const { radius } = this.settings;
    if (this.flat(context)) return [{ index: frame.index, radius }];
    return ballSlices(this.stack.positions, frame.index, radius);
  }

  /** The values of the slices that a stroke reaches and that there is something to do on. */
  private async loaded(
    stroke: Stroke,
    slices: BallSlice[],
    context: ToolContext,
  ): Promise<Map<number, Limit>> {
    const { low, high } = this.limits;
    const there = this.masksOf(stroke, context);
    const wanted = slices.filter(({ index }) => this.value === 1 || there.has(index));
    const greys = await Promise.all(wanted.map(({ index }) => this.stack.grey(index)));
    return new Map(wanted.map(({ index }, i) => [index, { grey: greys[i] as Limit["grey"], low, high }]));
  }

  /** The masks of the thing that is painted on, by slice: those of its track, or the one mask that has none. */
  private masksOf({ target, frame }: Stroke, { editor }: ToolContext): Map<number, Annotation> {
    const found = new Map<number, Annotation>();
    const track = target?.arrangement?.track;
    if (track)
      for (const one of members(editor, track, frame.stream))
        if (one.shape.type === "mask" && one.frame) found.set(one.frame.index, one);
    if (target) found.set(frame.index, target);
    return found;
  }

  /** Makes one step of the stroke: on each slice the mask that is there is painted on, or a new one begins. */
  private keep(stroke: Stroke, slices: BallSlice[], limits: Map<number, Limit>, context: ToolContext): void {
    const { editor } = context;
    const { target, frame } = stroke;
    if (target && editor.document.get(target.id)?.shape !== target.shape) {
      editor.say("The mask was changed meanwhile: paint again.");
      return;
    }
    const entry = target ? editor.classOf(target.class) : editor.classForShape("mask");
    if (!entry || (target && !editor.document.has(target.id))) return;
    const there = this.masksOf(stroke, context);
    const track = target?.arrangement?.track ?? (slices.length > 1 && this.value ? editor.freshId() : null);
    const changes: Change[] = [];
    let kept = 0;
    for (const slice of slices) {
      const before = there.get(slice.index) ?? null;
      if (!before && this.value === 0) continue;
      if (before && editor.editable([before]).length === 0) {
        kept += 1;
        continue;
      }
      const shape = this.painted(before, stroke, slice, limits.get(slice.index) ?? null, context);
      if (shape === undefined) continue;
      const change = before
        ? this.changed(before, shape, track, context)
        : shape && this.begun(shape, entry.id, { stream: frame.stream, index: slice.index }, track, context);
      if (change) changes.push(change);
    }
    if (kept > 0)
      editor.say(`${kept} ${kept === 1 ? "slice is" : "slices are"} locked or hidden and stayed.`);
    // A track of one slice says nothing.
    const made = changes.length === 1 && !target?.arrangement?.track ? changes.map(withoutTrack) : changes;
    editor.apply(`${this.value ? "paint a ball of" : "erase a ball from"} ${entry.name}`, made, frame);
    const own = made.find(({ after }) => after && sameFrame(after.frame, frame))?.after;
    if (own && sameFrame(editor.frame, frame)) editor.select([own.id]);
  }

  /** The mask of a slice after the stroke; `null` where nothing is left, nothing at all where it changed nothing. */
  private painted(
    before: Annotation | null,
    { path, frame }: Stroke,
    { index, radius }: BallSlice,
    limit: Limit | null,
    context: ToolContext,
  ): MaskShape | null | undefined {
    const { width, height } = context.size;
    const spacing = this.spacing(context);
    const reach = strokeBounds(path, radius, spacing, { width, height });
    const old = before?.shape.type === "mask" ? Bits.fromShape(before.shape) : null;
    if (!reach || (this.limits.limited && !limit)) return undefined;
    // Only what is set, and what the stroke may cover, is held: not the whole image for each slice.
    const window = old && this.value ? around(old, reach) : reach;
    const bits = old
      ? this.value
        ? old.cut(window)
        : old.copy()
      : new Bits(reach.minX, reach.minY, reach.maxX - reach.minX, reach.maxY - reach.minY);
    const count = bits.count();
    paintPath(bits, path, radius, spacing, this.value, limit);
    // A ball smaller than a pixel covers the one that it points at.
    if (index === frame.index && bits.count() === count && !old && !limit)
      for (const [x, y] of path) bits.set(Math.floor(x), Math.floor(y), 1);
    return bits.count() === count ? undefined : bits.toShape(width, height);
  }

  private changed(
    before: Annotation,
    shape: MaskShape | null,
    track: string | null,
    { editor }: ToolContext,
  ): Change {
    if (!shape) return { id: before.id, before, after: null };
    const { score: _score, ...rest } = before;
    const arrangement = track ? { arrangement: { ...before.arrangement, track } } : {};
    return { id: before.id, before, after: { ...rest, ...arrangement, shape, author: editor.me() } };
  }

  private begun(
    shape: MaskShape,
    of: string,
    frame: FrameRef,
    track: string | null,
    { editor }: ToolContext,
  ): Change {
    const after = editor.fresh({ class: of, frame, shape, ...(track ? { arrangement: { track } } : {}) });
    return { id: after.id, before: null, after };
  }
}

/** The window that holds both. */
function around(bits: Bits, to: { minX: number; minY: number; maxX: number; maxY: number }) {
  return {
    minX: Math.min(bits.left, to.minX),
    minY: Math.min(bits.top, to.minY),
    maxX: Math.max(bits.left + bits.width, to.maxX),
    maxY: Math.max(bits.top + bits.height, to.maxY),
  };
}

function withoutTrack(change: Change): Change {
  if (!change.after?.arrangement?.track) return change;
  const { track: _track, ...arrangement } = change.after.arrangement;
  const { arrangement: _all, ...plain } = change.after;
  const after = Object.keys(arrangement).length > 0 ? { ...plain, arrangement } : plain;
  return { ...change, after };
}
