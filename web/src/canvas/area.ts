/** Areas joined, cut and repaired: what two polygons make together. */
import clipping, { type MultiPolygon } from "polygon-clipping";
import { cleanPolygon, polygonArea, shapeRings } from "./geometry";
import type { Point, PolygonShape, Shape } from "./types";

/** Pieces below this are crumbs of the calculation, square pixels. */
const CRUMB_PX = 0.25;

export type AreaAct = "join" | "cut" | "common";

/**
 * What two areas make together. Each piece is a polygon of its own, the largest first; none when nothing is left. Input
 * that crosses itself counts by the even-odd rule.
 */
export function combineAreas(a: Shape, b: Shape, act: AreaAct): PolygonShape[] {
  const [one, other] = [geometry(a), geometry(b)];
  if (act === "join") return pieces(clipping.union(one, other));
  return pieces(act === "cut" ? clipping.difference(one, other) : clipping.intersection(one, other));
}

/** The part of a polygon within the image. */
export function clipToImage(shape: PolygonShape, width: number, height: number): PolygonShape[] {
  return combineAreas(shape, { type: "box", x: 0, y: 0, w: width, h: height }, "common");
}

/** Polygons without crossings that cover the same by the even-odd rule. */
export function uncross(shape: PolygonShape): PolygonShape[] {
  return pieces(clipping.union(geometry(shape)));
}

/** Whether any edge crosses another one, of whichever ring; touching is no crossing. The server asks the same. */
export function crosses(shape: PolygonShape): boolean {
  const edges = shapeRings(shape).flatMap((ring) =>
    ring.map((p, i): [Point, Point] => [p, ring[(i + 1) % ring.length] as Point]),
  );
  // Swept by their left end: only edges whose x ranges overlap are compared.
  edges.sort((e, f) => Math.min(e[0][0], e[1][0]) - Math.min(f[0][0], f[1][0]));
  let active: [Point, Point][] = [];
  for (const edge of edges) {
    const left = Math.min(edge[0][0], edge[1][0]);
    active = active.filter(([p, q]) => Math.max(p[0], q[0]) >= left);
    if (active.some((other) => cross(edge, other))) return true;
    active.push(edge);
  }
  return false;
}

function cross([a, b]: [Point, Point], [c, d]: [Point, Point]): boolean {
  if (Math.max(a[1], b[1]) < Math.min(c[1], d[1]) || Math.max(c[1], d[1]) < Math.min(a[1], b[1]))
    return false;
  const side = (p: Point, q: Point, r: Point) =>
    Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** The two sides of a polygon along a line that runs through it; the polygon itself when it does not. */
export function slice(shape: Shape, line: Point[]): PolygonShape[] {
  if (line.length < 2) return [];
  // A strip beside the line, wide enough to hold everything on that side.
  const reach = 1e5;
  const start = extended(line[1] as Point, line[0] as Point, reach);
  const end = extended(line.at(-2) as Point, line.at(-1) as Point, reach);
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const length = Math.hypot(dx, dy) || 1;
  const aside: Point = [(-dy / length) * reach, (dx / length) * reach];
  const strip: Point[] = [
    start,
    ...line.slice(1, -1),
    end,
    [end[0] + aside[0], end[1] + aside[1]],
    [start[0] + aside[0], start[1] + aside[1]],
  ];
  const side: PolygonShape = { type: "polygon", points: strip };
  return [...combineAreas(shape, side, "common"), ...combineAreas(shape, side, "cut")];
}

function extended(from: Point, to: Point, by: number): Point {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  return [to[0] + ((to[0] - from[0]) / length) * by, to[1] + ((to[1] - from[1]) / length) * by];
}

function geometry(shape: Shape): MultiPolygon {
  const rings = shapeRings(shape);
  return rings.length > 0 ? [rings] : [];
}

function pieces(found: MultiPolygon): PolygonShape[] {
  return found
    .map((rings) => rings.map((ring) => cleanPolygon(ring as Point[])))
    .map(([points = [], ...holes]) => ({
      points,
      holes: holes.filter((hole) => hole.length >= 3 && polygonArea(hole) > CRUMB_PX),
    }))
    .filter(({ points }) => points.length >= 3 && polygonArea(points) > CRUMB_PX)
    .sort((a, b) => polygonArea(b.points) - polygonArea(a.points))
    .map(({ points, holes }) =>
      holes.length > 0 ? { type: "polygon", points, holes } : { type: "polygon", points },
    );
}
