import { DRAW_MODES, type DrawMode, drawArea } from "../area-edit";
import { askWays, patchAround } from "../compute/client";
import { type Ways, wayTo } from "../compute/livewire";
import { simplify } from "../contour";
import { clampPoint, cleanPolygon, distance } from "../geometry";
import type { ActionId } from "../keymap";
import { NOTES } from "../repair";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import { POLYGON_POINTS_MAX, type Point } from "../types";

/** Side of the part of the image that ways are looked for in, around the last click, pixels. */
const PATCH_SIDE = 640;
/** How far the outline may be from the way along the pixels, pixels. */
const TOLERANCE_PX = 0.6;

/** Scissors that follow edges: click along an outline, the way between two clicks keeps to the strongest edge. */
export class LivewireTool implements Tool {
  readonly id = "livewire";
  readonly title = "Scissors that follow edges";
  readonly action = "tool.livewire";
  readonly cursor = "crosshair";
  readonly icon = "M6 7a2 2 0 100-.1M6 17a2 2 0 100-.1M8 8l12 8M8 16l12-8";
  readonly draws = true;
  readonly shapes = ["polygon", "polyline"] as const;
  private parts: Point[][] = [];
  private anchor: Point | null = null;
  private ways: Ways | null = null;
  private live: Point[] = [];
  private asked = 0;
  private mode: DrawMode = "new";

  deactivate(context: ToolContext): void {
    this.drop(context);
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    const first = this.parts[0]?.[0];
    if (first && this.parts.length > 2 && distance(first, at) <= context.reach()) {
      // What was shown on the way back to the first point is what closes the outline.
      this.parts.push(this.way(first));
      this.finish(context);
      return;
    }
    this.parts.push(this.anchor ? [...this.way(at), at] : [at]);
    this.anchorAt(at, context);
    context.redraw();
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    if (!this.anchor) return;
    this.live = [...this.way(event.image), event.image];
    context.redraw();
  }

  doubleClick(_event: ToolPointer, context: ToolContext): void {
    this.finish(context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.parts.length === 0) return false;
    if (action === "finish") this.finish(context);
    else if (action === "cancel") this.drop(context);
    else if (action === "undo" || action === "delete") {
      this.parts.pop();
      const last = this.parts.at(-1)?.at(-1);
      this.live = [];
      if (last) this.anchorAt(last, context);
      else this.drop(context);
    } else return false;
    context.redraw();
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    return [
      {
        kind: "choice",
        id: "mode",
        label: "Draws",
        choices: DRAW_MODES,
        value: this.mode,
        set: (value) => {
          this.mode = value as DrawMode;
          context.optionsChanged();
        },
      },
    ];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const all = [...this.parts.flat(), ...this.live];
    const [first, ...rest] = all;
    if (!first) return;
    g.save();
    g.beginPath();
    g.moveTo(...context.viewport.toScreen(first));
    for (const point of rest) g.lineTo(...context.viewport.toScreen(point));
    g.strokeStyle = context.editor.classForShape("polygon")?.color ?? "#ffffff";
    g.lineWidth = 2;
    g.stroke();
    for (const part of this.parts) {
      const [x, y] = context.viewport.toScreen(part.at(-1) as Point);
      g.beginPath();
      g.arc(x, y, 3, 0, Math.PI * 2);
      g.fillStyle = "#ffffff";
      g.fill();
    }
    g.restore();
  }

  /** Along the edges where the worker has answered, else straight. */
  private way([x, y]: Point): Point[] {
    if (!this.ways) return [];
    return wayTo(this.ways, Math.floor(x), Math.floor(y)).slice(1, -1);
  }

  private anchorAt(at: Point, context: ToolContext): void {
    this.anchor = at;
    this.ways = null;
    const grey = context.grey();
    if (!grey) return;
    this.asked += 1;
    const asked = this.asked;
    const [x, y] = [
      Math.min(grey.width - 1, Math.floor(at[0])),
      Math.min(grey.height - 1, Math.floor(at[1])),
    ];
    askWays(patchAround(grey, x, y, PATCH_SIDE), x, y).then(
      (ways) => {
        // Another click may have been faster.
        if (asked !== this.asked) return;
        this.ways = ways;
        context.redraw();
      },
      () => context.editor.say("The edges could not be followed; lines are straight."),
    );
  }

  private finish(context: ToolContext): void {
    const drawn = this.parts.flat().slice(0, POLYGON_POINTS_MAX);
    this.drop(context);
    const points = simplify(cleanPolygon(drawn, context.viewport.imageLength(0.5)), TOLERANCE_PX);
    const { editor } = context;
    const area = editor.classForShape("polygon");
    if (area && points.length >= 3) drawArea(editor, { type: "polygon", points }, this.mode);
    else if (!area && points.length >= 2) editor.create({ type: "polyline", points });
    // A single point is left by the second press of the double click that closed the outline.
    else if (drawn.length > 1) editor.say(NOTES.empty);
  }

  private drop(context: ToolContext): void {
    this.parts = [];
    this.live = [];
    this.anchor = null;
    this.ways = null;
    this.asked += 1;
    context.redraw();
  }
}
