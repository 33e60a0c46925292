import type { ActionId } from "../keymap";
import { relate, typesFor } from "../relations";
import { drawArrow, middleOf } from "../relations-layer";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import type { Annotation, Point, RelationType } from "../types";

/**
 * Relates two objects: the first by a click (or what is selected when the tool is taken), the second by a click, or by the keys
 * that step through objects and Enter. Where several types fit, the one chosen in the strip is taken, or the one of its number.
 */
export class RelationTool implements Tool {
  readonly id = "relation";
  readonly title = "Relation";
  readonly action = "tool.relation";
  readonly cursor = "crosshair";
  readonly icon =
    "M4 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M16 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0M7.500 8.500L15 15M15 11v4h-4";
  readonly draws = true;
  /** The object that the relation goes out from; the second is asked for. */
  private from: string | null = null;
  /** The object that is the second so far, where keys choose it. */
  private to: string | null = null;
  private pointer: Point | null = null;
  private chosen = "";

  isOffered(context: Pick<ToolContext, "editor">): boolean {
    return context.editor.relationTypes.some((type) => !type.retired);
  }

  activate(context: ToolContext): void {
    this.reset();
    const [one, another] = context.editor.selection();
    if (one && !another) this.start(one, context);
  }

  deactivate(context: ToolContext): void {
    this.reset();
    context.redraw();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const found = context.hits(event.image);
    const first = this.first(context);
    // The smallest object under the pointer; where the first lies on top, what is under it.
    const hit = found.find((a) => a.id !== first?.id) ?? found[0];
    if (!hit) {
      context.editor.say(first ? "There is no object here to relate to." : "Click the object to begin with.");
      return;
    }
    if (first) this.finish(first, hit, context);
    else this.start(found[0] ?? hit, context);
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.pointer = event.image;
    const first = this.first(context);
    const hit = context.hits(event.image).find((a) => a.id !== first?.id);
    context.editor.hover(hit?.id ?? null);
    if (first) context.redraw();
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    const { editor } = context;
    const first = this.first(context);
    if (action === "cancel") {
      if (!first) return false;
      this.reset();
      context.optionsChanged();
      context.redraw();
      return true;
    }
    if (action === "object.next" || action === "object.previous")
      return first ? this.step(first, action === "object.next" ? 1 : -1, context) : false;
    if (action.startsWith("class.") && first) {
      const type = this.fitting(first, context)[Number(action.slice(6)) - 1];
      if (type) this.choose(type.id, context);
      return true;
    }
    if (action !== "finish") return false;
    const second = this.to
      ? editor.document.get(this.to)
      : editor.selection().find((a) => a.id !== first?.id);
    const [one, another] = editor.selection();
    if (first && second) this.finish(first, second, context);
    else if (!first && one && !another) this.start(one, context);
    else editor.say(first ? "Step to the second object first." : "Select the object to begin with.");
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    const first = this.first(context);
    const types = this.fitting(first, context);
    const choice: ToolOption = {
      kind: "choice",
      id: "type",
      label: "Type",
      choices: types.map((type) => ({ value: type.id, label: type.name })),
      value: this.type(types)?.id ?? "",
      set: (value) => this.choose(value, context),
    };
    const text = first
      ? `from ${context.editor.nameOf([first])}: click the second object, or step to it and press Enter`
      : "click the object that it goes out from";
    return [...(types.length > 0 ? [choice] : []), { kind: "text", id: "step", text }];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { editor, viewport } = context;
    const first = this.first(context);
    const from = first && middleOf(editor, first);
    const second = this.to ? editor.document.get(this.to) : undefined;
    const to = second ? middleOf(editor, second) : this.pointer;
    if (from && to) drawArrow(g, viewport.toScreen(from), viewport.toScreen(to), true, 2);
  }

  private first(context: ToolContext): Annotation | null {
    return (this.from && context.editor.document.get(this.from)) || null;
  }

  private start(object: Annotation, context: ToolContext): void {
    this.from = object.id;
    this.to = null;
    context.editor.select([object.id]);
    context.optionsChanged();
    context.redraw();
  }

  /** The next object that could be the second one, in the order of the list. */
  private step(first: Annotation, direction: 1 | -1, context: ToolContext): boolean {
    const { editor } = context;
    const list = editor.visibleObjects().filter((a) => typesFor(editor, first, a).length > 0);
    if (list.length === 0) {
      editor.say("No object on this frame can be related to this one.");
      return true;
    }
    const at = list.findIndex((a) => a.id === this.to);
    const next =
      at < 0 ? (direction > 0 ? 0 : list.length - 1) : (at + direction + list.length) % list.length;
    this.to = (list[next] as Annotation).id;
    editor.select([this.to]);
    context.optionsChanged();
    context.redraw();
    return true;
  }

  /** The types that can go out from an object to the second one, or to any while there is none. */
  private fitting(first: Annotation | null, context: ToolContext): RelationType[] {
    const { editor } = context;
    const usable = editor.relationTypes.filter((type) => !type.retired);
    const second = this.to ? editor.document.get(this.to) : undefined;
    if (!first) return usable;
    if (second) return typesFor(editor, first, second);
    const starts = (type: RelationType) =>
      !type.from?.length ||
      type.from.includes(first.class) ||
      (type.directed === false && !!type.to?.includes(first.class));
    return usable.filter(starts);
  }

  private type(types: RelationType[]): RelationType | undefined {
    return types.find((type) => type.id === this.chosen) ?? types[0];
  }

  private choose(id: string, context: ToolContext): void {
    this.chosen = id;
    context.optionsChanged();
    context.redraw();
  }

  private finish(first: Annotation, second: Annotation, context: ToolContext): void {
    const { editor } = context;
    if (first.id === second.id) {
      editor.say("An object cannot be related to itself.");
      return;
    }
    const type = this.type(typesFor(editor, first, second));
    if (!type) {
      editor.say(`No relation goes from ${editor.nameOf([first])} to ${editor.nameOf([second])}.`);
      return;
    }
    if (relate(editor, first, second, type)) {
      this.reset();
      editor.select([first.id]);
    }
    context.optionsChanged();
    context.redraw();
  }

  private reset(): void {
    this.from = null;
    this.to = null;
  }
}
