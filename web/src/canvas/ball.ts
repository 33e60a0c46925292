/**
 * Balls in space on the slices of a stack, in millimetres: what a stroke of a round brush covers on each slice. Nothing here
 * guesses: where distances are not known, `ballRefusal` says why, and whoever paints stays on one slice.
 */
import type { Bits } from "./bits";
import type { Grey } from "./flood";
import type { Limit } from "./painting";
import { type SeriesFacts, volumeRefusal } from "./series";
import type { Bounds, Point, Spacing } from "./types";

/** A stack as a brush needs it that paints on several slices. */
export interface StackSpace {
  /** Place of each slice along the normal, mm. */
  readonly positions: readonly (number | null)[];
  /** Why no ball can be painted in it; nothing where it can. */
  readonly refusal: string | null;
  /** Values of a slice, in the unit that limits are given in. */
  grey(index: number): Promise<Grey>;
}

/** A slice that a ball reaches, and the radius of what it covers there, mm. */
export interface BallSlice {
  index: number;
  radius: number;
}

/**
 * Why no ball can be painted in a series, or nothing when one can. `spacing` is that of its pixels in the patient: a distance at
 * the detector, or one whose meaning is not stated, is none. Slices that are unevenly apart have places of their own, and are taken
 * where they are.
 */
export function ballRefusal(facts: SeriesFacts, frames: number, spacing: Spacing | null): string | null {
  if (frames < 2) return "there is one slice only";
  if (!spacing) return "the distance of the pixels in the patient is not known";
  for (const [issue, words] of [
    ["mixed_spacing", "the slices differ in the distance of their pixels"],
    ["slices_not_parallel", "the slices are not parallel"],
    ["unusual_stack", "the slices are no plain stack"],
  ] as const)
    if (facts.issues.includes(issue)) return words;
  if (facts.positions.length !== frames) return "the places of the slices are not known";
  // What is asked of a volume holds here, too; two slices are enough.
  return volumeRefusal(facts, Math.max(3, frames));
}

/** The slices that a ball around a slice reaches, by their places. */
export function ballSlices(positions: readonly (number | null)[], at: number, radius: number): BallSlice[] {
  const middle = positions[at];
  if (middle === null || middle === undefined) return [{ index: at, radius }];
  return positions.flatMap((place, index) => {
    if (place === null) return [];
    const away = place - middle;
    return Math.abs(away) <= radius ? [{ index, radius: Math.sqrt(radius * radius - away * away) }] : [];
  });
}

/** The part of an image (whole pixels) that a stroke may cover; nothing where it lies beside the image. */
export function strokeBounds(
  path: readonly Point[],
  radius: number,
  spacing: Spacing,
  size: { width: number; height: number },
): Bounds | null {
  const [rx, ry] = [radius / spacing.column, radius / spacing.row];
  const [xs, ys] = [path.map(([x]) => x), path.map(([, y]) => y)];
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  const minX = Math.max(0, Math.floor(least(xs) - rx - 1));
  const minY = Math.max(0, Math.floor(least(ys) - ry - 1));
  const maxX = Math.min(size.width, Math.ceil(most(xs) + rx + 1));
  const maxY = Math.min(size.height, Math.ceil(most(ys) + ry + 1));
  return maxX > minX && maxY > minY ? { minX, minY, maxX, maxY } : null;
}

/**
 * Sets or clears the pixels whose centres lie within `radius` millimetres of a path (image coordinates), within the window of
 * the bits and, where there is a limit, only those whose values lie within.
 */
export function paintPath(
  bits: Bits,
  path: readonly Point[],
  radius: number,
  spacing: Spacing,
  value: 0 | 1,
  limit: Limit | null,
): void {
  let from = path[0];
  for (const to of path) {
    paintSegment(bits, from as Point, to, radius, spacing, value, limit);
    from = to;
  }
}

/**
 * What lies within a distance of a segment is convex: in each column of pixels it is one run, from the first to the last place
 * of the two discs at its ends and of the band between them.
 */
function paintSegment(
  bits: Bits,
  from: Point,
  to: Point,
  radius: number,
  { row: dy, column: dx }: Spacing,
  value: 0 | 1,
  limit: Limit | null,
): void {
  const [ax, ay, bx, by] = [from[0] * dx, from[1] * dy, to[0] * dx, to[1] * dy];
  const length = Math.hypot(bx - ax, by - ay);
  const first = Math.max(bits.left, Math.floor((Math.min(ax, bx) - radius) / dx));
  const last = Math.min(bits.left + bits.width - 1, Math.floor((Math.max(ax, bx) + radius) / dx));
  for (let column = first; column <= last; column += 1) {
    const x = (column + 0.5) * dx;
    let [low, high] = [Infinity, -Infinity];
    const take = (a: number, b: number) => {
      if (a > b) return;
      low = Math.min(low, a);
      high = Math.max(high, b);
    };
    for (const [cx, cy] of [
      [ax, ay],
      [bx, by],
    ] as const) {
      const rest = radius * radius - (x - cx) * (x - cx);
      if (rest >= 0) take(cy - Math.sqrt(rest), cy + Math.sqrt(rest));
    }
    if (length > 0) take(...band(x - ax, ay, (bx - ax) / length, (by - ay) / length, length, radius));
    if (low > high) continue;
    run(bits, column, Math.ceil(low / dy - 0.5), Math.floor(high / dy - 0.5) + 1, value, limit);
  }
}

/** The heights at which a column (`x` from the start of a segment of this direction) lies in the band beside the segment. */
function band(
  x: number,
  ay: number,
  ux: number,
  uy: number,
  length: number,
  radius: number,
): [number, number] {
  let [low, high] = [-Infinity, Infinity];
  /** `a + b * y` lies between these. */
  const hold = (a: number, b: number, from: number, to: number) => {
    if (Math.abs(b) < 1e-12) {
      if (a < from || a > to) low = Infinity;
      return;
    }
    const [p, q] = [(from - a) / b, (to - a) / b];
    low = Math.max(low, Math.min(p, q));
    high = Math.min(high, Math.max(p, q));
  };
  hold(x * ux, uy, 0, length);
  hold(-x * uy, ux, -radius, radius);
  return [ay + low, ay + high];
}

function run(bits: Bits, x: number, from: number, to: number, value: 0 | 1, limit: Limit | null): void {
  if (!limit) {
    bits.run(x, from, to, value);
    return;
  }
  const { grey, low, high } = limit;
  const [first, last] = [Math.max(bits.top, from), Math.min(bits.top + bits.height, to)];
  for (let y = first; y < last; y += 1) {
    const found = grey.data[y * grey.width + x];
    if (found !== undefined && found >= low && found <= high) bits.set(x, y, value);
  }
}
