/** Outlines of masks, and lines with fewer points. */
import type { Bits } from "./bits";
import { nearestOnSegment, polygonArea } from "./geometry";
import type { Point, PolygonShape } from "./types";

/**
 * The outlines of a mask along the sides of its pixels, as polygons with holes, the largest first. Pixels that only share a
 * corner belong to different polygons.
 */
export function outlines(mask: Bits): PolygonShape[] {
  const rings = edgeRings(mask);
  const area = (ring: Point[]) => {
    let twice = 0;
    ring.forEach(([x, y], i) => {
      const [nx, ny] = ring[(i + 1) % ring.length] as Point;
      twice += x * ny - nx * y;
    });
    return twice / 2;
  };
  const outer = rings.filter((ring) => area(ring) > 0).sort((a, b) => polygonArea(b) - polygonArea(a));
  const shapes: PolygonShape[] = outer.map((points) => ({ type: "polygon", points }));
  for (const hole of rings.filter((ring) => area(ring) < 0)) {
    // The smallest outline around it is the one that it is cut from.
    const owner = [...shapes].reverse().find((shape) => encloses(shape.points, hole));
    if (owner) owner.holes = [...(owner.holes ?? []), hole];
  }
  return shapes;
}

/** Walks along the sides of set pixels, what is set on the right: clockwise around them, the other way around holes. */
function edgeRings(mask: Bits): Point[][] {
  const { left, top, width, height } = mask;
  // Sides that begin at a corner, by direction: 0 right, 1 down, 2 left, 3 up.
  const sides = new Map<number, number>();
  const key = (x: number, y: number) => (y - top) * (width + 2) + (x - left);
  const add = (x: number, y: number, direction: number) =>
    sides.set(key(x, y), (sides.get(key(x, y)) ?? 0) | (1 << direction));
  for (let x = left; x < left + width; x += 1)
    for (let y = top; y < top + height; y += 1) {
      if (!mask.get(x, y)) continue;
      if (!mask.get(x, y - 1)) add(x, y, 0);
      if (!mask.get(x + 1, y)) add(x + 1, y, 1);
      if (!mask.get(x, y + 1)) add(x + 1, y + 1, 2);
      if (!mask.get(x - 1, y)) add(x, y + 1, 3);
    }
  const rings: Point[][] = [];
  for (const [start, mask4] of sides) {
    for (let first = 0; first < 4; first += 1) {
      if (!((sides.get(start) ?? mask4) & (1 << first))) continue;
      rings.push(walk(sides, start, first, left, top, width));
    }
  }
  return rings;
}

const STEPS: readonly Point[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

function walk(
  sides: Map<number, number>,
  start: number,
  first: number,
  left: number,
  top: number,
  width: number,
): Point[] {
  const ring: Point[] = [];
  const stride = width + 2;
  let [at, direction, last] = [start, first, -1];
  for (;;) {
    const open = sides.get(at) ?? 0;
    if (!(open & (1 << direction))) break;
    sides.set(at, open & ~(1 << direction));
    // Only corners are kept.
    if (direction !== last) ring.push([(at % stride) + left, Math.floor(at / stride) + top]);
    last = direction;
    const [dx, dy] = STEPS[direction] as Point;
    at += dy * stride + dx;
    const next = sides.get(at) ?? 0;
    // Turning right first keeps pixels apart that only share a corner.
    const turn = [1, 0, 3].map((by) => (direction + by) % 4).find((way) => next & (1 << way));
    if (turn === undefined) break;
    direction = turn;
  }
  // The start is a corner only when the walk turned there.
  if (last === first) ring.shift();
  return ring;
}

function encloses(ring: Point[], hole: Point[]): boolean {
  const [x, y] = hole[0] as Point;
  // A place just inside of the hole's first pixel, never on a side.
  const p: Point = [x + 0.25, y + 0.25];
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[j] as Point;
    const [bx, by] = ring[i] as Point;
    if (ay > p[1] !== by > p[1] && p[0] < ((bx - ax) * (p[1] - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** A line with fewer points, none of the old ones further away than `tolerance` (Douglas and Peucker, 1973). */
export function simplify(points: Point[], tolerance: number): Point[] {
  if (points.length < 3) return points;
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const open: [number, number][] = [[0, points.length - 1]];
  while (open.length > 0) {
    const [from, to] = open.pop() as [number, number];
    let [far, most] = [-1, tolerance];
    for (let i = from + 1; i < to; i += 1) {
      const { distance } = nearestOnSegment(points[i] as Point, points[from] as Point, points[to] as Point);
      if (distance > most) [far, most] = [i, distance];
    }
    if (far < 0) continue;
    keep[far] = 1;
    open.push([from, far], [far, to]);
  }
  return points.filter((_, i) => keep[i]);
}

/** The same for a ring: cut at its first point and the one furthest from it. */
export function simplifyRing(points: Point[], tolerance: number): Point[] {
  if (points.length < 5) return points;
  const [x, y] = points[0] as Point;
  let [far, most] = [0, -1];
  points.forEach((p, i) => {
    const away = Math.hypot(p[0] - x, p[1] - y);
    if (away > most) [far, most] = [i, away];
  });
  const one = simplify(points.slice(0, far + 1), tolerance);
  const other = simplify([...points.slice(far), points[0] as Point], tolerance);
  const ring = [...one, ...other.slice(1, -1)];
  return ring.length >= 3 ? ring : points;
}
