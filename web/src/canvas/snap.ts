/** Points held to the outlines of neighbours, so that areas share their borders. */
import { distance, nearestOnSegment, shapeRings } from "./geometry";
import type { Point, Shape } from "./types";

export interface Snap {
  point: Point;
  /** The outline that it lies on. */
  ring: Point[];
  /** Where along it: the vertex it follows, and how far to the next, 0 to 1. */
  place: number;
}

/** The nearest place of these shapes' outlines within reach: a vertex where one is near, else a point of an edge. */
export function snapTo(p: Point, shapes: Iterable<Shape>, reach: number): Snap | null {
  let vertex: Snap | null = null;
  let edge: Snap | null = null;
  let [toVertex, toEdge] = [reach, reach];
  for (const shape of shapes)
    for (const ring of shape.type === "polyline" ? [shape.points] : shapeRings(shape))
      ring.forEach((a, i) => {
        const away = distance(p, a);
        if (away <= toVertex) [vertex, toVertex] = [{ point: a, ring, place: i }, away];
        const b = ring[(i + 1) % ring.length] as Point;
        const near = nearestOnSegment(p, a, b);
        if (near.distance > toEdge) return;
        const length = distance(a, b);
        const along = length > 0 ? distance(a, near.point) / length : 0;
        [edge, toEdge] = [{ point: near.point, ring, place: i + along }, near.distance];
      });
  return vertex ?? edge;
}

/** The vertices between two places of one outline, the shorter way around, both ends left out. */
export function along(from: Snap, to: Snap): Point[] {
  const { ring } = from;
  if (ring !== to.ring) return [];
  const onward = walk(ring, from.place, to.place);
  const backward = walk(ring, to.place, from.place).reverse();
  const length = (points: Point[]) => {
    const chain = [from.point, ...points, to.point];
    let sum = 0;
    for (let i = 1; i < chain.length; i += 1) sum += distance(chain[i - 1] as Point, chain[i] as Point);
    return sum;
  };
  return length(onward) <= length(backward) ? onward : backward;
}

/** The vertices met going forward from one place to another. */
function walk(ring: Point[], from: number, to: number): Point[] {
  const n = ring.length;
  const end = to >= from ? to : to + n;
  const met: Point[] = [];
  for (let i = Math.floor(from) + 1; i < end; i += 1) met.push(ring[i % n] as Point);
  return met;
}
