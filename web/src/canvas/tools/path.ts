import { clampPoint, distance } from "../geometry";
import type { ActionId } from "../keymap";
import { NOTES } from "../repair";
import { along, type Snap, snapTo } from "../snap";
import type { Tool, ToolContext, ToolPointer } from "../tool";
import { POLYGON_POINTS_MAX, type Point, type ShapeKind } from "../types";

/** Spacing of points laid by dragging, screen pixels. */
const FREEHAND_SPACING_PX = 10;

/**
 * What tools that lay one point after another have in common: click points, or drag freely; close by double click or
 * Enter. Undo takes back a point. Ctrl holds points to the outlines of neighbours and follows them from point to point.
 */
export abstract class PathTool implements Tool {
  abstract readonly id: string;
  abstract readonly title: string;
  abstract readonly action: ActionId;
  abstract readonly icon: string;
  abstract readonly shapes: readonly ShapeKind[];
  readonly cursor: string = "crosshair";
  readonly draws = true;
  protected points: Point[] = [];
  protected pointer: Point | null = null;
  private taken: Point[] = [];
  private pressed = false;
  private snap: Snap | null = null;
  private lastSnap: Snap | null = null;

  /** Whether the path ends where it began. */
  protected abstract readonly closed: boolean;
  /** Points without which nothing is made. */
  protected abstract readonly least: number;
  protected abstract complete(points: Point[], context: ToolContext): void;

  deactivate(context: ToolContext): void {
    this.drop(context);
    this.pointer = null;
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const first = this.points[0];
    if (this.closed && first && this.points.length >= 3 && distance(first, event.image) <= context.reach()) {
      this.finish(context);
      return;
    }
    if (this.points.length === 0) this.begin(event, context);
    this.pressed = true;
    this.place(event, context);
    context.redraw();
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.snap = event.ctrl ? this.snapAt(event, context) : null;
    const at = this.snap?.point ?? clampPoint(event.image, context.size.width, context.size.height);
    this.pointer = at;
    const last = this.points.at(-1);
    if (this.pressed && last && distance(last, at) > context.viewport.imageLength(FREEHAND_SPACING_PX))
      this.place(event, context);
    if (this.points.length > 0 || event.ctrl) context.redraw();
  }

  pointerUp(): void {
    this.pressed = false;
  }

  doubleClick(_event: ToolPointer, context: ToolContext): void {
    // The two presses of the double click left two points on one place; cleaning joins them.
    this.finish(context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (this.points.length === 0) return false;
    if (action === "finish") this.finish(context);
    else if (action === "cancel") this.drop(context);
    else if (action === "undo" || action === "delete") {
      const point = this.points.pop();
      if (point) this.taken.push(point);
      this.lastSnap = null;
    } else if (action === "redo") {
      const point = this.taken.pop();
      if (point) this.points.push(point);
    } else return false;
    context.redraw();
    return true;
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { viewport } = context;
    if (this.snap) ring(g, viewport.toScreen(this.snap.point));
    const [first, ...rest] = this.points;
    if (!first) return;
    const color = this.color(context);
    g.save();
    g.beginPath();
    g.moveTo(...viewport.toScreen(first));
    for (const point of rest) g.lineTo(...viewport.toScreen(point));
    if (this.pointer) g.lineTo(...viewport.toScreen(this.pointer));
    g.fillStyle = `${color}22`;
    if (this.closed) g.fill();
    g.strokeStyle = color;
    g.lineWidth = 2;
    g.stroke();
    const closing =
      this.closed &&
      this.points.length >= 3 &&
      this.pointer !== null &&
      distance(first, this.pointer) <= context.reach();
    this.points.forEach((point, index) => {
      const [x, y] = viewport.toScreen(point);
      g.beginPath();
      g.arc(x, y, index === 0 && closing ? 6 : 3, 0, Math.PI * 2);
      g.fillStyle = index === 0 ? "#ffffff" : color;
      g.fill();
    });
    g.restore();
  }

  /** The first point goes down: what the gesture is for is decided here. */
  protected begin(_event: ToolPointer, _context: ToolContext): void {}

  protected color(context: ToolContext): string {
    const kind = this.shapes[0] as ShapeKind;
    return context.editor.classForShape(kind)?.color ?? "#ffffff";
  }

  protected finish(context: ToolContext): void {
    const { points } = this;
    this.drop(context);
    if (points.length >= this.least) this.complete(points, context);
    // A single point is left by the second press of the double click that closed a path: nobody meant it.
    else if (points.length > 1) context.editor.say(NOTES.empty);
  }

  protected drop(context: ToolContext): void {
    this.points = [];
    this.taken = [];
    this.pressed = false;
    this.snap = null;
    this.lastSnap = null;
    context.redraw();
  }

  private place(event: ToolPointer, context: ToolContext): void {
    const snap = event.ctrl ? this.snapAt(event, context) : null;
    if (snap && this.lastSnap) for (const point of along(this.lastSnap, snap)) this.add(point);
    this.add(snap?.point ?? clampPoint(event.image, context.size.width, context.size.height));
    this.lastSnap = snap;
  }

  private snapAt(event: ToolPointer, context: ToolContext): Snap | null {
    const reach = context.reach();
    const [x, y] = event.image;
    const near = context.index.query({ minX: x - reach, minY: y - reach, maxX: x + reach, maxY: y + reach });
    const shapes = [...near].flatMap((id) => {
      const found = context.editor.document.get(id);
      return found && !context.editor.isHidden(id) ? [found.shape] : [];
    });
    // The same object has to give the same ring, or it could not be followed.
    const snap = snapTo(event.image, shapes, reach);
    const known = snap && this.lastSnap && sameRing(snap.ring, this.lastSnap.ring);
    return known && this.lastSnap ? { ...snap, ring: this.lastSnap.ring } : snap;
  }

  private add(point: Point): void {
    this.taken = [];
    if (this.points.length < POLYGON_POINTS_MAX) this.points.push(point);
  }
}

/** Rings of boxes and ellipses are made anew each time. */
function sameRing(a: Point[], b: Point[]): boolean {
  return a === b || (a.length === b.length && a.every((p, i) => p[0] === b[i]?.[0] && p[1] === b[i]?.[1]));
}

function ring(g: CanvasRenderingContext2D, [x, y]: Point): void {
  g.save();
  g.beginPath();
  g.arc(x, y, 7, 0, Math.PI * 2);
  g.strokeStyle = "#ffffff";
  g.lineWidth = 1.5;
  g.stroke();
  g.restore();
}
