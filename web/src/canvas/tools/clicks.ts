import { drawPixels } from "../area-edit";
import { Bits } from "../bits";
import { askWalk, patchOf } from "../compute/client";
import type { Patch } from "../compute/livewire";
import type { Seed } from "../compute/walker";
import { boxFromCorners } from "../geometry";
import type { ActionId } from "../keymap";
import { drawMask } from "../mask-layer";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import { type FrameRef, type MaskShape, type Point, sameFrame } from "../types";

/** Side of the part of the image that is looked at around the first click where nobody drew a frame: this much of the view. */
const VIEW_PART = 0.6;
/** Least side of that part, pixels. */
const SIDE_MIN = 16;

interface Window {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What was found, and by whom: the name of a model, or nothing where the page found it by itself. */
interface Found {
  mask: MaskShape | null;
  by: string | null;
}

/**
 * Segments by clicks: click into the object, Ctrl or right click beside it, drag with Shift a frame around it first; Enter
 * accepts. The project's model is asked where there is one. Where there is none, or it fails, a random walker decides pixel
 * by pixel, in a worker.
 */
export class ClicksTool implements Tool {
  readonly id = "clicks";
  readonly title = "Segment by clicks";
  readonly action = "tool.clicks";
  readonly cursor = "crosshair";
  readonly icon = "M12 4c5 0 8 3 8 7.500S16 20 11 19.500 4 16 4 12s3-8 8-8zM12 9v6M9 12h6";
  readonly draws = true;
  readonly shapes = ["mask", "polygon"] as const;
  private seeds: Seed[] = [];
  private window: Window | null = null;
  private from: Point | null = null;
  private to: Point | null = null;
  private found: Found | null = null;
  /** The frame that was clicked on. */
  private frame: FrameRef | null = null;
  /** The person framed the object: what lies outside is not it. */
  private framed = false;
  private asked = 0;
  private busy = false;
  /** The model that is being asked. */
  private asking: { name: string; stop: AbortController; before: Seed[] } | null = null;

  deactivate(context: ToolContext): void {
    this.drop(context);
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.shift && event.button === 0) {
      this.from = event.image;
      this.to = event.image;
      return;
    }
    if (event.button !== 0 && event.button !== 2) return;
    const [x, y] = [Math.floor(event.image[0]), Math.floor(event.image[1])];
    const { width, height } = context.size;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    if (this.isElsewhere(context)) this.drop(context);
    const label = event.button === 2 || event.ctrl || event.alt ? 0 : 1;
    if (label === 0 && this.seeds.length === 0) {
      context.editor.say("First click into the object.");
      return;
    }
    this.window ??= this.around(x, y, context);
    this.frame = context.editor.frame;
    this.seek([...this.seeds, { x, y, label }], context);
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    if (!this.from) return;
    this.to = event.image;
    context.redraw();
  }

  pointerUp(_event: ToolPointer, context: ToolContext): void {
    const { from, to } = this;
    this.from = null;
    if (!from || !to) return;
    const box = boxFromCorners(from, to);
    const framed = inside(box.x, box.y, box.x + box.w, box.y + box.h, context.size);
    if (framed.width >= SIDE_MIN && framed.height >= SIDE_MIN) {
      if (this.isElsewhere(context)) this.drop(context);
      this.window = framed;
      this.framed = true;
      this.frame = context.editor.frame;
      const fit = (s: Seed) =>
        s.x >= framed.left &&
        s.y >= framed.top &&
        s.x < framed.left + framed.width &&
        s.y < framed.top + framed.height;
      const kept = this.seeds.filter(fit);
      if (kept.some((s) => s.label === 1)) this.seek(kept, context);
      else {
        this.stop();
        this.seeds = [];
        this.found = null;
      }
    }
    context.redraw();
  }

  doubleClick(): void {}

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.seeds.length === 0 && !this.window) return false;
    if (action === "finish") this.accept(context);
    else if (action === "cancel") this.cancel(context);
    else if (action === "undo" || action === "delete") {
      const left = this.seeds.slice(0, -1);
      if (left.length > 0) this.seek(left, context);
      else this.drop(context);
    } else return false;
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    const none = this.seeds.length === 0;
    return [
      { kind: "text", id: "hint", text: this.hint() },
      {
        kind: "act",
        id: "accept",
        label: "Accept",
        disabled: !this.found?.mask,
        run: () => this.accept(context),
      },
      { kind: "act", id: "drop", label: "Start again", disabled: none, run: () => this.drop(context) },
    ];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { viewport, editor } = context;
    const color = editor.classOf(editor.activeClass)?.color ?? "#ffffff";
    if (this.isElsewhere(context)) return;
    if (this.found?.mask) drawMask(g, this.found.mask, color, 0.5, viewport);
    const frame = this.from && this.to ? boxFromCorners(this.from, this.to) : null;
    // The part that the walker looks at is no business of a model's.
    const walked = this.framed || (!this.asking && !this.found?.by);
    const shown =
      frame ??
      (walked &&
        this.window && {
          x: this.window.left,
          y: this.window.top,
          w: this.window.width,
          h: this.window.height,
        });
    if (shown) {
      const [x, y] = viewport.toScreen([shown.x, shown.y]);
      g.save();
      g.setLineDash([4, 4]);
      g.strokeStyle = "rgba(230, 235, 242, 0.7)";
      g.strokeRect(x, y, shown.w * viewport.scale, shown.h * viewport.scaleY);
      g.restore();
    }
    for (const { x, y, label } of this.seeds) {
      const [sx, sy] = viewport.toScreen([x + 0.5, y + 0.5]);
      g.beginPath();
      g.arc(sx, sy, 5, 0, Math.PI * 2);
      g.fillStyle = label ? "#3ecf8e" : "#ff6b6b";
      g.fill();
      // The sign says it as well as the colour does.
      g.strokeStyle = "#0b0d12";
      g.lineWidth = 1.5;
      g.beginPath();
      g.moveTo(sx - 3, sy);
      g.lineTo(sx + 3, sy);
      if (label) {
        g.moveTo(sx, sy - 3);
        g.lineTo(sx, sy + 3);
      }
      g.stroke();
    }
  }

  private around(x: number, y: number, context: ToolContext): Window {
    const view = context.viewport.visible();
    const half = (Math.min(view.maxX - view.minX, view.maxY - view.minY) * VIEW_PART) / 2;
    const reach = Math.max(SIDE_MIN, half);
    return inside(x - reach, y - reach, x + reach, y + reach, context.size);
  }

  /** Whether another frame is on the screen than the one that was clicked on. */
  private isElsewhere(context: ToolContext): boolean {
    return this.frame !== null && !sameFrame(this.frame, context.editor.frame);
  }

  private hint(): string {
    if (this.asking) return `Asking ${this.asking.name}… Escape stops it`;
    if (this.busy) return "Looking…";
    if (this.seeds.length === 0) return "Click into the object; drag with Shift to frame it first";
    const by = this.found ? `${this.found.by ?? "Without a model"} · ` : "";
    return `${by}Ctrl or right click: not this. Enter accepts`;
  }

  /** Looks for the object anew with these clicks. */
  private seek(seeds: Seed[], context: ToolContext): void {
    const before = this.asking?.before ?? this.seeds;
    this.stop();
    this.seeds = seeds;
    const { asked } = this;
    this.busy = true;
    this.find(before, context)
      .then((found) => {
        if (asked === this.asked && found) this.found = found;
      })
      .catch(() => {
        if (asked === this.asked) context.editor.say("The object could not be found; draw it.");
      })
      .finally(() => {
        if (asked !== this.asked) return;
        this.busy = false;
        this.asking = null;
        context.optionsChanged();
        context.redraw();
      });
    context.optionsChanged();
    context.redraw();
  }

  /** The object by the model where there is one that answers, else by the walker; says which of the two it was. */
  private async find(before: Seed[], context: ToolContext): Promise<Found | null> {
    const { editor, size } = context;
    const model = editor.clickModel;
    // Where there is no one picture, as on slides, nothing can be sent either.
    if (!model || model.gone || !this.frame || !context.grey()) return this.walk(context);
    const name = `${model.name} ${model.version}`;
    const stop = new AbortController();
    const { asked } = this;
    this.asking = { name, stop, before };
    try {
      const points = (label: 0 | 1) =>
        this.seeds.filter((s) => s.label === label).map((s): Point => [s.x, s.y]);
      const question = {
        frame: this.frame,
        positive: points(1),
        negative: points(0),
        window: context.window.get(),
      };
      const mask = await model.ask(question, stop.signal);
      if (asked !== this.asked) return null;
      if (mask && (mask.size[0] !== size.height || mask.size[1] !== size.width))
        throw new Error("Its answer is of another size");
      editor.say(mask ? `Drawn by ${name}.` : `${name} finds nothing there.`);
      return { mask: mask && this.within(mask, size), by: name };
    } catch (error) {
      if (asked !== this.asked) return null;
      this.asking = null;
      context.optionsChanged();
      const found = await this.walk(context);
      const why = error instanceof Error ? error.message : "It failed";
      if (found && asked === this.asked)
        editor.say(`${why}: ${name} was asked, and the page drew this without it.`);
      return found;
    }
  }

  /** What lies in the frame that the person drew, where they drew one. */
  private within(mask: MaskShape, size: { width: number; height: number }): MaskShape | null {
    if (!this.framed || !this.window) return mask;
    const { left, top, width, height } = this.window;
    const bounds = { minX: left, minY: top, maxX: left + width, maxY: top + height };
    return Bits.fromShape(mask).cut(bounds).toShape(size.width, size.height);
  }

  private async walk(context: ToolContext): Promise<Found | null> {
    const grey = context.grey();
    const { window } = this;
    if (!grey || !window) return null;
    const patch: Patch = patchOf(grey, window.left, window.top, window.width, window.height);
    const data = await askWalk(patch, this.seeds);
    const bits = new Bits(window.left, window.top, window.width, window.height, data);
    return { mask: bits.toShape(context.size.width, context.size.height), by: null };
  }

  /** While a model is asked: takes back what it was asked for. Otherwise everything. */
  private cancel(context: ToolContext): void {
    const { asking } = this;
    if (!asking || asking.before.length === 0) {
      this.drop(context);
      return;
    }
    this.stop();
    this.seeds = asking.before;
    this.busy = false;
    context.optionsChanged();
    context.redraw();
  }

  private accept(context: ToolContext): void {
    const mask = this.isElsewhere(context) ? null : this.found?.mask;
    this.drop(context);
    if (mask) drawPixels(context.editor, Bits.fromShape(mask), "new");
  }

  /** What is under way is not waited for any more. */
  private stop(): void {
    this.asking?.stop.abort();
    this.asking = null;
    this.asked += 1;
  }

  private drop(context: ToolContext): void {
    this.stop();
    this.seeds = [];
    this.window = null;
    this.framed = false;
    this.frame = null;
    this.from = null;
    this.found = null;
    this.busy = false;
    context.optionsChanged();
    context.redraw();
  }
}

function inside(
  minX: number,
  minY: number,
  maxX: number,
  maxY: number,
  size: { width: number; height: number },
): Window {
  const left = Math.max(0, Math.floor(minX));
  const top = Math.max(0, Math.floor(minY));
  const right = Math.min(size.width, Math.ceil(maxX));
  const bottom = Math.min(size.height, Math.ceil(maxY));
  return { left, top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}
