import { boxFromCorners, clampPoint, ellipseRing } from "../geometry";
import type { ActionId } from "../keymap";
import { NOTES } from "../repair";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import { BOX_MIN_PX, type EllipseShape, type Point } from "../types";

/** Draws an ellipse: drag the box around it, Shift makes a circle, Alt begins at its middle. It is turned afterwards by its grip. */
export class EllipseTool implements Tool {
  readonly id = "ellipse";
  readonly title = "Ellipse";
  readonly action = "tool.ellipse";
  readonly cursor = "crosshair";
  readonly icon = "M12 5c5 0 8.500 3.100 8.500 7s-3.500 7-8.500 7-8.500-3.100-8.500-7 3.500-7 8.500-7z";
  readonly draws = true;
  readonly shapes = ["ellipse"] as const;
  private start: Point | null = null;
  private shape: EllipseShape | null = null;

  deactivate(context: ToolContext): void {
    this.drop(context);
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    this.start = clampPoint(event.image, context.size.width, context.size.height);
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    if (!this.start) return;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    this.shape = ellipseBetween(this.start, at, event.shift, event.alt);
    context.redraw();
  }

  pointerUp(_event: ToolPointer, context: ToolContext): void {
    const { shape } = this;
    this.drop(context);
    if (!shape) return;
    if (Math.min(shape.rx, shape.ry) * 2 >= BOX_MIN_PX) context.editor.create(shape);
    else context.editor.say(NOTES.empty);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (!this.start || (action !== "cancel" && action !== "undo")) return false;
    this.drop(context);
    return true;
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    if (!this.shape) return;
    const color = context.editor.classForShape("ellipse")?.color ?? "#ffffff";
    g.save();
    g.beginPath();
    for (const point of ellipseRing(this.shape)) g.lineTo(...context.viewport.toScreen(point));
    g.closePath();
    g.fillStyle = `${color}22`;
    g.fill();
    g.strokeStyle = color;
    g.lineWidth = 2;
    g.stroke();
    g.restore();
  }

  private drop(context: ToolContext): void {
    this.start = null;
    this.shape = null;
    context.redraw();
  }
}

/** The ellipse in the box of two corners, or about a middle; round: the shorter side decides. */
export function ellipseBetween(a: Point, b: Point, round: boolean, middle: boolean): EllipseShape {
  const box = boxFromCorners(a, b);
  let [rx, ry] = middle ? [box.w, box.h] : [box.w / 2, box.h / 2];
  if (round) rx = ry = Math.min(rx, ry);
  const [cx, cy] = middle ? a : [a[0] + Math.sign(b[0] - a[0]) * rx, a[1] + Math.sign(b[1] - a[1]) * ry];
  return { type: "ellipse", cx, cy, rx, ry, angle: 0 };
}
