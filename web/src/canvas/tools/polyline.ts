import { cleanPolygon } from "../geometry";
import { NOTES } from "../repair";
import type { ToolContext } from "../tool";
import type { Point } from "../types";
import { PathTool } from "./path";

/** Draws an open line: click points, or drag freely; end by double click or Enter. */
export class PolylineTool extends PathTool {
  readonly id = "polyline";
  readonly title = "Line";
  readonly action = "tool.polyline";
  readonly icon = "M4 18l5-9 5 5 6-9";
  readonly shapes = ["polyline"] as const;
  protected readonly closed = false;
  protected readonly least = 2;

  protected complete(drawn: Point[], context: ToolContext): void {
    const [first] = drawn;
    if (!first) return;
    // Closing points are kept here: a line may end where it began.
    const points = [
      first,
      ...cleanPolygon([first, ...drawn.slice(1)], context.viewport.imageLength(1)).slice(1),
    ];
    if (points.length >= 2) context.editor.create({ type: "polyline", points });
    else context.editor.say(NOTES.empty);
  }
}
