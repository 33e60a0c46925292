import {
  BOX_HANDLES,
  type BoxHandle,
  boxFromCorners,
  boxHandlePoint,
  clampPoint,
  deleteVertex,
  insertVertex,
  moveShape,
  moveVertex,
  nearestEdge,
  resizeBox,
  shapeBounds,
  vertexAt,
} from "../geometry";
import type { ActionId } from "../keymap";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import type { Annotation, Point, PolygonShape, Shape } from "../types";

/** A press that travels less than this is a click, screen pixels. */
const DRAG_START_PX = 3;

type Gesture =
  | { kind: "press"; start: ToolPointer; hit: Annotation | null }
  | { kind: "move"; start: ToolPointer; targets: Annotation[] }
  | { kind: "resize"; target: Annotation; handle: BoxHandle }
  | { kind: "vertex"; target: Annotation; shape: PolygonShape; index: number; inserted: boolean }
  | { kind: "marquee"; start: Point; end: Point; add: boolean };

type Grip =
  | { kind: "handle"; target: Annotation; handle: BoxHandle }
  | { kind: "vertex"; target: Annotation; index: number }
  | { kind: "edge"; target: Annotation; index: number; point: Point };

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
  private vertex: { id: string; index: number } | null = null;

  deactivate(context: ToolContext): void {
    this.gesture = null;
    this.vertex = null;
    context.editor.cancelPreview();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const grip = this.gripAt(event, context);
    if (grip) {
      this.startGrip(grip, event, context);
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
      if (gesture.hit) editor.select([gesture.hit.id], event.shift);
      else if (!event.shift) editor.select([]);
    } else if (gesture.kind === "marquee") this.selectWithin(gesture, context);
    else if (gesture.kind === "move") editor.commitPreview("move");
    else if (gesture.kind === "resize") editor.commitPreview("resize");
    else {
      this.vertex = { id: gesture.target.id, index: gesture.index };
      editor.commitPreview(gesture.inserted ? "insert a point in" : "move a point of");
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
      const { index } = this.vertex;
      this.vertex = null;
      if (target?.shape.type !== "polygon" || !context.editor.isSelected(target.id)) return false;
      return this.dropVertex(target, index, context);
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
    const point = shape?.type === "polygon" ? shape.points[this.vertex?.index ?? -1] : undefined;
    if (!point || !target || !context.editor.isSelected(target.id)) return;
    const [x, y] = context.viewport.toScreen(point);
    g.beginPath();
    g.arc(x, y, 6.5, 0, Math.PI * 2);
    g.strokeStyle = "#ffffff";
    g.lineWidth = 1.5;
    g.stroke();
  }

  private startGrip(grip: Grip, event: ToolPointer, context: ToolContext): void {
    const { target } = grip;
    if (grip.kind === "handle") {
      this.gesture = { kind: "resize", target, handle: grip.handle };
      return;
    }
    const shape = target.shape as PolygonShape;
    if (grip.kind === "vertex" && event.alt) {
      this.dropVertex(target, grip.index, context);
      return;
    }
    if (grip.kind === "vertex") {
      this.vertex = { id: target.id, index: grip.index };
      this.gesture = { kind: "vertex", target, shape, index: grip.index, inserted: false };
      context.redraw();
      return;
    }
    const opened = insertVertex(shape, grip.index, grip.point);
    this.gesture = { kind: "vertex", target, shape: opened, index: grip.index + 1, inserted: true };
    context.editor.preview([[target.id, opened]]);
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
    if (!editor.isSelected(hit.id)) editor.select([hit.id], event.shift);
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
    const { target } = gesture;
    if (gesture.kind === "resize") {
      return target.shape.type === "box" ? [[target.id, resizeBox(target.shape, gesture.handle, at)]] : [];
    }
    return [[target.id, moveVertex(gesture.shape, gesture.index, at)]];
  }

  private dropVertex(target: Annotation, index: number, context: ToolContext): boolean {
    const shape = target.shape as PolygonShape;
    const next = deleteVertex(shape, index);
    if (next === shape) return false;
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
    const grip = this.gripAt(event, context);
    const hit = context.hits(event.image)[0];
    context.editor.hover(hit?.id ?? null);
    if (grip?.kind === "handle") context.setCursor(HANDLE_CURSORS[grip.handle]);
    else if (grip) context.setCursor(grip.kind === "edge" ? "copy" : "crosshair");
    else context.setCursor(hit ? (context.editor.isSelected(hit.id) ? "move" : "pointer") : "default");
  }

  /** What can be gripped at this place: only a single selected object shows handles. */
  private gripAt(event: ToolPointer, context: ToolContext): Grip | null {
    const { editor } = context;
    if (editor.selectedIds.size !== 1) return null;
    const target = editor.editable(editor.selection())[0];
    if (!target || !shapeBounds(target.shape)) return null;
    const reach = context.reach();
    const { shape } = target;
    if (shape.type === "box") {
      const handle = BOX_HANDLES.find((name) => {
        const [x, y] = boxHandlePoint(shape, name);
        return Math.hypot(x - event.image[0], y - event.image[1]) <= reach;
      });
      return handle ? { kind: "handle", target, handle } : null;
    }
    if (shape.type !== "polygon") return null;
    const index = vertexAt(event.image, shape.points, reach);
    if (index >= 0) return { kind: "vertex", target, index };
    const edge = nearestEdge(event.image, shape.points);
    // Half the reach: between two objects the outline is for inserting, the inside for moving.
    return edge.distance <= reach / 2 ? { kind: "edge", target, index: edge.index, point: edge.point } : null;
  }
}
