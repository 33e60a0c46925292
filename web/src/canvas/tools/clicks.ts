import { drawPixels } from "../area-edit";
import { Bits } from "../bits";
import { askWalk, patchOf } from "../compute/client";
import type { Patch } from "../compute/livewire";
import type { Seed } from "../compute/walker";
import { boxFromCorners } from "../geometry";
import type { ActionId } from "../keymap";
import { drawMask } from "../mask-layer";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import type { MaskShape, Point } from "../types";

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

/**
 * Segments by clicks without a model: click into the object, Ctrl or right click beside it, drag with Shift a frame around
 * it first; Enter accepts. A random walker decides pixel by pixel, in a worker.
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
  private found: MaskShape | null = null;
  private asked = 0;
  private busy = false;

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
    const label = event.button === 2 || event.ctrl || event.alt ? 0 : 1;
    if (label === 0 && this.seeds.length === 0) {
      context.editor.say("First click into the object.");
      return;
    }
    this.window ??= this.around(x, y, context);
    this.seeds.push({ x, y, label });
    this.ask(context);
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
      this.window = framed;
      const fit = (s: Seed) =>
        s.x >= framed.left &&
        s.y >= framed.top &&
        s.x < framed.left + framed.width &&
        s.y < framed.top + framed.height;
      this.seeds = this.seeds.filter(fit);
      if (this.seeds.length > 0) this.ask(context);
    }
    context.redraw();
  }

  doubleClick(): void {}

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.seeds.length === 0 && !this.window) return false;
    if (action === "finish") this.accept(context);
    else if (action === "cancel") this.drop(context);
    else if (action === "undo" || action === "delete") {
      this.seeds.pop();
      if (this.seeds.length > 0) this.ask(context);
      else this.drop(context);
    } else return false;
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    const none = this.seeds.length === 0;
    return [
      {
        kind: "text",
        id: "hint",
        text: this.busy
          ? "Looking…"
          : none
            ? "Click into the object; drag with Shift to frame it first"
            : "Ctrl or right click: not this. Enter accepts",
      },
      { kind: "act", id: "accept", label: "Accept", disabled: !this.found, run: () => this.accept(context) },
      { kind: "act", id: "drop", label: "Start again", disabled: none, run: () => this.drop(context) },
    ];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { viewport, editor } = context;
    const color = editor.classOf(editor.activeClass)?.color ?? "#ffffff";
    if (this.found) drawMask(g, this.found, color, 0.5, viewport);
    const frame = this.from && this.to ? boxFromCorners(this.from, this.to) : null;
    const shown =
      frame ??
      (this.window && {
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

  private ask(context: ToolContext): void {
    const grey = context.grey();
    const { window } = this;
    if (!grey || !window) return;
    this.asked += 1;
    const asked = this.asked;
    this.busy = true;
    context.optionsChanged();
    const patch: Patch = patchOf(grey, window.left, window.top, window.width, window.height);
    askWalk(patch, this.seeds)
      .then((data) => {
        if (asked !== this.asked) return;
        const bits = new Bits(window.left, window.top, window.width, window.height, data);
        this.found = bits.toShape(context.size.width, context.size.height);
      })
      .catch(() => context.editor.say("The object could not be found; draw it."))
      .finally(() => {
        if (asked === this.asked) this.busy = false;
        context.optionsChanged();
        context.redraw();
      });
    context.redraw();
  }

  private accept(context: ToolContext): void {
    const { found } = this;
    this.drop(context);
    if (found) drawPixels(context.editor, Bits.fromShape(found), "new");
  }

  private drop(context: ToolContext): void {
    this.seeds = [];
    this.window = null;
    this.from = null;
    this.found = null;
    this.busy = false;
    this.asked += 1;
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
