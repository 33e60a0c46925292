import { dragWindow, type Window } from "../lut";
import type { Tool, ToolContext, ToolPointer } from "../tool";

/** Window and level by dragging: to the right wider, up brighter. */
export class WindowLevelTool implements Tool {
  readonly id = "window";
  readonly title = "Window and level";
  readonly action = "tool.window";
  readonly cursor = "ns-resize";
  readonly icon = "M12 3a9 9 0 100 18 9 9 0 000-18zm0 2v14a7 7 0 010-14z";
  private start: { event: ToolPointer; window: Window } | null = null;

  pointerDown(event: ToolPointer, context: ToolContext): void {
    const window = context.window.get();
    if (event.button === 0 && window) this.start = { event, window };
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    if (!this.start) return;
    const { event: from, window } = this.start;
    context.window.set(
      dragWindow(window, event.screen[0] - from.screen[0], event.screen[1] - from.screen[1]),
    );
  }

  pointerUp(): void {
    this.start = null;
  }

  deactivate(): void {
    this.start = null;
  }
}
