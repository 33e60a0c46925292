import { Bits, maskArea, maskExtent } from "./bits";
import {
  BOX_MIN_PX,
  type Bounds,
  type BoxShape,
  type EllipseShape,
  type Point,
  type PolygonShape,
  type RotatedBoxShape,
  type Shape,
} from "./types";

/** Points of the ring that stands for an ellipse on the screen. */
const ELLIPSE_POINTS = 48;

/** Extent in image pixels, or nothing for shapes that have no place in the image. */
export function shapeBounds(shape: Shape): Bounds | null {
  switch (shape.type) {
    case "box":
      return { minX: shape.x, minY: shape.y, maxX: shape.x + shape.w, maxY: shape.y + shape.h };
    case "rotated_box":
      return pointsBounds(boxCorners(shape));
    case "ellipse": {
      const [sin, cos] = [Math.sin(shape.angle), Math.cos(shape.angle)];
      const across = Math.hypot(shape.rx * cos, shape.ry * sin);
      const down = Math.hypot(shape.rx * sin, shape.ry * cos);
      return {
        minX: shape.cx - across,
        minY: shape.cy - down,
        maxX: shape.cx + across,
        maxY: shape.cy + down,
      };
    }
    case "polygon":
    case "polyline":
    case "points":
      return pointsBounds(shape.points);
    case "skeleton":
      return pointsBounds(shape.joints.filter((joint) => joint.state !== "absent").map((joint) => joint.at));
    case "mask":
      return maskExtent(shape);
    default:
      return null;
  }
}

/** Whether an extent lies within another. */
export function encloses(outer: Bounds, inner: Bounds): boolean {
  return (
    inner.minX >= outer.minX &&
    inner.maxX <= outer.maxX &&
    inner.minY >= outer.minY &&
    inner.maxY <= outer.maxY
  );
}

export function pointsBounds(points: Point[]): Bounds | null {
  const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  for (const [x, y] of points) {
    bounds.minX = Math.min(bounds.minX, x);
    bounds.minY = Math.min(bounds.minY, y);
    bounds.maxX = Math.max(bounds.maxX, x);
    bounds.maxY = Math.max(bounds.maxY, y);
  }
  return points.length > 0 ? bounds : null;
}

/** A point beside a centre, turned about it. */
export function turnAbout(cx: number, cy: number, x: number, y: number, angle: number): Point {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  return [cx + x * cos - y * sin, cy + x * sin + y * cos];
}

/** Corners of a turned box: the upper left one before turning first, then clockwise. */
export function boxCorners({ cx, cy, w, h, angle }: RotatedBoxShape): Point[] {
  return [
    turnAbout(cx, cy, -w / 2, -h / 2, angle),
    turnAbout(cx, cy, w / 2, -h / 2, angle),
    turnAbout(cx, cy, w / 2, h / 2, angle),
    turnAbout(cx, cy, -w / 2, h / 2, angle),
  ];
}

export function ellipseRing({ cx, cy, rx, ry, angle }: EllipseShape, points = ELLIPSE_POINTS): Point[] {
  return Array.from({ length: points }, (_, i) => {
    const turn = (2 * Math.PI * i) / points;
    return turnAbout(cx, cy, rx * Math.cos(turn), ry * Math.sin(turn), angle);
  });
}

/** The rings that enclose a shape's area, the outer one first; none for lines, points, masks and the like. */
export function shapeRings(shape: Shape): Point[][] {
  if (shape.type === "polygon") return [shape.points, ...(shape.holes ?? [])];
  if (shape.type === "rotated_box") return [boxCorners(shape)];
  if (shape.type === "ellipse") return [ellipseRing(shape)];
  if (shape.type !== "box") return [];
  const { x, y, w, h } = shape;
  return [
    [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ],
  ];
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

/** Area in square pixels; 0 for shapes that enclose nothing. */
export function shapeArea(shape: Shape): number {
  if (shape.type === "box" || shape.type === "rotated_box") return shape.w * shape.h;
  if (shape.type === "ellipse") return Math.PI * shape.rx * shape.ry;
  if (shape.type === "polygon")
    return polygonArea(shape.points) - (shape.holes ?? []).reduce((sum, hole) => sum + polygonArea(hole), 0);
  return shape.type === "mask" ? maskArea(shape) : 0;
}

/** What is meant first by a click: what covers less, and points and lines before areas. */
export function coverage(shape: Shape): number {
  if (shape.type === "points" || shape.type === "skeleton") return -2;
  return shape.type === "polyline" ? -1 : shapeArea(shape);
}

/** Length of a chain of points, pixels. */
export function chainLength(points: Point[]): number {
  let sum = 0;
  for (let i = 1; i < points.length; i += 1) {
    const [ax, ay] = points[i - 1] as Point;
    const [bx, by] = points[i] as Point;
    sum += Math.hypot(bx - ax, by - ay);
  }
  return sum;
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

/** Distance from an open chain of points. */
export function chainDistance(p: Point, points: Point[]): number {
  let best = points.length === 1 ? distance(p, points[0] as Point) : Infinity;
  for (let i = 1; i < points.length; i += 1)
    best = Math.min(best, nearestOnSegment(p, points[i - 1] as Point, points[i] as Point).distance);
  return best;
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Whether a click at `p` means this shape: inside it, or within `tolerance` of its outline. */
export function hitsShape(p: Point, shape: Shape, tolerance: number): boolean {
  switch (shape.type) {
    case "box":
      return (
        p[0] >= shape.x - tolerance &&
        p[0] <= shape.x + shape.w + tolerance &&
        p[1] >= shape.y - tolerance &&
        p[1] <= shape.y + shape.h + tolerance
      );
    case "mask":
      return Bits.fromShape(shape).get(Math.floor(p[0]), Math.floor(p[1]));
    case "polyline":
      return chainDistance(p, shape.points) <= tolerance;
    case "points":
      return shape.points.some((point) => distance(p, point) <= tolerance * 2);
    case "skeleton":
      return shape.joints.some((joint) => joint.state !== "absent" && distance(p, joint.at) <= tolerance * 2);
    default: {
      const rings = shapeRings(shape).filter((ring) => ring.length > 0);
      // Even-odd over all rings: a click into a hole is none.
      const inside = rings.filter((ring) => pointInPolygon(p, ring)).length % 2 === 1;
      return inside || rings.some((ring) => nearestEdge(p, ring).distance <= tolerance);
    }
  }
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
  return shiftShape(shape, right, down);
}

/** Moves a shape, out of the image too where that is where it goes. Masks move by whole pixels and lose what leaves. */
export function shiftShape<S extends Shape>(shape: S, right: number, down: number): S {
  const shift = (points: Point[]) => points.map(([x, y]): Point => [x + right, y + down]);
  const moved = (): Shape => {
    switch (shape.type) {
      case "box":
        return { ...shape, x: shape.x + right, y: shape.y + down };
      case "rotated_box":
      case "ellipse":
        return { ...shape, cx: shape.cx + right, cy: shape.cy + down };
      case "polygon":
        return shape.holes
          ? { ...shape, points: shift(shape.points), holes: shape.holes.map(shift) }
          : { ...shape, points: shift(shape.points) };
      case "polyline":
      case "points":
        return { ...shape, points: shift(shape.points) };
      case "skeleton":
        return {
          ...shape,
          joints: shape.joints.map((joint) => ({
            ...joint,
            at: [joint.at[0] + right, joint.at[1] + down] as Point,
          })),
        };
      case "mask": {
        const bits = Bits.fromShape(shape);
        const [x, y] = [bits.left + Math.round(right), bits.top + Math.round(down)];
        const [height, width] = shape.size;
        const made = new Bits(x, y, bits.width, bits.height, bits.data);
        return made.cut({ minX: 0, minY: 0, maxX: width, maxY: height }).toShape(width, height) ?? shape;
      }
      default:
        return shape;
    }
  };
  return moved() as S;
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
