import type { Tool, ToolContext, ToolPointer } from "../tool";
import type { Point } from "../types";

/** Points to a place in the patient: every view that shares its coordinates goes there. */
export class CrosshairTool implements Tool {
  readonly id = "crosshair";
  readonly title = "Crosshair";
  readonly action = "tool.crosshair";
  readonly cursor = "crosshair";
  readonly icon = "M11 2h2v7h-2zM11 15h2v7h-2zM2 11h7v2H2zM15 11h7v2h-7z";
  private held = false;

  constructor(private readonly point: (at: Point) => void) {}

  pointerDown(event: ToolPointer): void {
    if (event.button !== 0) return;
    this.held = true;
    this.point(event.image);
  }

  pointerMove(event: ToolPointer): void {
    if (this.held) this.point(event.image);
  }

  pointerUp(): void {
    this.held = false;
  }

  deactivate(_context: ToolContext): void {
    this.held = false;
  }
}
