import { boxFromCorners, clampPoint } from "../geometry";
import type { ActionId } from "../keymap";
import { NOTES } from "../repair";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import { BOX_MIN_PX, type Point } from "../types";

/** Draws a box: drag from corner to corner, or click both corners. Shift makes it square. */
export class BoxTool implements Tool {
  readonly id = "box";
  readonly title = "Box";
  readonly action = "tool.box";
  readonly cursor = "crosshair";
  readonly icon = "M4 6h16v12H4z";
  readonly draws = true;
  readonly shapes = ["box"] as const;
  private start: Point | null = null;
  private end: Point | null = null;
  private pointer: Point | null = null;
  /** The first click was let go near where it went down: the second click ends the box. */
  private clicked = false;

  deactivate(context: ToolContext): void {
    this.drop(context);
    this.pointer = null;
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    if (this.start && this.clicked) {
      this.finish(context);
      return;
    }
    this.start = at;
    this.end = at;
    this.clicked = false;
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.pointer = event.image;
    if (this.start) this.end = corner(this.start, event, context);
    context.redraw();
  }

  pointerUp(event: ToolPointer, context: ToolContext): void {
    if (!this.start || this.clicked) return;
    this.end = corner(this.start, event, context);
    const box = boxFromCorners(this.start, this.end);
    if (Math.max(box.w, box.h) < context.reach() / 2) this.clicked = true;
    else this.finish(context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (action === "finish" && this.start) {
      this.finish(context);
      return true;
    }
    if ((action === "cancel" || action === "undo") && this.start) {
      this.drop(context);
      return true;
    }
    return false;
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { viewport, editor, size } = context;
    if (this.pointer && !this.start)
      drawCrosshair(
        g,
        viewport.toScreen(this.pointer),
        viewport.toScreen([0, 0]),
        viewport.toScreen([size.width, size.height]),
      );
    if (!this.start || !this.end) return;
    const [ax, ay] = viewport.toScreen(this.start);
    const [bx, by] = viewport.toScreen(this.end);
    const color = editor.classForShape("box")?.color ?? "#ffffff";
    g.save();
    g.strokeStyle = color;
    g.lineWidth = 2;
    g.fillStyle = `${color}22`;
    g.fillRect(ax, ay, bx - ax, by - ay);
    g.strokeRect(ax, ay, bx - ax, by - ay);
    const box = boxFromCorners(this.start, this.end);
    g.font = "11px system-ui, sans-serif";
    g.fillStyle = "#e6ebf2";
    g.fillText(`${box.w.toFixed(0)} × ${box.h.toFixed(0)}`, Math.max(ax, bx) + 6, Math.max(ay, by) + 12);
    g.restore();
  }

  private finish(context: ToolContext): void {
    const box = this.start && this.end ? boxFromCorners(this.start, this.end) : null;
    this.drop(context);
    if (!box) return;
    if (box.w >= BOX_MIN_PX && box.h >= BOX_MIN_PX) context.editor.create(box);
    else context.editor.say(NOTES.empty);
  }

  private drop(context: ToolContext): void {
    this.start = null;
    this.end = null;
    this.clicked = false;
    context.redraw();
  }
}

function corner(start: Point, event: ToolPointer, context: ToolContext): Point {
  let [x, y] = event.image;
  if (event.shift) {
    const side = Math.max(Math.abs(x - start[0]), Math.abs(y - start[1]));
    x = start[0] + Math.sign(x - start[0] || 1) * side;
    y = start[1] + Math.sign(y - start[1] || 1) * side;
  }
  return clampPoint([x, y], context.size.width, context.size.height);
}

/** Full-length hair lines inside the image, so that edges can be aimed at from outside. */
function drawCrosshair(
  g: CanvasRenderingContext2D,
  [x, y]: Point,
  [left, top]: Point,
  [right, bottom]: Point,
): void {
  if (x < left || x > right || y < top || y > bottom) return;
  g.save();
  g.strokeStyle = "rgba(230, 235, 242, 0.35)";
  g.lineWidth = 1;
  g.beginPath();
  g.moveTo(left, Math.round(y) + 0.5);
  g.lineTo(right, Math.round(y) + 0.5);
  g.moveTo(Math.round(x) + 0.5, top);
  g.lineTo(Math.round(x) + 0.5, bottom);
  g.stroke();
  g.restore();
}
