import { clampPoint, cleanPolygon, polygonArea } from "../geometry";
import type { ActionId } from "../keymap";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import { POLYGON_POINTS_MAX, type Point } from "../types";

/** Spacing of points laid by dragging, screen pixels. */
const FREEHAND_SPACING_PX = 10;

/** Draws a polygon: click points, or drag freely; close on the first point, by double click or Enter. Undo takes back a point. */
export class PolygonTool implements Tool {
  readonly id = "polygon";
  readonly title = "Polygon";
  readonly action = "tool.polygon";
  readonly cursor = "crosshair";
  readonly icon = "M12 3l8 6-3 10H7L4 9z";
  readonly draws = true;
  private points: Point[] = [];
  private taken: Point[] = [];
  private pointer: Point | null = null;
  private pressed = false;

  deactivate(context: ToolContext): void {
    this.drop(context);
    this.pointer = null;
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const first = this.points[0];
    if (first && this.points.length >= 3 && near(first, event.image, context.reach())) {
      this.finish(context);
      return;
    }
    this.pressed = true;
    this.add(clampPoint(event.image, context.size.width, context.size.height));
    context.redraw();
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    const at = clampPoint(event.image, context.size.width, context.size.height);
    this.pointer = at;
    const last = this.points.at(-1);
    if (this.pressed && last && !near(last, at, context.viewport.imageLength(FREEHAND_SPACING_PX)))
      this.add(at);
    if (this.points.length > 0) context.redraw();
  }

  pointerUp(): void {
    this.pressed = false;
  }

  doubleClick(_event: ToolPointer, context: ToolContext): void {
    // The two presses of the double click left two points on one place; cleaning joins them.
    this.finish(context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.points.length === 0) return false;
    if (action === "finish") this.finish(context);
    else if (action === "cancel") this.drop(context);
    else if (action === "undo" || action === "delete") {
      const point = this.points.pop();
      if (point) this.taken.push(point);
    } else if (action === "redo") {
      const point = this.taken.pop();
      if (point) this.points.push(point);
    } else return false;
    context.redraw();
    return true;
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const [first, ...rest] = this.points;
    if (!first) return;
    const { viewport } = context;
    const color = context.editor.classForShape("polygon")?.color ?? "#ffffff";
    g.save();
    g.beginPath();
    g.moveTo(...viewport.toScreen(first));
    for (const point of rest) g.lineTo(...viewport.toScreen(point));
    if (this.pointer) g.lineTo(...viewport.toScreen(this.pointer));
    g.fillStyle = `${color}22`;
    g.fill();
    g.strokeStyle = color;
    g.lineWidth = 2;
    g.stroke();
    const closing =
      this.points.length >= 3 && this.pointer !== null && near(first, this.pointer, context.reach());
    this.points.forEach((point, index) => {
      const [x, y] = viewport.toScreen(point);
      g.beginPath();
      g.arc(x, y, index === 0 && closing ? 6 : 3, 0, Math.PI * 2);
      g.fillStyle = index === 0 ? "#ffffff" : color;
      g.fill();
    });
    g.restore();
  }

  private add(point: Point): void {
    this.taken = [];
    if (this.points.length < POLYGON_POINTS_MAX) this.points.push(point);
  }

  private finish(context: ToolContext): void {
    const points = cleanPolygon(this.points, context.viewport.imageLength(1));
    this.drop(context);
    if (points.length >= 3 && polygonArea(points) > 0) context.editor.create({ type: "polygon", points });
  }

  private drop(context: ToolContext): void {
    this.points = [];
    this.taken = [];
    this.pressed = false;
    context.redraw();
  }
}

function near(a: Point, b: Point, reach: number): boolean {
  return Math.hypot(a[0] - b[0], a[1] - b[1]) <= reach;
}
