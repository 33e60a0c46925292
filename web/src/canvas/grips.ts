import {
  BOX_HANDLES,
  type BoxHandle,
  boxHandlePoint,
  distance,
  nearestOnSegment,
  resizeBox,
  turnAbout,
} from "./geometry";
import type { EllipseShape, Point, RotatedBoxShape, Shape } from "./types";
import { BOX_MIN_PX } from "./types";

/** A place of a shape that can be dragged. Vertices know their ring: 0 is the outer one, holes follow. */
export type Grip =
  | { kind: "handle"; name: BoxHandle; at: Point }
  | { kind: "turn"; at: Point }
  | { kind: "vertex"; ring: number; index: number; at: Point };

/** Steps of a turn that is held to round angles, radians. */
const TURN_STEP = Math.PI / 12;

const SIDES: Record<BoxHandle, [number, number]> = {
  nw: [-1, -1],
  n: [0, -1],
  ne: [1, -1],
  e: [1, 0],
  se: [1, 1],
  s: [0, 1],
  sw: [-1, 1],
  w: [-1, 0],
};
const AXES: readonly BoxHandle[] = ["n", "e", "s", "w"];

/** All grips; `lift` is how far the one for turning stands off the shape, image pixels. */
export function gripsOf(shape: Shape, lift: number): Grip[] {
  switch (shape.type) {
    case "box":
      return BOX_HANDLES.map((name) => ({ kind: "handle", name, at: boxHandlePoint(shape, name) }));
    case "rotated_box":
    case "ellipse": {
      const [halfW, halfH] = halves(shape);
      const place = (x: number, y: number) => turnAbout(shape.cx, shape.cy, x, y, shape.angle);
      const names = shape.type === "ellipse" ? AXES : BOX_HANDLES;
      const handles = names.map((name): Grip => {
        const [sx, sy] = SIDES[name];
        return { kind: "handle", name, at: place(sx * halfW, sy * halfH) };
      });
      return [...handles, { kind: "turn", at: place(0, -halfH - lift) }];
    }
    case "polygon":
      return [shape.points, ...(shape.holes ?? [])].flatMap((ring, number) => vertices(ring, number));
    case "polyline":
    case "points":
      return vertices(shape.points, 0);
    case "skeleton":
      return shape.joints.flatMap((joint, index) =>
        joint.state === "absent" ? [] : [{ kind: "vertex" as const, ring: 0, index, at: joint.at }],
      );
    default:
      return [];
  }
}

function vertices(points: Point[], ring: number): Grip[] {
  return points.map((at, index) => ({ kind: "vertex", ring, index, at }));
}

function halves(shape: RotatedBoxShape | EllipseShape): [number, number] {
  return shape.type === "ellipse" ? [shape.rx, shape.ry] : [shape.w / 2, shape.h / 2];
}

/** The nearest grip within reach. */
export function gripAt(p: Point, shape: Shape, reach: number): Grip | null {
  let best: Grip | null = null;
  let least = reach;
  for (const grip of gripsOf(shape, turnLift(reach))) {
    const away = distance(p, grip.at);
    if (away <= least) {
      best = grip;
      least = away;
    }
  }
  return best;
}

/** How far off the shape the grip for turning stands when the pointer reaches this far. */
export const turnLift = (reach: number) => reach * 3;

/** The shape after dragging a grip to `p`; `round` holds turns to steps of 15°. */
export function dragGrip(shape: Shape, grip: Grip, p: Point, round = false): Shape {
  if (grip.kind === "vertex") return withPoint(shape, grip.ring, grip.index, p);
  if (shape.type === "box") return grip.kind === "handle" ? resizeBox(shape, grip.name, p) : shape;
  if (shape.type !== "rotated_box" && shape.type !== "ellipse") return shape;
  if (grip.kind === "turn") {
    const angle = Math.atan2(p[1] - shape.cy, p[0] - shape.cx) + Math.PI / 2;
    return { ...shape, angle: plainAngle(round ? Math.round(angle / TURN_STEP) * TURN_STEP : angle) };
  }
  const [x, y] = turnAbout(0, 0, p[0] - shape.cx, p[1] - shape.cy, -shape.angle);
  const [sx, sy] = SIDES[grip.name];
  if (shape.type === "ellipse") {
    const rx = sx ? Math.max(BOX_MIN_PX / 2, Math.abs(x)) : shape.rx;
    const ry = sy ? Math.max(BOX_MIN_PX / 2, Math.abs(y)) : shape.ry;
    return { ...shape, rx, ry };
  }
  // The opposite side stays where it is; the centre moves half as far.
  const [left, top] = [(-sx * shape.w) / 2, (-sy * shape.h) / 2];
  const w = sx ? Math.max(BOX_MIN_PX, Math.abs(x - left)) : shape.w;
  const h = sy ? Math.max(BOX_MIN_PX, Math.abs(y - top)) : shape.h;
  const [cx, cy] = turnAbout(
    shape.cx,
    shape.cy,
    sx ? (x + left) / 2 : 0,
    sy ? (y + top) / 2 : 0,
    shape.angle,
  );
  return { ...shape, cx, cy, w, h };
}

/** The same direction between -π and π. */
export function plainAngle(angle: number): number {
  const turn = angle % (2 * Math.PI);
  if (turn > Math.PI) return turn - 2 * Math.PI;
  return turn <= -Math.PI ? turn + 2 * Math.PI : turn;
}

function mapRing(shape: Shape, ring: number, edit: (points: Point[]) => Point[]): Shape {
  if (shape.type === "polyline" || shape.type === "points") return { ...shape, points: edit(shape.points) };
  if (shape.type !== "polygon") return shape;
  if (ring === 0) return { ...shape, points: edit(shape.points) };
  return { ...shape, holes: (shape.holes ?? []).map((hole, i) => (i === ring - 1 ? edit(hole) : hole)) };
}

function withPoint(shape: Shape, ring: number, index: number, p: Point): Shape {
  if (shape.type === "skeleton")
    return {
      ...shape,
      joints: shape.joints.map((joint, i) => (i === index ? { ...joint, at: p } : joint)),
    };
  return mapRing(shape, ring, (points) => points.map((q, i) => (i === index ? p : q)));
}

/** The edge under the pointer on which a vertex can be put. */
export function edgeAt(
  p: Point,
  shape: Shape,
  reach: number,
): { ring: number; index: number; at: Point } | null {
  let best: { ring: number; index: number; at: Point } | null = null;
  let least = reach;
  const look = (points: Point[], ring: number, closed: boolean) => {
    for (let i = 0; i < points.length - (closed ? 0 : 1); i += 1) {
      const near = nearestOnSegment(p, points[i] as Point, points[(i + 1) % points.length] as Point);
      if (near.distance <= least) {
        least = near.distance;
        best = { ring, index: i, at: near.point };
      }
    }
  };
  if (shape.type === "polygon")
    for (const [i, ring] of [shape.points, ...(shape.holes ?? [])].entries()) look(ring, i, true);
  if (shape.type === "polyline") look(shape.points, 0, false);
  return best;
}

/** Puts a vertex behind the one at `index`. */
export function insertPoint(shape: Shape, ring: number, index: number, p: Point): Shape {
  return mapRing(shape, ring, (points) => [...points.slice(0, index + 1), p, ...points.slice(index + 1)]);
}

/** Takes a vertex out; the shape itself when it needs all that it has. A hole that falls below three goes. */
export function removePoint(shape: Shape, ring: number, index: number): Shape {
  const least = { polygon: 3, polyline: 2, points: 1 }[shape.type as "polygon"] ?? Number.POSITIVE_INFINITY;
  const points =
    shape.type === "polygon"
      ? ([shape.points, ...(shape.holes ?? [])][ring] ?? [])
      : shape.type === "polyline" || shape.type === "points"
        ? shape.points
        : [];
  if (shape.type === "polygon" && ring > 0 && points.length <= least) {
    const holes = (shape.holes ?? []).filter((_, i) => i !== ring - 1);
    const { holes: _gone, ...rest } = shape;
    return holes.length > 0 ? { ...rest, holes } : rest;
  }
  if (points.length <= least) return shape;
  return mapRing(shape, ring, (all) => all.filter((_, i) => i !== index));
}
