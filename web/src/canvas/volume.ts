import type { Slice } from "./lut";
import { add, cross, dot, minus, type Plane } from "./space";
import type { Vec3 } from "./types";

/** Memory that the values of one volume may take, bytes: 1000 slices of 512 by 512 at 16 bits. */
export const VOLUME_BYTES_MAX = 512 * 1024 * 1024;
/** Largest side of a plane through a volume, pixels. */
const PLANE_SIDE_MAX = 1024;

export type MprAxis = "axial" | "coronal" | "sagittal";

/** Where the planes look from: rows and columns as radiologists hang them (patient's right on the left of the screen). */
const AXES: Record<MprAxis, { row: Vec3; column: Vec3 }> = {
  axial: { row: [1, 0, 0], column: [0, 1, 0] },
  coronal: { row: [1, 0, 0], column: [0, 0, -1] },
  sagittal: { row: [0, 1, 0], column: [0, 0, -1] },
};

/** Stored values of a stack in one block, and where its voxels lie. */
export interface Volume {
  /** Columns, rows and slices. */
  size: [number, number, number];
  data: Uint8Array | Uint16Array | Int16Array;
  /** Centre of the first voxel, LPS, mm. */
  origin: Vec3;
  /** Unit directions of columns, rows and slices. */
  axes: [Vec3, Vec3, Vec3];
  /** Millimetres between columns and between rows. */
  step: [number, number];
  /** Place of each slice along the third direction, mm from the first; rising. */
  places: number[];
  /** How values are to be read: format, rescale, photometric. */
  like: Slice;
}

/** How many columns and rows of the source make one of the volume, so that it fits the memory. */
export function stride(columns: number, rows: number, slices: number, bytes: number): number {
  let step = 1;
  while (Math.ceil(columns / step) * Math.ceil(rows / step) * slices * bytes > VOLUME_BYTES_MAX) step += 1;
  return step;
}

/** An empty volume for slices that look like `like`. Every `step`-th column and row is kept. */
export function emptyVolume(like: Slice, plane: Plane, places: number[], step: number): Volume {
  const columns = Math.ceil(like.columns / step);
  const rows = Math.ceil(like.rows / step);
  const count = columns * rows * places.length;
  const data =
    like.format === "i16"
      ? new Int16Array(count)
      : like.format === "u16"
        ? new Uint16Array(count)
        : new Uint8Array(count);
  return {
    size: [columns, rows, places.length],
    data,
    origin: plane.origin,
    axes: [plane.row, plane.column, cross(plane.row, plane.column)],
    step: [plane.dx * step, plane.dy * step],
    places,
    like,
  };
}

/** Puts a slice in. Fails for one that is not like the others: its values would be read wrongly. */
export function putSlice(volume: Volume, index: number, slice: Slice, step: number): void {
  const { like, size } = volume;
  const same =
    slice.rows === like.rows &&
    slice.columns === like.columns &&
    slice.format === like.format &&
    slice.photometric === like.photometric;
  if (!same) throw new Error(`slice ${index + 1} differs from the others in size or format`);
  const [columns, rows] = size;
  const at = index * columns * rows;
  const scale = slice.slope / like.slope;
  const shift = (slice.intercept - like.intercept) / like.slope;
  if (step === 1 && scale === 1 && shift === 0) {
    volume.data.set(slice.data, at);
    return;
  }
  // Slices of PET and some MR each have a slope of their own: values go over to that of the first.
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1) {
      const stored = slice.data[y * step * slice.columns + x * step] as number;
      volume.data[at + y * columns + x] =
        scale === 1 && shift === 0 ? stored : clampTo(volume.data, stored * scale + shift);
    }
}

function clampTo(data: Volume["data"], value: number): number {
  const [low, high] =
    data instanceof Int16Array ? [-32_768, 32_767] : data instanceof Uint16Array ? [0, 65_535] : [0, 255];
  return Math.min(high, Math.max(low, Math.round(value)));
}

/** Smallest and largest place of the volume's outside along the patient's axes, LPS, mm. */
export function extent(volume: Volume): { min: Vec3; max: Vec3 } {
  const { size, step, axes, origin, places } = volume;
  const min: Vec3 = [Infinity, Infinity, Infinity];
  const max: Vec3 = [-Infinity, -Infinity, -Infinity];
  const depth = places[places.length - 1] as number;
  for (const i of [-0.5, size[0] - 0.5])
    for (const j of [-0.5, size[1] - 0.5])
      for (const k of [0, depth]) {
        const corner = add(add(add(origin, axes[0], i * step[0]), axes[1], j * step[1]), axes[2], k);
        for (let n = 0; n < 3; n += 1) {
          min[n] = Math.min(min[n] as number, corner[n] as number);
          max[n] = Math.max(max[n] as number, corner[n] as number);
        }
      }
  return { min, max };
}

/** The plane of an axis through a place, over the whole volume, and its size in pixels. Pixels are square. */
export function planeThrough(
  volume: Volume,
  axis: MprAxis,
  place: Vec3,
): { plane: Plane; rows: number; columns: number } {
  const { row, column } = AXES[axis];
  const { min, max } = extent(volume);
  const range = (direction: Vec3): [number, number] => {
    const [a, b] = [dot(min, direction), dot(max, direction)];
    return [Math.min(a, b), Math.max(a, b)];
  };
  const [x0, x1] = range(row);
  const [y0, y1] = range(column);
  const finest = Math.min(volume.step[0], volume.step[1]);
  const pixel = Math.max(finest, (x1 - x0) / PLANE_SIDE_MAX, (y1 - y0) / PLANE_SIDE_MAX);
  const columns = Math.max(1, Math.round((x1 - x0) / pixel));
  const rows = Math.max(1, Math.round((y1 - y0) / pixel));
  const normal = cross(row, column);
  const origin = add(
    add(add([0, 0, 0], row, x0 + pixel / 2), column, y0 + pixel / 2),
    normal,
    dot(place, normal),
  );
  return { plane: { origin, row, column, dx: pixel, dy: pixel }, rows, columns };
}

/** Index along the slices of a place `mm` behind the first, with its fraction; outside by extrapolation. */
export function sliceIndex(places: number[], mm: number): number {
  const last = places.length - 1;
  if (last < 1) return mm;
  let low = 0;
  let high = last - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((places[middle] as number) <= mm) low = middle;
    else high = middle - 1;
  }
  const [a, b] = [places[low] as number, places[low + 1] as number];
  return low + (mm - a) / (b - a);
}

/** Value for what lies outside: the smallest stored value, shown dark (or the largest where small is bright). */
function outside(like: Slice): number {
  const flipped = like.photometric === "MONOCHROME1";
  if (like.format === "i16") return flipped ? 32_767 : -32_768;
  return flipped ? (like.format === "u16" ? 65_535 : 255) : 0;
}

/**
 * A plane through the volume by trilinear interpolation, in stored values. Slices need not lie evenly: interpolation is
 * between their true places. Half a voxel beyond the outermost centres belongs to the volume, as the voxels do.
 */
export function reslice(volume: Volume, plane: Plane, rows: number, columns: number): Slice {
  const { size, data, axes, step, places, like } = volume;
  const [nx, ny, nz] = size;
  const out =
    like.format === "i16"
      ? new Int16Array(rows * columns)
      : like.format === "u16"
        ? new Uint16Array(rows * columns)
        : new Uint8Array(rows * columns);
  const from = minus(plane.origin, volume.origin);
  const start = axes.map((axis) => dot(from, axis)) as Vec3;
  const perColumn = axes.map((axis) => dot(plane.row, axis) * plane.dx) as Vec3;
  const perRow = axes.map((axis) => dot(plane.column, axis) * plane.dy) as Vec3;
  const empty = outside(like);
  const layer = nx * ny;
  // Where a row of the plane runs within one depth, its slices are found once.
  const flat = Math.abs(perColumn[2]) < 1e-9;
  for (let y = 0; y < rows; y += 1) {
    let [a, b, c] = [start[0] + perRow[0] * y, start[1] + perRow[1] * y, start[2] + perRow[2] * y];
    let depth = sliceIndex(places, c);
    for (let x = 0; x < columns; x += 1) {
      if (!flat) depth = sliceIndex(places, c);
      const i = a / step[0];
      const j = b / step[1];
      if (i >= -0.5 && j >= -0.5 && depth >= -0.5 && i <= nx - 0.5 && j <= ny - 0.5 && depth <= nz - 0.5) {
        const u = Math.min(Math.max(i, 0), nx - 1);
        const v = Math.min(Math.max(j, 0), ny - 1);
        const w = Math.min(Math.max(depth, 0), nz - 1);
        const [u0, v0, w0] = [u | 0, v | 0, w | 0];
        const [fu, fv, fw] = [u - u0, v - v0, w - w0];
        const right = fu > 0 ? 1 : 0;
        const below = fv > 0 ? nx : 0;
        const behind = fw > 0 ? layer : 0;
        const at = w0 * layer + v0 * nx + u0;
        const near = bilinear(data, at, right, below, fu, fv);
        const value =
          behind === 0 ? near : near + (bilinear(data, at + behind, right, below, fu, fv) - near) * fw;
        out[y * columns + x] = Math.round(value);
      } else out[y * columns + x] = empty;
      a += perColumn[0];
      b += perColumn[1];
      c += perColumn[2];
    }
  }
  return { ...like, rows, columns, data: out, extras: false, display: undefined };
}

function bilinear(
  data: Volume["data"],
  at: number,
  right: number,
  below: number,
  fu: number,
  fv: number,
): number {
  const a = data[at] as number;
  const b = data[at + right] as number;
  const c = data[at + below] as number;
  const d = data[at + below + right] as number;
  const top = a + (b - a) * fu;
  return top + (c + (d - c) * fu - top) * fv;
}

/** Rescaled value of the voxel nearest to a place, or nothing outside. */
export function valueAt(volume: Volume, place: Vec3): number | null {
  const from = minus(place, volume.origin);
  const [nx, ny, nz] = volume.size;
  const i = Math.round(dot(from, volume.axes[0]) / volume.step[0]);
  const j = Math.round(dot(from, volume.axes[1]) / volume.step[1]);
  const k = Math.round(sliceIndex(volume.places, dot(from, volume.axes[2])));
  if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return null;
  return (volume.data[(k * ny + j) * nx + i] as number) * volume.like.slope + volume.like.intercept;
}
