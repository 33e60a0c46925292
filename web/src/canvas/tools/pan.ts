import type { Tool, ToolContext, ToolPointer } from "../tool";
import type { Point } from "../types";

/** Moves the picture. With every other tool the same is done by Space or the middle button. */
export class PanTool implements Tool {
  readonly id = "pan";
  readonly title = "Pan";
  readonly action = "tool.pan";
  readonly cursor = "grab";
  readonly icon = "M12 2l3 4h-2v5h5V9l4 3-4 3v-2h-5v5h2l-3 4-3-4h2v-5H6v2l-4-3 4-3v2h5V6H9z";
  private last: Point | null = null;

  pointerDown(event: ToolPointer, context: ToolContext): void {
    this.last = event.screen;
    context.setCursor("grabbing");
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    if (!this.last) return;
    context.viewport.panBy(event.screen[0] - this.last[0], event.screen[1] - this.last[1]);
    this.last = event.screen;
  }

  pointerUp(_event: ToolPointer, context: ToolContext): void {
    this.last = null;
    context.setCursor("grab");
  }

  deactivate(): void {
    this.last = null;
  }
}
