import { Bits } from "../bits";
import { enclosed } from "../flood";
import type { Tool, ToolContext, ToolPointer } from "../tool";

/** Fills what a mask encloses: one click into the ring that the brush left. */
export class FillTool implements Tool {
  readonly id = "fill";
  readonly title = "Fill";
  readonly action = "tool.fill";
  readonly cursor = "cell";
  readonly icon = "M5 12l7-7 7 7-7 7zM12 5V2M20 16c1.200 1.800 1.500 3 .5 4-.8.7-2 .2-2-1 0-1 .8-2 1.500-3z";
  readonly draws = true;
  readonly shapes = ["mask"] as const;

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const { editor, size } = context;
    const [x, y] = [Math.floor(event.image[0]), Math.floor(event.image[1])];
    const masks = editor
      .editable(editor.visibleObjects())
      .filter((a) => a.shape.type === "mask")
      .sort((a, b) => Number(editor.isSelected(b.id)) - Number(editor.isSelected(a.id)));
    for (const target of masks) {
      if (target.shape.type !== "mask") continue;
      const inside = enclosed(Bits.fromShape(target.shape), x, y, size);
      if (!inside) continue;
      const whole = Bits.fromShape(target.shape).copy().combine(inside, 1);
      const shape = whole.toShape(size.width, size.height);
      if (shape) editor.change("fill", [target], (a) => ({ ...a, shape }));
      editor.select([target.id]);
      return;
    }
    editor.say("No mask closes a ring around this place.");
  }
}
