import { areaTarget, DRAW_MODES, type DrawMode, drawPixels } from "../area-edit";
import { wand } from "../flood";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";

/** The tolerance begins at this part of the range of the picture. */
const TOLERANCE_PART = 0.08;

/** Takes the pixels that look like the one clicked: Shift adds them to the selected area, Alt takes them away. */
export class WandTool implements Tool {
  readonly id = "wand";
  readonly title = "Magic wand";
  readonly action = "tool.wand";
  readonly cursor = "crosshair";
  readonly icon = "M4 20L14 10M16 3v4M14 5h4M20 9v3M18.500 10.500h3M9 4v2M8 5h2";
  readonly draws = true;
  readonly shapes = ["mask", "polygon"] as const;
  private tolerance: number | null = null;
  private connected = true;
  private mode: DrawMode = "new";

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const grey = context.grey();
    const [x, y] = [Math.floor(event.image[0]), Math.floor(event.image[1])];
    if (!grey || x < 0 || y < 0 || x >= grey.width || y >= grey.height) return;
    let mode = event.alt ? "subtract" : event.shift ? "add" : this.mode;
    if (mode === "add" && !areaTarget(context.editor)) mode = "new";
    drawPixels(context.editor, wand(grey, x, y, this.width(context), this.connected), mode);
  }

  options(context: ToolContext): ToolOption[] {
    const grey = context.grey();
    const changed = (change: () => void) => {
      change();
      context.optionsChanged();
    };
    return [
      {
        kind: "choice",
        id: "mode",
        label: "Draws",
        choices: DRAW_MODES,
        value: this.mode,
        set: (value) => changed(() => (this.mode = value as DrawMode)),
      },
      {
        kind: "range",
        id: "tolerance",
        label: "Tolerance",
        min: 0,
        max: grey ? (grey.max - grey.min) / 2 : 128,
        step: grey && grey.max - grey.min < 10 ? 0.01 : 1,
        value: this.width(context),
        set: (value) => changed(() => (this.tolerance = value)),
      },
      {
        kind: "flag",
        id: "connected",
        label: "Connected only",
        value: this.connected,
        set: (value) => changed(() => (this.connected = value)),
      },
    ];
  }

  private width(context: ToolContext): number {
    if (this.tolerance !== null) return this.tolerance;
    const grey = context.grey();
    return grey ? Math.round((grey.max - grey.min) * TOLERANCE_PART) : 16;
  }
}
