import { clampPoint } from "../geometry";
import type { ActionId } from "../keymap";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import type { Joint, SkeletonTemplate } from "../types";

/** Places the joints of the class's template one after another; what cannot be seen is placed with Ctrl, or left out. */
export class SkeletonTool implements Tool {
  readonly id = "skeleton";
  readonly title = "Skeleton";
  readonly action = "tool.skeleton";
  readonly cursor = "crosshair";
  readonly icon = "M12 4a2 2 0 100-.1M12 6v7M6 9h12M12 13l-4 7M12 13l4 7";
  readonly draws = true;
  readonly shapes = ["skeleton"] as const;
  private joints: Joint[] = [];

  deactivate(context: ToolContext): void {
    this.joints = [];
    context.redraw();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const at = clampPoint(event.image, context.size.width, context.size.height);
    this.place({ at, state: event.ctrl ? "hidden" : "visible" }, context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.joints.length === 0) return false;
    if (action === "cancel") this.joints = [];
    else if (action === "undo" || action === "delete") this.joints.pop();
    // What is left is left out.
    else if (action === "finish") this.finish(context);
    else return false;
    context.optionsChanged();
    context.redraw();
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    const template = templateOf(context);
    const next = template?.joints[this.joints.length];
    if (!template || next === undefined) return [];
    return [
      {
        kind: "text",
        id: "next",
        text: `${next} (${this.joints.length + 1} of ${template.joints.length}); Ctrl: hidden`,
      },
      {
        kind: "act",
        id: "absent",
        label: "Cannot be placed",
        run: () => this.place({ at: this.joints.at(-1)?.at ?? [0, 0], state: "absent" }, context),
      },
    ];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const template = templateOf(context);
    if (!template) return;
    const color = context.editor.classForShape("skeleton")?.color ?? "#ffffff";
    g.save();
    g.strokeStyle = color;
    g.fillStyle = color;
    g.lineWidth = 2;
    for (const [a, b] of template.bones) {
      const [from, to] = [this.joints[a], this.joints[b]];
      if (!from || !to || from.state === "absent" || to.state === "absent") continue;
      g.beginPath();
      g.moveTo(...context.viewport.toScreen(from.at));
      g.lineTo(...context.viewport.toScreen(to.at));
      g.stroke();
    }
    for (const { at, state } of this.joints) {
      if (state === "absent") continue;
      const [x, y] = context.viewport.toScreen(at);
      g.beginPath();
      g.arc(x, y, 4, 0, Math.PI * 2);
      if (state === "visible") g.fill();
      else g.stroke();
    }
    g.restore();
  }

  private place(joint: Joint, context: ToolContext): void {
    const template = templateOf(context);
    if (!template) return;
    this.joints.push(joint);
    if (this.joints.length === template.joints.length) this.finish(context);
    context.optionsChanged();
    context.redraw();
  }

  private finish(context: ToolContext): void {
    const template = templateOf(context);
    const { joints } = this;
    this.joints = [];
    if (!template || joints.every((joint) => joint.state === "absent")) return;
    const absent: Joint = { at: joints.at(-1)?.at ?? [0, 0], state: "absent" };
    const all = template.joints.map((_, i) => joints[i] ?? absent);
    context.editor.create({ type: "skeleton", joints: all });
  }
}

function templateOf({ editor }: ToolContext): SkeletonTemplate | null {
  return editor.classForShape("skeleton")?.skeleton ?? null;
}
