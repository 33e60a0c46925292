/** Lengths, angles and areas: in millimetres where the distance of pixels is known, else in pixels, and it says so. */
import { polygonArea, shapeArea, shapeRings } from "./geometry";
import type { Point, Shape, Spacing } from "./types";

export type MeasureKind = "length" | "angle" | "area";

/** Points as lengths: pixels that are not square give other lengths across than down. */
function scaled([x, y]: Point, spacing: Spacing | null): Point {
  return spacing ? [x * spacing.column, y * spacing.row] : [x, y];
}

/** Length of a chain, mm or px. */
export function lengthOf(points: Point[], spacing: Spacing | null): number {
  let sum = 0;
  for (let i = 1; i < points.length; i += 1) {
    const [ax, ay] = scaled(points[i - 1] as Point, spacing);
    const [bx, by] = scaled(points[i] as Point, spacing);
    sum += Math.hypot(bx - ax, by - ay);
  }
  return sum;
}

/** Angle at the middle one of three points, radians from 0 to π; nothing where two of them are the same. */
export function angleOf([a, b, c]: [Point, Point, Point], spacing: Spacing | null): number | null {
  const [p, q, r] = [scaled(a, spacing), scaled(b, spacing), scaled(c, spacing)];
  const [ux, uy, vx, vy] = [p[0] - q[0], p[1] - q[1], r[0] - q[0], r[1] - q[1]];
  if ((ux === 0 && uy === 0) || (vx === 0 && vy === 0)) return null;
  return Math.abs(Math.atan2(ux * vy - uy * vx, ux * vx + uy * vy));
}

/** Area of a ring, mm² or px². */
export function areaOf(points: Point[], spacing: Spacing | null): number {
  return polygonArea(points) * (spacing ? spacing.row * spacing.column : 1);
}

const digits = (value: number) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);
const shown = (value: number) => value.toLocaleString("en-GB", { maximumFractionDigits: digits(value) });

/** What a measurement reads, with its unit. */
export function measured(kind: MeasureKind, points: Point[], spacing: Spacing | null): string {
  if (kind === "angle") {
    const angle = points.length >= 3 ? angleOf(points.slice(0, 3) as [Point, Point, Point], spacing) : null;
    return angle === null ? "" : `${((angle * 180) / Math.PI).toFixed(1)}°`;
  }
  if (kind === "area") return `${shown(areaOf(points, spacing))} ${spacing ? "mm²" : "px²"}`;
  return `${shown(lengthOf(points, spacing))} ${spacing ? "mm" : "px"}`;
}

/** Size of a drawn shape in words; empty for shapes without one. */
export function sizeWords(shape: Shape, spacing: Spacing | null): string {
  if (shape.type === "polyline") return measured("length", shape.points, spacing);
  if (shape.type === "ellipse" || shape.type === "rotated_box") {
    const [w, h] = shape.type === "ellipse" ? [2 * shape.rx, 2 * shape.ry] : [shape.w, shape.h];
    const along = (length: number, angle: number) =>
      length * Math.hypot(Math.cos(angle) * (spacing?.column ?? 1), Math.sin(angle) * (spacing?.row ?? 1));
    const [a, b] = [along(w, shape.angle), along(h, shape.angle + Math.PI / 2)];
    return `${shown(a)} × ${shown(b)} ${spacing ? "mm" : "px"}`;
  }
  if (shape.type === "box")
    return `${shown(shape.w * (spacing?.column ?? 1))} × ${shown(shape.h * (spacing?.row ?? 1))} ${spacing ? "mm" : "px"}`;
  if (shape.type !== "mask" && shapeRings(shape).length === 0) return "";
  const area = shapeArea(shape) * (spacing ? spacing.row * spacing.column : 1);
  return `${shown(area)} ${spacing ? "mm²" : "px²"}`;
}
