import { withGroup } from "../arrange";
import { type BoxHandle, boxFromCorners, clampPoint, moveShape, shapeBounds } from "../geometry";
import { dragGrip, edgeAt, type Grip, gripAt, insertPoint, removePoint } from "../grips";
import type { ActionId } from "../keymap";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import type { Annotation, Point, Shape } from "../types";

/** A press that travels less than this is a click, screen pixels. */
const DRAG_START_PX = 3;

type Gesture =
  | { kind: "press"; start: ToolPointer; hit: Annotation | null }
  | { kind: "move"; start: ToolPointer; targets: Annotation[] }
  | { kind: "grip"; target: Annotation; shape: Shape; grip: Grip; inserted: boolean }
  | { kind: "marquee"; start: Point; end: Point; add: boolean };

type Held =
  | { kind: "grip"; target: Annotation; grip: Grip }
  | { kind: "edge"; target: Annotation; ring: number; index: number; at: Point };

const HANDLE_CURSORS: Record<BoxHandle, string> = {
  nw: "nwse-resize",
  se: "nwse-resize",
  ne: "nesw-resize",
  sw: "nesw-resize",
  n: "ns-resize",
  s: "ns-resize",
  e: "ew-resize",
  w: "ew-resize",
};

/** Select, move, resize; drag, insert (drag an edge) and delete (Alt+click or Del) vertices; drag a frame around several. */
export class SelectTool implements Tool {
  readonly id = "select";
  readonly title = "Select and edit";
  readonly action = "tool.select";
  readonly cursor = "default";
  readonly icon = "M5 3l14 7.5-6 1.8-2.6 6.2z";
  private gesture: Gesture | null = null;
  /** Vertex that Del takes out: the one touched last. */
  private vertex: { id: string; ring: number; index: number } | null = null;

  deactivate(context: ToolContext): void {
    this.gesture = null;
    this.vertex = null;
    context.editor.cancelPreview();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const held = this.heldAt(event, context);
    if (held) {
      this.hold(held, event, context);
      return;
    }
    this.vertex = null;
    const hits = context.hits(event.image);
    const selected = hits.find((a) => context.editor.isSelected(a.id));
    // Alt goes through what lies on top: each click takes the next object under the pointer.
    const below = event.alt && selected ? hits[(hits.indexOf(selected) + 1) % hits.length] : undefined;
    this.gesture = {
      kind: "press",
      start: event,
      hit: below ?? (event.shift ? hits[0] : selected) ?? hits[0] ?? null,
    };
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    const { gesture } = this;
    if (!gesture) {
      this.hover(event, context);
      return;
    }
    if (gesture.kind === "press") this.maybeStartDrag(gesture, event, context);
    else if (gesture.kind === "marquee") {
      gesture.end = event.image;
      context.redraw();
    } else context.editor.preview(this.dragged(gesture, event, context));
  }

  pointerUp(event: ToolPointer, context: ToolContext): void {
    const { gesture } = this;
    this.gesture = null;
    if (!gesture) return;
    const { editor } = context;
    if (gesture.kind === "press") {
      // A click takes the whole group; Ctrl takes the one.
      if (gesture.hit)
        editor.select(event.ctrl ? [gesture.hit.id] : withGroup(editor, [gesture.hit.id]), event.shift);
      else if (!event.shift) editor.select([]);
    } else if (gesture.kind === "marquee") this.selectWithin(gesture, context);
    else if (gesture.kind === "move") editor.commitPreview("move");
    else {
      const { grip } = gesture;
      if (grip.kind === "vertex") this.vertex = { id: gesture.target.id, ring: grip.ring, index: grip.index };
      editor.commitPreview(gesture.inserted ? "insert a point in" : GRIP_WORDS[grip.kind]);
    }
    context.redraw();
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (action === "cancel" && this.gesture) {
      this.gesture = null;
      context.editor.cancelPreview();
      context.redraw();
      return true;
    }
    if (action === "delete" && this.vertex) {
      const target = context.editor.document.get(this.vertex.id);
      const { ring, index } = this.vertex;
      this.vertex = null;
      if (!target || !context.editor.isSelected(target.id)) return false;
      return this.dropVertex(target, ring, index, context);
    }
    return false;
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    if (this.gesture?.kind === "marquee") {
      const [ax, ay] = context.viewport.toScreen(this.gesture.start);
      const [bx, by] = context.viewport.toScreen(this.gesture.end);
      g.save();
      g.setLineDash([4, 3]);
      g.strokeStyle = "#9fb8d8";
      g.fillStyle = "rgba(120, 160, 220, 0.12)";
      g.fillRect(ax, ay, bx - ax, by - ay);
      g.strokeRect(ax + 0.5, ay + 0.5, bx - ax, by - ay);
      g.restore();
    }
    if (this.vertex) this.drawVertex(g, context);
  }

  private drawVertex(g: CanvasRenderingContext2D, context: ToolContext): void {
    const target = this.vertex && context.editor.document.get(this.vertex.id);
    const shape = target && context.editor.shapeOf(target);
    const point = shape && this.vertex ? vertexOf(shape, this.vertex.ring, this.vertex.index) : undefined;
    if (!point || !target || !context.editor.isSelected(target.id)) return;
    const [x, y] = context.viewport.toScreen(point);
    g.beginPath();
    g.arc(x, y, 6.5, 0, Math.PI * 2);
    g.strokeStyle = "#ffffff";
    g.lineWidth = 1.5;
    g.stroke();
  }

  private hold(held: Held, event: ToolPointer, context: ToolContext): void {
    const { target } = held;
    if (held.kind === "grip") {
      const { grip } = held;
      if (grip.kind === "vertex" && event.alt) {
        this.dropVertex(target, grip.ring, grip.index, context);
        return;
      }
      if (grip.kind === "vertex") this.vertex = { id: target.id, ring: grip.ring, index: grip.index };
      this.gesture = { kind: "grip", target, shape: target.shape, grip, inserted: false };
      context.redraw();
      return;
    }
    const shape = insertPoint(target.shape, held.ring, held.index, held.at);
    const grip: Grip = { kind: "vertex", ring: held.ring, index: held.index + 1, at: held.at };
    this.gesture = { kind: "grip", target, shape, grip, inserted: true };
    context.editor.preview([[target.id, shape]]);
  }

  private maybeStartDrag(
    gesture: Extract<Gesture, { kind: "press" }>,
    event: ToolPointer,
    context: ToolContext,
  ): void {
    const { start, hit } = gesture;
    const travelled = Math.hypot(event.screen[0] - start.screen[0], event.screen[1] - start.screen[1]);
    if (travelled < DRAG_START_PX) return;
    const { editor } = context;
    if (!hit) {
      this.gesture = { kind: "marquee", start: start.image, end: event.image, add: event.shift };
      context.redraw();
      return;
    }
    if (!editor.isSelected(hit.id)) editor.select(withGroup(editor, [hit.id]), event.shift);
    const targets = editor.editable(editor.selection());
    if (targets.length === 0) return;
    this.gesture = { kind: "move", start, targets };
    editor.preview(this.dragged(this.gesture, event, context));
  }

  private dragged(
    gesture: Exclude<Gesture, { kind: "press" } | { kind: "marquee" }>,
    event: ToolPointer,
    context: ToolContext,
  ): [string, Shape][] {
    const { size } = context;
    const at = clampPoint(event.image, size.width, size.height);
    if (gesture.kind === "move") {
      const dx = event.image[0] - gesture.start.image[0];
      const dy = event.image[1] - gesture.start.image[1];
      return gesture.targets.map((a) => [a.id, moveShape(a.shape, dx, dy, size)]);
    }
    return [[gesture.target.id, dragGrip(gesture.shape, gesture.grip, at, event.shift)]];
  }

  private dropVertex(target: Annotation, ring: number, index: number, context: ToolContext): boolean {
    const next = removePoint(target.shape, ring, index);
    if (next === target.shape) return false;
    context.editor.change("delete a point of", [target], (a) => ({ ...a, shape: next }));
    return true;
  }

  private selectWithin(gesture: Extract<Gesture, { kind: "marquee" }>, context: ToolContext): void {
    const box = boxFromCorners(gesture.start, gesture.end);
    const region = { minX: box.x, minY: box.y, maxX: box.x + box.w, maxY: box.y + box.h };
    const inside = [...context.index.query(region)].filter((id) => {
      const b = context.index.bounds(id);
      return (
        b && b.minX >= region.minX && b.minY >= region.minY && b.maxX <= region.maxX && b.maxY <= region.maxY
      );
    });
    context.editor.select(
      inside.filter((id) => !context.editor.isHidden(id)),
      gesture.add,
    );
  }

  private hover(event: ToolPointer, context: ToolContext): void {
    const held = this.heldAt(event, context);
    const hit = context.hits(event.image)[0];
    context.editor.hover(hit?.id ?? null);
    if (held?.kind === "edge") context.setCursor("copy");
    else if (held?.grip.kind === "handle") context.setCursor(this.handleCursor(held.target, held.grip.name));
    else if (held) context.setCursor(held.grip.kind === "turn" ? "grab" : "crosshair");
    else context.setCursor(hit ? (context.editor.isSelected(hit.id) ? "move" : "pointer") : "default");
  }

  /** Arrows of a turned shape would point anywhere but where its side goes. */
  private handleCursor(target: Annotation, name: BoxHandle): string {
    return target.shape.type === "box" ? HANDLE_CURSORS[name] : "crosshair";
  }

  /** What can be gripped at this place: only a single selected object shows handles. */
  private heldAt(event: ToolPointer, context: ToolContext): Held | null {
    const { editor } = context;
    if (editor.selectedIds.size !== 1) return null;
    const target = editor.editable(editor.selection())[0];
    if (!target || !shapeBounds(target.shape)) return null;
    const reach = context.reach();
    const grip = gripAt(event.image, target.shape, reach);
    if (grip) return { kind: "grip", target, grip };
    // Half the reach: between two objects the outline is for inserting, the inside for moving.
    const edge = edgeAt(event.image, target.shape, reach / 2);
    return edge && { kind: "edge", target, ...edge };
  }
}

const GRIP_WORDS: Record<Grip["kind"], string> = {
  handle: "resize",
  turn: "turn",
  vertex: "move a point of",
};

function vertexOf(shape: Shape, ring: number, index: number): Point | undefined {
  if (shape.type === "polygon") return [shape.points, ...(shape.holes ?? [])][ring]?.[index];
  if (shape.type === "polyline" || shape.type === "points") return shape.points[index];
  return shape.type === "skeleton" ? shape.joints[index]?.at : undefined;
}
