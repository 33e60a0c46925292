import type { Editor } from "./editor";
import { shapeBounds, shapeRings } from "./geometry";
import { gripsOf, turnLift } from "./grips";
import type { HitIndex } from "./hit-index";
import { drawMask } from "./mask-layer";
import { drawRelations } from "./relations-layer";
import type { Annotation, Point, Shape } from "./types";
import { sameFrame } from "./types";
import type { Viewport } from "./viewport";

/** With more objects in view than this only selected and hovered ones carry a label. */
const LABELS_MAX = 120;
/** Dashes of a model's draft; a person's mark is solid. */
const DRAFT_DASH = [6, 4];
const SOLID: readonly number[] = [];
/** Of an earlier version of an object. */
const GHOST_DASH = [2, 3];
const GHOST_COLOR = "#ffffff";
const HANDLE_PX = 7;
/** Reach of the pointer, as the stage has it: the grip for turning stands off by a multiple of it. */
const REACH_PX = 8;
/** Radius of a single point, screen pixels. */
const POINT_PX = 4.5;
/** From this number of objects in view on they are drawn as plain outlines. */
const DENSE_FROM = 1_000;
/** Smallest side on screen at which a dash can be told in a dense view, pixels. */
const DASH_FROM_PX = 24;
/** Boxes between two rests. */
const BOXES_PER_STEP = 256;
/** Polygons in one path, and between two rests. */
const SHAPES_PER_PATH = 64;
/** Of a mark whose class the protocol no longer has. */
const NO_CLASS_COLOR = "#c0c8d4";
const SHADOW = "rgba(8, 10, 14, 0.55)";
const LABEL_FONT = "500 11px system-ui, sans-serif";

interface Group {
  color: string;
  draft: boolean;
  locked: boolean;
  shapes: Shape[];
  bones: Bones;
}

type Bones = readonly [number, number][];

/**
 * Draws the marks of the current frame: those in view, grouped by class and state. What is dragged is left out, and what is
 * selected is drawn once more above by {@link drawFronts}, so that a selection does not draw everything anew. Returns how
 * many were drawn.
 */
export function drawShapes(
  g: CanvasRenderingContext2D,
  editor: Editor,
  index: HitIndex,
  viewport: Viewport,
): number {
  const steps = drawShapesInSteps(g, editor, index, viewport);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, a bounded number of marks at a time: whoever draws thousands may let frames pass in between. */
export function* drawShapesInSteps(
  g: CanvasRenderingContext2D,
  editor: Editor,
  index: HitIndex,
  viewport: Viewport,
): Generator<void, number> {
  yield* drawDraft(g, editor, viewport);
  const groups = new Map<string, Group>();
  const shown = visibleObjects(editor, index, viewport);
  const dragged = new Set(editor.previewIds);
  for (const annotation of shown) if (!dragged.has(annotation.id)) addToGroup(groups, annotation, editor);
  for (const group of inOrder(groups)) yield* drawGroup(g, group, viewport, shown.length > DENSE_FROM);
  if (shown.length <= LABELS_MAX)
    for (const annotation of shown)
      if (!dragged.has(annotation.id)) drawLabel(g, annotation, editor, viewport);
  return shown.length;
}

/** Draws what is selected, dragged or under the pointer, with its labels, and what relates objects. */
export function drawFronts(g: CanvasRenderingContext2D, editor: Editor, viewport: Viewport): void {
  const ids = new Set([
    ...editor.selectedIds,
    ...editor.previewIds,
    ...(editor.hovered ? [editor.hovered] : []),
  ]);
  const view = viewport.visible();
  const front: Annotation[] = [];
  for (const id of ids) {
    const annotation = editor.document.get(id);
    if (!annotation || editor.isHidden(id) || editor.painting === id) continue;
    if (annotation.frame && !sameFrame(annotation.frame, editor.frame)) continue;
    const bounds = shapeBounds(editor.shapeOf(annotation));
    const seen =
      bounds &&
      bounds.minX <= view.maxX &&
      bounds.maxX >= view.minX &&
      bounds.minY <= view.maxY &&
      bounds.maxY >= view.minY;
    if (seen) front.push(annotation);
  }
  for (const annotation of front) drawFront(g, annotation, editor, viewport);
  drawRelations(g, editor, viewport);
  drawGhost(g, editor, viewport);
  if (front.length <= LABELS_MAX) for (const annotation of front) drawLabel(g, annotation, editor, viewport);
}

/** An earlier version of an object: white and dotted, which no mark is. */
function drawGhost(g: CanvasRenderingContext2D, editor: Editor, viewport: Viewport): void {
  const { ghost, frame } = editor;
  if (!ghost || (ghost.frame && !sameFrame(ghost.frame, frame))) return;
  if (ghost.shape.type === "mask") {
    drawMask(g, ghost.shape, GHOST_COLOR, 0.5, viewport);
    return;
  }
  const path = new Path2D();
  trace(path, ghost.shape, viewport, editor.classOf(ghost.class)?.skeleton?.bones);
  outline(g, path, GHOST_COLOR, GHOST_DASH, 2);
}

/** Groups whose objects lie lower are drawn first. */
function inOrder(groups: Map<string, Group>): Group[] {
  const height = (key: string) => Number.parseInt(key, 10);
  return [...groups].sort(([a], [b]) => height(a) - height(b)).map(([, group]) => group);
}

/** The model's draft beside the read: dashed, faint, under everything else. */
function* drawDraft(g: CanvasRenderingContext2D, editor: Editor, viewport: Viewport): Generator<void, void> {
  const draft = editor.draftHere();
  for (const { class: id, shape } of draft) {
    const color = editor.classOf(id)?.color ?? NO_CLASS_COLOR;
    const bones = editor.classOf(id)?.skeleton?.bones ?? [];
    const group = { color, draft: true, locked: true, shapes: [shape], bones };
    yield* drawGroup(g, group, viewport, draft.length > DENSE_FROM);
  }
}

/** Handles of the one selected object, drawn above everything. */
export function drawHandles(g: CanvasRenderingContext2D, editor: Editor, viewport: Viewport): void {
  if (editor.selectedIds.size !== 1) return;
  const target = editor.editable(editor.selection())[0];
  if (!target) return;
  const color = colorOf(target, editor);
  for (const grip of gripsOf(editor.shapeOf(target), turnLift(viewport.imageLength(REACH_PX))))
    drawHandle(g, viewport.toScreen(grip.at), color, grip.kind !== "handle");
}

function visibleObjects(editor: Editor, index: HitIndex, viewport: Viewport): Annotation[] {
  const list: Annotation[] = [];
  const ids = index.query(viewport.visible());
  // A dragged shape may lie outside of the cells that its stored shape has.
  for (const id of editor.previewIds) ids.add(id);
  for (const id of ids) {
    const annotation = editor.document.get(id);
    if (annotation && !editor.isHidden(id) && editor.painting !== id) list.push(annotation);
  }
  return list;
}

function colorOf(annotation: Annotation, editor: Editor): string {
  return editor.classOf(annotation.class)?.color ?? NO_CLASS_COLOR;
}

function addToGroup(groups: Map<string, Group>, annotation: Annotation, editor: Editor): void {
  const color = colorOf(annotation, editor);
  const draft = annotation.author.kind === "model";
  const locked = editor.isLocked(annotation.id) && !editor.readOnly;
  const key = `${annotation.arrangement?.z ?? 0}/${annotation.class}/${draft}/${locked}`;
  const bones = editor.classOf(annotation.class)?.skeleton?.bones ?? [];
  const group = groups.get(key) ?? { color, draft, locked, shapes: [], bones };
  group.shapes.push(editor.shapeOf(annotation));
  groups.set(key, group);
}

/**
 * Boxes go one by one, because a stroked rectangle is many times cheaper than the same rectangle in a path;
 * polygons share paths of a bounded length, because the cost of a path grows faster than its length.
 */
function* drawGroup(
  g: CanvasRenderingContext2D,
  group: Group,
  viewport: Viewport,
  dense: boolean,
): Generator<void, void> {
  g.globalAlpha = group.locked ? 0.55 : 1;
  for (const shape of group.shapes) if (shape.type === "mask") drawMask(g, shape, group.color, 0.4, viewport);
  const areas = group.shapes.filter((shape) => shape.type !== "box" && shapeRings(shape).length > 0);
  for (let from = 0; from < areas.length; from += SHAPES_PER_PATH) {
    const path = new Path2D();
    for (const shape of areas.slice(from, from + SHAPES_PER_PATH)) trace(path, shape, viewport);
    g.fillStyle = `${group.color}14`;
    if (!dense) g.fill(path, "evenodd");
    outline(g, path, group.color, group.draft ? DRAFT_DASH : SOLID, dense ? 1.25 : 1.75);
    yield;
  }
  const lines = group.shapes.filter((shape) => isLine(shape));
  for (let from = 0; from < lines.length; from += SHAPES_PER_PATH) {
    const path = new Path2D();
    for (const shape of lines.slice(from, from + SHAPES_PER_PATH)) trace(path, shape, viewport, group.bones);
    outline(g, path, group.color, group.draft ? DRAFT_DASH : SOLID, dense ? 1.25 : 2);
    yield;
  }
  yield* drawBoxes(g, group, viewport, dense);
  g.globalAlpha = 1;
}

/** Shapes that are lines and points only. */
function isLine(shape: Shape): boolean {
  return shape.type === "polyline" || shape.type === "points" || shape.type === "skeleton";
}

function* drawBoxes(
  g: CanvasRenderingContext2D,
  group: Group,
  viewport: Viewport,
  dense: boolean,
): Generator<void, void> {
  let drawn = 0;
  for (const shape of group.shapes) {
    if (shape.type !== "box") continue;
    const [x, y] = viewport.toScreen([shape.x, shape.y]);
    const w = shape.w * viewport.scale;
    const h = shape.h * viewport.scaleY;
    // On a speck there is no room for a dash, and dashes are what costs; its row says who drew it.
    g.setLineDash(group.draft && (!dense || Math.max(w, h) >= DASH_FROM_PX) ? DRAFT_DASH : []);
    if (!dense) {
      g.fillStyle = `${group.color}14`;
      g.fillRect(x, y, w, h);
      g.strokeStyle = SHADOW;
      g.lineWidth = 3.25;
      g.strokeRect(x, y, w, h);
    }
    g.strokeStyle = group.color;
    g.lineWidth = dense ? 1.25 : 1.75;
    g.strokeRect(x, y, w, h);
    drawn += 1;
    if (drawn % BOXES_PER_STEP === 0) yield;
  }
  g.setLineDash([]);
}

function drawFront(
  g: CanvasRenderingContext2D,
  annotation: Annotation,
  editor: Editor,
  viewport: Viewport,
): void {
  const path = new Path2D();
  const shape = editor.shapeOf(annotation);
  const color = colorOf(annotation, editor);
  if (shape.type === "mask") {
    drawMask(g, shape, color, 0.6, viewport);
    return;
  }
  trace(path, shape, viewport, editor.classOf(annotation.class)?.skeleton?.bones);
  g.fillStyle = `${color}30`;
  if (!isLine(shape)) g.fill(path, "evenodd");
  const dash = annotation.author.kind === "model" ? DRAFT_DASH : SOLID;
  outline(g, path, color, dash, editor.isSelected(annotation.id) ? 2.5 : 2);
}

/** A dark line under the coloured one keeps a mark visible on any background. */
function outline(
  g: CanvasRenderingContext2D,
  path: Path2D,
  color: string,
  dash: readonly number[],
  width: number,
): void {
  g.setLineDash([...dash]);
  g.lineJoin = "round";
  g.strokeStyle = SHADOW;
  g.lineWidth = width + 1.5;
  g.stroke(path);
  g.strokeStyle = color;
  g.lineWidth = width;
  g.stroke(path);
  g.setLineDash([]);
}

function trace(path: Path2D, shape: Shape, viewport: Viewport, bones: Bones = []): void {
  if (shape.type === "box") {
    const [x, y] = viewport.toScreen([shape.x, shape.y]);
    path.rect(x, y, shape.w * viewport.scale, shape.h * viewport.scaleY);
    return;
  }
  if (shape.type === "polyline") chain(path, shape.points, viewport);
  else if (shape.type === "points") for (const point of shape.points) dot(path, viewport.toScreen(point));
  else if (shape.type === "skeleton") {
    const seen = shape.joints.map((joint) => (joint.state === "absent" ? null : joint.at));
    for (const [a, b] of bones) {
      const [from, to] = [seen[a], seen[b]];
      if (from && to) chain(path, [from, to], viewport);
    }
    for (const at of seen) if (at) dot(path, viewport.toScreen(at));
  } else
    for (const ring of shapeRings(shape)) {
      chain(path, ring, viewport);
      path.closePath();
    }
}

function chain(path: Path2D, points: Point[], viewport: Viewport): void {
  points.forEach((point, i) => {
    const [x, y] = viewport.toScreen(point);
    if (i === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  });
}

function dot(path: Path2D, [x, y]: Point): void {
  path.moveTo(x + POINT_PX, y);
  path.arc(x, y, POINT_PX, 0, Math.PI * 2);
}

function drawHandle(g: CanvasRenderingContext2D, [x, y]: Point, color: string, round: boolean): void {
  const half = HANDLE_PX / 2;
  g.beginPath();
  if (round) g.arc(x, y, half, 0, Math.PI * 2);
  else g.rect(Math.round(x - half) + 0.5, Math.round(y - half) + 0.5, HANDLE_PX - 1, HANDLE_PX - 1);
  g.fillStyle = "#f4f7fb";
  g.fill();
  g.strokeStyle = color;
  g.lineWidth = 1.5;
  g.stroke();
}

/** Class name, and for a model's draft its score: who drew a thing is always readable. */
export function labelOf(annotation: Annotation, editor: Editor): string {
  const name = editor.classOf(annotation.class)?.name ?? annotation.class;
  if (annotation.author.kind === "human") return name;
  if (annotation.author.kind === "rule") return `${name} · agreed`;
  return annotation.score === undefined || annotation.score === null
    ? `${name} · model`
    : `${name} · model ${annotation.score.toFixed(2)}`;
}

function drawLabel(
  g: CanvasRenderingContext2D,
  annotation: Annotation,
  editor: Editor,
  viewport: Viewport,
): void {
  const bounds = shapeBounds(editor.shapeOf(annotation));
  if (!bounds) return;
  const [left, top] = viewport.toScreen([bounds.minX, bounds.minY]);
  const text = labelOf(annotation, editor);
  g.font = LABEL_FONT;
  const width = g.measureText(text).width + 14;
  const x = Math.round(Math.max(2, left - 1));
  // Above the object; inside when it touches the top edge of the view.
  const y = Math.round(top >= 20 ? top - 19 : Math.max(2, top + 3));
  g.fillStyle = "rgba(13, 16, 22, 0.82)";
  g.beginPath();
  g.roundRect(x, y, width, 16, 3);
  g.fill();
  g.fillStyle = colorOf(annotation, editor);
  g.fillRect(x, y + 2, 3, 12);
  g.fillStyle = "#e6ebf2";
  g.textBaseline = "middle";
  g.fillText(text, x + 8, y + 8.5);
}
