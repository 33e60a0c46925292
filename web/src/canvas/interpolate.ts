/** Shapes between two shapes: what key frames leave to be calculated. */
import { Bits } from "./bits";
import { chainLength, distance } from "./geometry";
import { plainAngle } from "./grips";
import type { MaskShape, Point, Shape } from "./types";

const mix = (a: number, b: number, t: number) => a + (b - a) * t;
const mixPoint = (a: Point, b: Point, t: number): Point => [mix(a[0], b[0], t), mix(a[1], b[1], t)];

/** The shape at `t` between `a` (0) and `b` (1); nothing where the two have nothing in between. */
export function between(a: Shape, b: Shape, t: number): Shape | null {
  if (a.type === "box" && b.type === "box")
    return {
      type: "box",
      x: mix(a.x, b.x, t),
      y: mix(a.y, b.y, t),
      w: mix(a.w, b.w, t),
      h: mix(a.h, b.h, t),
    };
  if (a.type === "rotated_box" && b.type === "rotated_box")
    return {
      type: "rotated_box",
      cx: mix(a.cx, b.cx, t),
      cy: mix(a.cy, b.cy, t),
      w: mix(a.w, b.w, t),
      h: mix(a.h, b.h, t),
      angle: plainAngle(a.angle + plainAngle(b.angle - a.angle) * t),
    };
  if (a.type === "ellipse" && b.type === "ellipse")
    return {
      type: "ellipse",
      cx: mix(a.cx, b.cx, t),
      cy: mix(a.cy, b.cy, t),
      rx: mix(a.rx, b.rx, t),
      ry: mix(a.ry, b.ry, t),
      angle: plainAngle(a.angle + plainAngle(b.angle - a.angle) * t),
    };
  if (a.type === "polygon" && b.type === "polygon")
    return { type: "polygon", points: rings(a.points, b.points, t) };
  if (a.type === "polyline" && b.type === "polyline") {
    const count = Math.max(a.points.length, b.points.length);
    const [p, q] = [resample(a.points, count, false), resample(b.points, count, false)];
    return { type: "polyline", points: p.map((point, i) => mixPoint(point, q[i] as Point, t)) };
  }
  if (a.type === "points" && b.type === "points" && a.points.length === b.points.length)
    return { type: "points", points: a.points.map((point, i) => mixPoint(point, b.points[i] as Point, t)) };
  if (a.type === "skeleton" && b.type === "skeleton" && a.joints.length === b.joints.length)
    return {
      type: "skeleton",
      joints: a.joints.map((joint, i) => {
        const other = b.joints[i] ?? joint;
        if (joint.state === "absent" || other.state === "absent") return t < 0.5 ? joint : other;
        return { at: mixPoint(joint.at, other.at, t), state: t < 0.5 ? joint.state : other.state };
      }),
    };
  return a.type === "mask" && b.type === "mask" ? masks(a, b, t) : null;
}

/** Points in equal steps along a chain, the first one kept; a closed chain ends before it begins again. */
export function resample(points: Point[], count: number, closed: boolean): Point[] {
  const chain = closed ? [...points, points[0] as Point] : points;
  const total = chainLength(chain);
  if (!(total > 0) || count < 2) return Array.from({ length: count }, () => points[0] as Point);
  const step = total / (closed ? count : count - 1);
  const made: Point[] = [];
  let [at, walked] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    const wanted = Math.min(total, i * step);
    while (at < chain.length - 2 && walked + distance(chain[at] as Point, chain[at + 1] as Point) < wanted) {
      walked += distance(chain[at] as Point, chain[at + 1] as Point);
      at += 1;
    }
    const [p, q] = [chain[at] as Point, chain[at + 1] as Point];
    const length = distance(p, q);
    made.push(mixPoint(p, q, length > 0 ? Math.min(1, (wanted - walked) / length) : 0));
  }
  return made;
}

/** The ring between two rings: same direction, begun where they lie best on each other. Vertices stay vertices where both have as many. */
function rings(a: Point[], b: Point[], t: number): Point[] {
  const same = a.length === b.length;
  const count = same ? a.length : Math.max(a.length, b.length, 16);
  const p = same ? a : resample(a, count, true);
  let q = same ? b : resample(b, count, true);
  if (turn(p) !== turn(q)) q = [...q].reverse();
  const shift = bestShift(p, q);
  return p.map((point, i) => mixPoint(point, q[(i + shift) % count] as Point, t));
}

function turn(points: Point[]): number {
  let twice = 0;
  points.forEach(([x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length] as Point;
    twice += x * ny - nx * y;
  });
  return Math.sign(twice);
}

/** The shift of `q` that brings its points nearest to those of `p`, both about their own middle. */
function bestShift(p: Point[], q: Point[]): number {
  const middle = (points: Point[]): Point => [
    points.reduce((sum, [x]) => sum + x, 0) / points.length,
    points.reduce((sum, [, y]) => sum + y, 0) / points.length,
  ];
  const [[px, py], [qx, qy]] = [middle(p), middle(q)];
  let [best, least] = [0, Infinity];
  for (let shift = 0; shift < q.length; shift += 1) {
    let sum = 0;
    for (let i = 0; i < p.length && sum < least; i += 1) {
      const [ax, ay] = p[i] as Point;
      const [bx, by] = q[(i + shift) % q.length] as Point;
      sum += (ax - px - bx + qx) ** 2 + (ay - py - by + qy) ** 2;
    }
    if (sum < least) [best, least] = [shift, sum];
  }
  return best;
}

/** The mask between two masks: where the mixed distance from their outlines is inside. */
function masks(a: MaskShape, b: MaskShape, t: number): MaskShape | null {
  const [one, other] = [Bits.fromShape(a), Bits.fromShape(b)];
  const [height, width] = a.size;
  if (b.size[0] !== height || b.size[1] !== width || one.width === 0 || other.width === 0) return null;
  // Laid over each other by their middles, so that what moves keeps its size on the way.
  const middle = (bits: Bits): Point => [bits.left + bits.width / 2, bits.top + bits.height / 2];
  const [from, to] = [middle(one), middle(other)];
  const at = mixPoint(from, to, t);
  const reach = Math.ceil(Math.max(one.width, other.width, one.height, other.height) / 2) + 1;
  const side = 2 * reach + 1;
  const [da, db] = [signedDistance(one, from, reach), signedDistance(other, to, reach)];
  const [left, top] = [Math.round(at[0] - reach - 0.5), Math.round(at[1] - reach - 0.5)];
  const made = new Bits(left, top, side, side);
  for (let i = 0; i < made.data.length; i += 1)
    made.data[i] = mix(da[i] as number, db[i] as number, t) < 0 ? 1 : 0;
  return made.cut({ minX: 0, minY: 0, maxX: width, maxY: height }).toShape(width, height);
}

/** Distance from the outline, negative inside, in a square window about a place; column after column. */
function signedDistance(bits: Bits, middle: Point, reach: number): Float32Array {
  const side = 2 * reach + 1;
  const [left, top] = [Math.round(middle[0] - reach - 0.5), Math.round(middle[1] - reach - 0.5)];
  const inside = new Uint8Array(side * side);
  for (let x = 0; x < side; x += 1)
    for (let y = 0; y < side; y += 1) if (bits.get(x + left, y + top)) inside[x * side + y] = 1;
  const out = squaredDistance(inside, side, 1);
  const within = squaredDistance(inside, side, 0);
  return out.map((value, i) => (inside[i] ? 0.5 - Math.sqrt(within[i] as number) : Math.sqrt(value) - 0.5));
}

/**
 * Squared distance of each place from the nearest one of a value, exactly and in two passes of lower envelopes
 * (Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012).
 */
export function squaredDistance(data: Uint8Array, side: number, value: 0 | 1): Float32Array {
  const far = 4 * side * side;
  const grid = Float32Array.from(data, (v) => (v === value ? 0 : far));
  const line = new Float32Array(side);
  for (let x = 0; x < side; x += 1) envelope(grid, x * side, 1, side, line);
  for (let y = 0; y < side; y += 1) envelope(grid, y, side, side, line);
  return grid;
}

function envelope(grid: Float32Array, start: number, step: number, n: number, line: Float32Array): void {
  const [roots, bounds] = [new Int32Array(n), new Float32Array(n + 1)];
  for (let i = 0; i < n; i += 1) line[i] = grid[start + i * step] as number;
  let k = 0;
  [bounds[0], bounds[1]] = [-Infinity, Infinity];
  const meet = (q: number, r: number) =>
    ((line[q] as number) + q * q - (line[r] as number) - r * r) / (2 * q - 2 * r);
  for (let q = 1; q < n; q += 1) {
    let s = meet(q, roots[k] as number);
    while (k > 0 && s <= (bounds[k] as number)) {
      k -= 1;
      s = meet(q, roots[k] as number);
    }
    k += 1;
    roots[k] = q;
    bounds[k] = s;
    bounds[k + 1] = Infinity;
  }
  k = 0;
  for (let q = 0; q < n; q += 1) {
    while ((bounds[k + 1] as number) < q) k += 1;
    const root = roots[k] as number;
    grid[start + q * step] = (q - root) ** 2 + (line[root] as number);
  }
}
