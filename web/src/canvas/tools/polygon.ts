import { areaTarget, DRAW_MODES, type DrawMode, drawArea } from "../area-edit";
import { cleanPolygon } from "../geometry";
import { NOTES } from "../repair";
import type { ToolContext, ToolOption, ToolPointer } from "../tool";
import type { Point } from "../types";
import { PathTool } from "./path";

/**
 * Draws a polygon: click points, or drag freely; close on the first point, by double click or Enter. Begun with Shift it is
 * added to the selected area, begun with Alt it is cut from it; cut from the middle it leaves a hole.
 */
export class PolygonTool extends PathTool {
  readonly id = "polygon";
  readonly title = "Polygon";
  readonly action = "tool.polygon";
  readonly icon = "M12 3l8 6-3 10H7L4 9z";
  readonly shapes = ["polygon"] as const;
  protected readonly closed = true;
  protected readonly least = 3;
  private mode: DrawMode = "new";
  private now: DrawMode = "new";

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
      { kind: "text", id: "hint", text: "Shift adds, Alt subtracts, Ctrl snaps to neighbours" },
    ];
  }

  protected override begin(event: ToolPointer, context: ToolContext): void {
    this.now = event.alt ? "subtract" : event.shift ? "add" : this.mode;
    // What nothing can be added to is not waited for.
    if (this.now !== "new" && !areaTarget(context.editor)) {
      context.editor.say("No single area is selected: this becomes an object of its own.");
      this.now = "new";
    }
  }

  protected override color(context: ToolContext): string {
    if (this.now === "subtract") return "#ff6b6b";
    return super.color(context);
  }

  protected complete(drawn: Point[], context: ToolContext): void {
    const points = cleanPolygon(drawn, context.viewport.imageLength(1));
    if (points.length >= 3) drawArea(context.editor, { type: "polygon", points }, this.now);
    else context.editor.say(NOTES.empty);
  }
}
