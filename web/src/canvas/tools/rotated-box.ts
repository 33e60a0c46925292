import { boxCorners, clampPoint, distance } from "../geometry";
import type { ActionId } from "../keymap";
import { NOTES } from "../repair";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import { BOX_MIN_PX, type Point, type RotatedBoxShape } from "../types";

/** Draws a turned box by three places: both ends of one side, then how far the box reaches from it. */
export class RotatedBoxTool implements Tool {
  readonly id = "rotated-box";
  readonly title = "Turned box";
  readonly action = "tool.rotated_box";
  readonly cursor = "crosshair";
  readonly icon = "M9 3l11 6-5 12L4 15z";
  readonly draws = true;
  readonly shapes = ["rotated_box"] as const;
  private side: Point[] = [];
  private pointer: Point | null = null;

  deactivate(context: ToolContext): void {
    this.drop(context);
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    const [a, b] = this.side;
    if (a && b) {
      this.drop(context);
      const box = boxOnSide(a, b, event.image);
      if (box.h >= BOX_MIN_PX) context.editor.create(box);
      else context.editor.say(NOTES.empty);
      return;
    }
    if (!a || distance(a, at) >= BOX_MIN_PX) this.side.push(at);
    context.redraw();
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.pointer = event.image;
    if (this.side.length > 0) context.redraw();
  }

  /** A drag gives the whole side at once. */
  pointerUp(event: ToolPointer, context: ToolContext): void {
    const [a, b] = this.side;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    if (a && !b && distance(a, at) > context.reach()) this.side.push(at);
    context.redraw();
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.side.length === 0) return false;
    if (action === "cancel") this.drop(context);
    else if (action === "undo" || action === "delete") {
      this.side.pop();
      context.redraw();
    } else return false;
    return true;
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const [a, b] = this.side;
    if (!a || !this.pointer) return;
    const { viewport, editor } = context;
    const ring = b ? boxCorners(boxOnSide(a, b, this.pointer)) : [a, this.pointer];
    g.save();
    g.beginPath();
    for (const point of ring) g.lineTo(...viewport.toScreen(point));
    g.closePath();
    g.strokeStyle = editor.classForShape("rotated_box")?.color ?? "#ffffff";
    g.lineWidth = 2;
    g.stroke();
    g.restore();
  }

  private drop(context: ToolContext): void {
    this.side = [];
    context.redraw();
  }
}

/** The box that has `a` to `b` as one side and reaches to `p` on the other. */
export function boxOnSide(a: Point, b: Point, p: Point): RotatedBoxShape {
  const w = distance(a, b);
  const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
  const [nx, ny] = [-Math.sin(angle), Math.cos(angle)];
  const reach = (p[0] - a[0]) * nx + (p[1] - a[1]) * ny;
  return {
    type: "rotated_box",
    cx: (a[0] + b[0]) / 2 + (nx * reach) / 2,
    cy: (a[1] + b[1]) / 2 + (ny * reach) / 2,
    w,
    h: Math.abs(reach),
    angle,
  };
}
