import { BOX_MIN_PX, type Bounds, type BoxShape, type Point, type PolygonShape, type Shape } from "./types";

/** Extent in image pixels, or nothing for shapes that have no place in the image. */
export function shapeBounds(shape: Shape): Bounds | null {
  if (shape.type === "box") {
    return { minX: shape.x, minY: shape.y, maxX: shape.x + shape.w, maxY: shape.y + shape.h };
  }
  if (shape.type !== "polygon") return null;
  const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  for (const [x, y] of shape.points) {
    bounds.minX = Math.min(bounds.minX, x);
    bounds.minY = Math.min(bounds.minY, y);
    bounds.maxX = Math.max(bounds.maxX, x);
    bounds.maxY = Math.max(bounds.maxY, y);
  }
  return shape.points.length > 0 ? bounds : null;
}

/** Absolute area by the shoelace formula, square pixels. */
export function polygonArea(points: Point[]): number {
  let twice = 0;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [ax, ay] = points[j] as Point;
    const [bx, by] = points[i] as Point;
    twice += ax * by - bx * ay;
  }
  return Math.abs(twice) / 2;
}

export function shapeArea(shape: Shape): number {
  if (shape.type === "box") return shape.w * shape.h;
  return shape.type === "polygon" ? polygonArea(shape.points) : 0;
}

/** Even-odd rule. */
export function pointInPolygon([x, y]: Point, points: Point[]): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [ax, ay] = points[i] as Point;
    const [bx, by] = points[j] as Point;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Nearest point on the segment and its distance. */
export function nearestOnSegment(p: Point, a: Point, b: Point): { point: Point; distance: number } {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2));
  const point: Point = [a[0] + t * dx, a[1] + t * dy];
  return { point, distance: Math.hypot(p[0] - point[0], p[1] - point[1]) };
}

/** The edge nearest to `p`: `index` is the vertex that it starts at. */
export function nearestEdge(p: Point, points: Point[]): { index: number; point: Point; distance: number } {
  let best = { index: 0, point: points[0] as Point, distance: Infinity };
  points.forEach((a, index) => {
    const b = points[(index + 1) % points.length] as Point;
    const near = nearestOnSegment(p, a, b);
    if (near.distance < best.distance) best = { index, ...near };
  });
  return best;
}

/** Index of the vertex within `radius`, or -1. */
export function vertexAt(p: Point, points: Point[], radius: number): number {
  let best = -1;
  let least = radius;
  points.forEach(([x, y], index) => {
    const distance = Math.hypot(x - p[0], y - p[1]);
    if (distance <= least) {
      least = distance;
      best = index;
    }
  });
  return best;
}

/** Whether a click at `p` means this shape: inside it, or within `tolerance` of its outline. */
export function hitsShape(p: Point, shape: Shape, tolerance: number): boolean {
  if (shape.type === "box") {
    return (
      p[0] >= shape.x - tolerance &&
      p[0] <= shape.x + shape.w + tolerance &&
      p[1] >= shape.y - tolerance &&
      p[1] <= shape.y + shape.h + tolerance
    );
  }
  if (shape.type !== "polygon" || shape.points.length === 0) return false;
  return pointInPolygon(p, shape.points) || nearestEdge(p, shape.points).distance <= tolerance;
}

/** The box between two opposite corners, whichever way they were drawn. */
export function boxFromCorners(a: Point, b: Point): BoxShape {
  return {
    type: "box",
    x: Math.min(a[0], b[0]),
    y: Math.min(a[1], b[1]),
    w: Math.abs(a[0] - b[0]),
    h: Math.abs(a[1] - b[1]),
  };
}

/** Keeps a point inside an image of this size. */
export function clampPoint([x, y]: Point, width: number, height: number): Point {
  return [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
}

/** Moves a shape; with `limits` it stops at the border of the image instead of leaving it. */
export function moveShape<S extends Shape>(
  shape: S,
  dx: number,
  dy: number,
  limits?: { width: number; height: number },
): S {
  const bounds = shapeBounds(shape);
  if (!bounds) return shape;
  const right = limits ? clampShift(dx, bounds.minX, bounds.maxX, limits.width) : dx;
  const down = limits ? clampShift(dy, bounds.minY, bounds.maxY, limits.height) : dy;
  if (shape.type === "box") return { ...shape, x: shape.x + right, y: shape.y + down };
  const { points } = shape as PolygonShape;
  return { ...shape, points: points.map(([x, y]) => [x + right, y + down] as Point) };
}

/** A shift that does not push [min, max] further out of [0, size] than it already is. */
function clampShift(shift: number, min: number, max: number, size: number): number {
  if (shift < 0) return Math.min(0, Math.max(shift, -Math.max(0, min)));
  return Math.max(0, Math.min(shift, Math.max(0, size - max)));
}

/** The eight handles of a box: compass names, corner before edge. */
export type BoxHandle = "nw" | "ne" | "se" | "sw" | "n" | "e" | "s" | "w";
export const BOX_HANDLES: readonly BoxHandle[] = ["nw", "ne", "se", "sw", "n", "e", "s", "w"];

export function boxHandlePoint(box: BoxShape, handle: BoxHandle): Point {
  const x = handle.includes("w") ? box.x : handle.includes("e") ? box.x + box.w : box.x + box.w / 2;
  const y = handle.includes("n") ? box.y : handle.includes("s") ? box.y + box.h : box.y + box.h / 2;
  return [x, y];
}

/** Drags a handle to `p`. The opposite side stays; crossing it turns the box over instead of making it negative. */
export function resizeBox(box: BoxShape, handle: BoxHandle, p: Point): BoxShape {
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.w, box.y + box.h];
  if (handle.includes("w")) left = p[0];
  if (handle.includes("e")) right = p[0];
  if (handle.includes("n")) top = p[1];
  if (handle.includes("s")) bottom = p[1];
  const next = boxFromCorners([left, top], [right, bottom]);
  return { ...next, w: Math.max(BOX_MIN_PX, next.w), h: Math.max(BOX_MIN_PX, next.h) };
}

export function moveVertex(shape: PolygonShape, index: number, p: Point): PolygonShape {
  return { ...shape, points: shape.points.map((q, i) => (i === index ? p : q)) };
}

/** Puts a vertex on the edge that starts at `edge`; its index is `edge + 1`. */
export function insertVertex(shape: PolygonShape, edge: number, p: Point): PolygonShape {
  return { ...shape, points: [...shape.points.slice(0, edge + 1), p, ...shape.points.slice(edge + 1)] };
}

/** Takes a vertex out; a triangle stays as it is, because a polygon has at least three points. */
export function deleteVertex(shape: PolygonShape, index: number): PolygonShape {
  if (shape.points.length <= 3) return shape;
  return { ...shape, points: shape.points.filter((_, i) => i !== index) };
}

/** Drops points that repeat their neighbour, the closing one included. */
export function cleanPolygon(points: Point[], tolerance = 1e-6): Point[] {
  const kept: Point[] = [];
  for (const p of points) {
    const last = kept.at(-1);
    if (!last || Math.hypot(p[0] - last[0], p[1] - last[1]) > tolerance) kept.push(p);
  }
  const first = kept[0];
  const last = kept.at(-1);
  if (first && last && kept.length > 1 && Math.hypot(first[0] - last[0], first[1] - last[1]) <= tolerance)
    kept.pop();
  return kept;
}

/** Whether two edges that are not neighbours cross. */
export function selfIntersects(points: Point[]): boolean {
  const n = points.length;
  const side = (a: Point, b: Point, c: Point) =>
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  for (let i = 0; i < n; i += 1) {
    const [a, b] = [points[i] as Point, points[(i + 1) % n] as Point];
    for (let j = i + 2; j < n; j += 1) {
      if (i === 0 && j === n - 1) continue;
      const [c, d] = [points[j] as Point, points[(j + 1) % n] as Point];
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
  }
  return false;
}
