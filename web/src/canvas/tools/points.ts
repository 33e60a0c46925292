import { clampPoint } from "../geometry";
import type { ActionId } from "../keymap";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import { POLYGON_POINTS_MAX, type Point } from "../types";

/** Sets points: each click one object, or, in sets, several points that make one object and end with Enter. */
export class PointsTool implements Tool {
  readonly id = "points";
  readonly title = "Points";
  readonly action = "tool.points";
  readonly cursor = "crosshair";
  readonly icon = "M7 8a2 2 0 100-.1M17 7a2 2 0 100-.1M12 17a2 2 0 100-.1";
  readonly draws = true;
  readonly shapes = ["points"] as const;
  private sets = false;
  private points: Point[] = [];

  deactivate(context: ToolContext): void {
    this.points = [];
    context.redraw();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    if (!this.sets && !event.shift) {
      this.finish([at], context);
      return;
    }
    if (this.points.length < POLYGON_POINTS_MAX) this.points.push(at);
    context.redraw();
  }

  doubleClick(_event: ToolPointer, context: ToolContext): void {
    // The second press of the double click set its point already.
    if (this.points.length > 1) this.finish(this.points.slice(0, -1), context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.points.length === 0) return false;
    if (action === "finish") this.finish(this.points, context);
    else if (action === "cancel") this.points = [];
    else if (action === "undo" || action === "delete") this.points.pop();
    else return false;
    context.redraw();
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    return [
      {
        kind: "flag",
        id: "sets",
        label: "Several points make one object",
        value: this.sets,
        set: (value) => {
          this.sets = value;
          context.optionsChanged();
        },
      },
    ];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const color = context.editor.classForShape("points")?.color ?? "#ffffff";
    for (const point of this.points) {
      const [x, y] = context.viewport.toScreen(point);
      g.beginPath();
      g.arc(x, y, 4.5, 0, Math.PI * 2);
      g.fillStyle = color;
      g.fill();
    }
  }

  private finish(points: Point[], context: ToolContext): void {
    this.points = [];
    context.editor.create({ type: "points", points: [...points] });
    context.redraw();
  }
}
