import type { Point, Vec3 } from "./types";

/**
 * Where images lie in the patient: LPS, millimetres (x to the left, y to the back, z to the head). Image coordinates have
 * (0,0) at the outer corner of the first pixel, so the centre of that pixel, which DICOM names, is (0.5,0.5).
 */

/** A plane of pixels in the patient. */
export interface Plane {
  /** Centre of the first pixel. */
  origin: Vec3;
  /** Unit direction in which columns count up, and in which rows do. */
  row: Vec3;
  column: Vec3;
  /** Millimetres from column to column and from row to row. */
  dx: number;
  dy: number;
}

/** What is known of a series' place; absent means unknown. */
export interface SeriesSpace {
  /** Number of the frame of reference within the study; series with the same number share coordinates. */
  space: number | null;
  row: Vec3 | null;
  column: Vec3 | null;
  /** Place of the first frame. */
  origin: Vec3 | null;
  spacing: { row: number; column: number } | null;
  /** Position of each frame along the normal, where they are a stack. */
  positions: (number | null)[];
  /** Planes of images that are no stack. */
  planes: Plane[];
  rows: number;
  columns: number;
}

export const add = (a: Vec3, b: Vec3, k = 1): Vec3 => [a[0] + b[0] * k, a[1] + b[1] * k, a[2] + b[2] * k];
export const minus = (a: Vec3, b: Vec3): Vec3 => add(a, b, -1);
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Planes whose normals differ by less are parallel: they do not cut each other in a line that means anything. */
const PARALLEL = 0.999;

/** Letters of one direction: the axes it runs along, the strongest first; an axis below `LETTER_MIN` adds none. */
const LETTER_MIN = 0.25;

export function directionLetters(vector: readonly number[]): string {
  const axes = [
    { value: vector[0] ?? 0, plus: "L", minus: "R" },
    { value: vector[1] ?? 0, plus: "P", minus: "A" },
    { value: vector[2] ?? 0, plus: "H", minus: "F" },
  ];
  return axes
    .filter(({ value }) => Math.abs(value) >= LETTER_MIN)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .map(({ value, plus, minus: less }) => (value > 0 ? plus : less))
    .join("");
}

/** The plane of a frame, or nothing where the file does not say where it lies. */
export function planeOf(series: SeriesSpace, index: number): Plane | null {
  const own = series.planes[index];
  if (own) return own;
  const { row, column, origin, spacing, positions } = series;
  if (!row || !column || !origin || !spacing) return null;
  const plane = { origin, row, column, dx: spacing.column, dy: spacing.row };
  if (index === 0) return plane;
  const [first, here] = [positions[0], positions[index]];
  if (first === null || first === undefined || here === null || here === undefined) return null;
  return { ...plane, origin: add(origin, cross(row, column), here - first) };
}

/** The place in the patient of an image point. */
export function toPatient(plane: Plane, [x, y]: Point): Vec3 {
  return add(add(plane.origin, plane.row, (x - 0.5) * plane.dx), plane.column, (y - 0.5) * plane.dy);
}

/** The image point nearest to a place, and how far the place lies from the plane along its normal, mm. */
export function toImage(plane: Plane, place: Vec3): { point: Point; distance: number } {
  const from = minus(place, plane.origin);
  return {
    point: [dot(from, plane.row) / plane.dx + 0.5, dot(from, plane.column) / plane.dy + 0.5],
    distance: dot(from, cross(plane.row, plane.column)),
  };
}

/** Whether two planes show the same cut, so that their slices can be scrolled together. */
export function isParallel(a: Pick<Plane, "row" | "column">, b: Pick<Plane, "row" | "column">): boolean {
  return Math.abs(dot(cross(a.row, a.column), cross(b.row, b.column))) > PARALLEL;
}

/**
 * The line in which another image cuts this one, in the image coordinates of this one and only as far as the other image
 * goes; nothing where they are parallel or do not meet.
 */
export function referenceLine(
  shown: Plane,
  other: Plane,
  size: { rows: number; columns: number },
): [Point, Point] | null {
  if (isParallel(shown, other)) return null;
  const normal = cross(shown.row, shown.column);
  const corners: Point[] = [
    [0, 0],
    [size.columns, 0],
    [size.columns, size.rows],
    [0, size.rows],
  ];
  const places = corners.map((corner) => toPatient(other, corner));
  const heights = places.map((place) => dot(minus(place, shown.origin), normal));
  const cuts: Point[] = [];
  for (let i = 0; i < 4; i += 1) {
    const j = (i + 1) % 4;
    const [a, b] = [heights[i] as number, heights[j] as number];
    // An edge that ends in the plane belongs to its neighbour too: it is counted once.
    if (a === b || Math.min(a, b) > 0 || Math.max(a, b) <= 0) continue;
    const place = add(places[i] as Vec3, minus(places[j] as Vec3, places[i] as Vec3), a / (a - b));
    cuts.push(toImage(shown, place).point);
  }
  return cuts.length === 2 ? (cuts as [Point, Point]) : null;
}

/** The frame of a series that lies nearest to a place, and how far off it is, mm; nothing where frames have no places. */
export function nearestFrame(series: SeriesSpace, place: Vec3): { index: number; distance: number } | null {
  let best: { index: number; distance: number } | null = null;
  for (let index = 0; index < Math.max(series.positions.length, series.planes.length); index += 1) {
    const plane = planeOf(series, index);
    if (!plane) continue;
    const distance = Math.abs(toImage(plane, place).distance);
    if (!best || distance < best.distance) best = { index, distance };
  }
  return best;
}

/** Whether two series share coordinates. Unknown is no, except of a series with itself. */
export function sharesSpace(a: SeriesSpace, b: SeriesSpace): boolean {
  return a === b || (a.space !== null && a.space === b.space);
}
