import type { CuboidShape, Quat, Vec3 } from "@/canvas/types";

/** Shortest side that a cuboid may be dragged to, metres. */
export const SIDE_MIN_M = 0.05;

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const sub = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a: Vec3): number => Math.hypot(a[0], a[1], a[2]);

/** Turns a vector by a unit quaternion (w, x, y, z). */
export function rotate([w, x, y, z]: Quat, [a, b, c]: Vec3): Vec3 {
  const tx = 2 * (y * c - z * b);
  const ty = 2 * (z * a - x * c);
  const tz = 2 * (x * b - y * a);
  return [a + w * tx + y * tz - z * ty, b + w * ty + z * tx - x * tz, c + w * tz + x * ty - y * tx];
}

export const conjugate = ([w, x, y, z]: Quat): Quat => [w, -x, -y, -z];

/** First `b`, then `a`. */
export function multiply([aw, ax, ay, az]: Quat, [bw, bx, by, bz]: Quat): Quat {
  return normalize([
    aw * bw - ax * bx - ay * by - az * bz,
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
  ]);
}

/** Keeps a quaternion a rotation however often it was multiplied. */
export function normalize(q: Quat): Quat {
  const norm = Math.hypot(...q);
  return norm > 0 ? [q[0] / norm, q[1] / norm, q[2] / norm, q[3] / norm] : [1, 0, 0, 0];
}

/** Rotation by `angle` radians around a unit axis. */
export function aroundAxis(axis: Vec3, angle: number): Quat {
  const s = Math.sin(angle / 2);
  return [Math.cos(angle / 2), axis[0] * s, axis[1] * s, axis[2] * s];
}

/** Heading around z, radians, -π to π. */
export function yawOf(q: Quat): number {
  const [x, y] = rotate(q, [1, 0, 0]);
  return Math.atan2(y, x);
}

export const fromYaw = (yaw: number): Quat => aroundAxis([0, 0, 1], yaw);

export const toLocal = (box: CuboidShape, p: Vec3): Vec3 =>
  rotate(conjugate(box.rotation), sub(p, box.center));
export const toWorld = (box: CuboidShape, p: Vec3): Vec3 => add(box.center, rotate(box.rotation, p));

/** The eight corners: x changes fastest, then y, then z; minus before plus. */
export function corners(box: CuboidShape): Vec3[] {
  const [l, w, h] = scale(box.size, 0.5);
  const list: Vec3[] = [];
  for (const z of [-h, h])
    for (const y of [-w, w]) for (const x of [-l, l]) list.push(toWorld(box, [x, y, z]));
  return list;
}

/** Pairs of corner indices. */
export const EDGES: readonly [number, number][] = [
  [0, 1],
  [2, 3],
  [4, 5],
  [6, 7],
  [0, 2],
  [1, 3],
  [4, 6],
  [5, 7],
  [0, 4],
  [1, 5],
  [2, 6],
  [3, 7],
];

/** Line on the roof from the middle to the front edge: it shows where the front is. */
export function headingLine(box: CuboidShape): [Vec3, Vec3] {
  const [l, , h] = scale(box.size, 0.5);
  return [toWorld(box, [0, 0, h]), toWorld(box, [l, 0, h])];
}

/** How many points lie inside; `positions` holds x, y, z from `origin`. The surface counts as inside. */
export function countInside(box: CuboidShape, positions: Float32Array, origin: Vec3): number {
  const back = conjugate(box.rotation);
  // Columns of the rotation into the cuboid, so that each point costs nine products.
  const [ex, ey, ez] = [rotate(back, [1, 0, 0]), rotate(back, [0, 1, 0]), rotate(back, [0, 0, 1])];
  const shift = sub(origin, box.center);
  const reach = length(box.size) / 2;
  const [hl, hw, hh] = scale(box.size, 0.5);
  let count = 0;
  for (let i = 0; i < positions.length; i += 3) {
    const x = (positions[i] as number) + shift[0];
    const y = (positions[i + 1] as number) + shift[1];
    const z = (positions[i + 2] as number) + shift[2];
    if (Math.abs(x) > reach || Math.abs(y) > reach || Math.abs(z) > reach) continue;
    if (
      Math.abs(x * ex[0] + y * ey[0] + z * ez[0]) <= hl &&
      Math.abs(x * ex[1] + y * ey[1] + z * ez[1]) <= hw &&
      Math.abs(x * ex[2] + y * ey[2] + z * ez[2]) <= hh
    ) {
      count += 1;
    }
  }
  return count;
}

/** Distance along a ray to a cuboid, or nothing when it is missed. The direction has length one. */
export function rayHit(box: CuboidShape, from: Vec3, direction: Vec3): number | null {
  const origin = toLocal(box, from);
  const d = rotate(conjugate(box.rotation), direction);
  let near = Number.NEGATIVE_INFINITY;
  let far = Number.POSITIVE_INFINITY;
  for (let axis = 0; axis < 3; axis += 1) {
    const half = (box.size[axis] as number) / 2;
    const o = origin[axis] as number;
    const v = d[axis] as number;
    if (Math.abs(v) < 1e-12) {
      if (Math.abs(o) > half) return null;
      continue;
    }
    const a = (-half - o) / v;
    const b = (half - o) / v;
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  if (near > far || far < 0) return null;
  return near >= 0 ? near : far;
}

/** Where a ray meets the level z, or nothing when it does not within `reach` metres. */
export function rayLevel(from: Vec3, direction: Vec3, z: number, reach = 500): Vec3 | null {
  if (Math.abs(direction[2]) < 1e-9) return null;
  const t = (z - from[2]) / direction[2];
  return t > 0 && t < reach ? add(from, scale(direction, t)) : null;
}

/** How far along the line `origin + s * axis` the ray passes nearest; both directions have length one. */
export function alongAxis(origin: Vec3, axis: Vec3, from: Vec3, direction: Vec3): number | null {
  const across = dot(axis, direction);
  const denominator = 1 - across * across;
  if (denominator < 1e-4) return null;
  const w = sub(origin, from);
  return (across * dot(direction, w) - dot(axis, w)) / denominator;
}

/**
 * Moves the face on side `sign` of `axis` by `delta` metres outwards. The opposite face stays where it is and the
 * cuboid does not become thinner than `SIDE_MIN_M`.
 */
export function moveFace(box: CuboidShape, axis: 0 | 1 | 2, sign: 1 | -1, delta: number): CuboidShape {
  const old = box.size[axis];
  const next = Math.max(SIDE_MIN_M, old + delta);
  const size = box.size.map((value, i) => (i === axis ? next : value)) as Vec3;
  const shift: Vec3 = [0, 0, 0];
  shift[axis] = (sign * (next - old)) / 2;
  return { ...box, size, center: toWorld(box, shift) };
}

/** Turned around one of its own axes. */
export function turn(box: CuboidShape, axis: 0 | 1 | 2, angle: number): CuboidShape {
  const unit: Vec3 = [axis === 0 ? 1 : 0, axis === 1 ? 1 : 0, axis === 2 ? 1 : 0];
  return { ...box, rotation: multiply(box.rotation, aroundAxis(unit, angle)) };
}

/** Level of the ground around a place: low, but not the lowest, of the points within `radius`, or `fallback`. */
export function groundLevel(
  positions: Float32Array,
  origin: Vec3,
  x: number,
  y: number,
  radius: number,
  fallback: number,
): number {
  const heights: number[] = [];
  const r2 = radius * radius;
  for (let i = 0; i < positions.length; i += 3) {
    const dx = (positions[i] as number) + origin[0] - x;
    const dy = (positions[i + 1] as number) + origin[1] - y;
    if (dx * dx + dy * dy <= r2) heights.push((positions[i + 2] as number) + origin[2]);
  }
  if (heights.length < 5) return fallback;
  heights.sort((a, b) => a - b);
  return heights[Math.floor(heights.length * 0.05)] as number;
}
