import { sliceAlong } from "../arrange";
import { cleanPolygon } from "../geometry";
import type { ToolContext, ToolPointer } from "../tool";
import type { Point } from "../types";
import { PathTool } from "./path";

/** Cuts the selected areas and masks along a line: click where it runs through, end by double click or Enter. */
export class SliceTool extends PathTool {
  readonly id = "slice";
  readonly title = "Slice along a line";
  readonly action = "tool.slice";
  readonly icon = "M5 5h14v14H5zM3 17L21 7";
  readonly shapes = ["polygon", "mask"] as const;
  protected readonly closed = false;
  protected readonly least = 2;

  protected override begin(_event: ToolPointer, context: ToolContext): void {
    if (context.editor.selectedIds.size === 0) context.editor.say("Select the area to slice first.");
  }

  protected override color(): string {
    return "#ff6b6b";
  }

  protected complete(drawn: Point[], context: ToolContext): void {
    const line = cleanPolygon(drawn, context.viewport.imageLength(1));
    if (line.length >= 2) sliceAlong(context.editor, line);
  }
}
