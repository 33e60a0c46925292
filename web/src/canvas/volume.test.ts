import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Slice } from "./lut";
import type { Plane } from "./space";
import type { Vec3 } from "./types";
import {
  emptyVolume,
  extent,
  planeThrough,
  putSlice,
  reslice,
  sliceIndex,
  stride,
  VOLUME_BYTES_MAX,
  type Volume,
  valueAt,
} from "./volume";

interface Reference {
  size: [number, number, number];
  data: number[];
  origin: Vec3;
  row: Vec3;
  column: Vec3;
  spacing: { row: number; column: number };
  places: number[];
  planes: (Plane & { rows: number; columns: number; values: (number | null)[][] })[];
}
/** Made by `mpr.py` beside it with scipy.ndimage.map_coordinates. */
const reference: Reference = JSON.parse(readFileSync("tests/reference/mpr.json", "utf8"));

const sliceOf = (values: number[], rows: number, columns: number, change: Partial<Slice> = {}): Slice => ({
  rows,
  columns,
  format: "i16",
  slope: 1,
  intercept: -1024,
  photometric: "MONOCHROME2",
  data: Int16Array.from(values),
  ...change,
});

function referenceVolume(): Volume {
  const { size, data, origin, row, column, spacing, places } = reference;
  const [nx, ny, nz] = size;
  const slices = Array.from({ length: nz }, (_, k) =>
    sliceOf(data.slice(k * nx * ny, (k + 1) * nx * ny), ny, nx),
  );
  const plane = { origin, row, column, dx: spacing.column, dy: spacing.row };
  const volume = emptyVolume(slices[0] as Slice, plane, places, 1);
  for (const [k, slice] of slices.entries()) putSlice(volume, k, slice, 1);
  return volume;
}

/** A volume whose value is the same linear function of the place everywhere: interpolation must give it back. */
function linear(size: [number, number, number], places: number[]): Volume {
  const plane: Plane = { origin: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0], dx: 2, dy: 3 };
  const [nx, ny, nz] = size;
  const values = (k: number) =>
    Array.from(
      { length: nx * ny },
      (_, at) => 10 * (at % nx) + 20 * Math.floor(at / nx) + 4 * (places[k] as number),
    );
  const volume = emptyVolume(sliceOf(values(0), ny, nx), plane, places, 1);
  for (let k = 0; k < nz; k += 1) putSlice(volume, k, sliceOf(values(k), ny, nx), 1);
  return volume;
}

describe("planes through a volume", () => {
  it("agree with the reference wherever the plane is inside", () => {
    const volume = referenceVolume();
    let compared = 0;
    for (const { rows, columns, values, ...plane } of reference.planes) {
      const slice = reslice(volume, plane, rows, columns);
      for (let y = 0; y < rows; y += 1)
        for (let x = 0; x < columns; x += 1) {
          const expected = values[y]?.[x];
          if (expected === null || expected === undefined) continue;
          // Stored values are whole numbers: half a unit is rounding.
          expect(Math.abs((slice.data[y * columns + x] as number) - expected)).toBeLessThanOrEqual(
            0.5 + 1e-6,
          );
          compared += 1;
        }
    }
    expect(compared).toBeGreaterThan(150);
  });

  it("are dark outside of the volume, and bright where small values are bright", () => {
    const volume = linear([4, 4, 3], [0, 5, 10]);
    const far: Plane = { origin: [1000, 0, 0], row: [0, 1, 0], column: [0, 0, -1], dx: 1, dy: 1 };
    expect([...reslice(volume, far, 1, 2).data]).toEqual([-32_768, -32_768]);
    const flipped = { ...volume, like: { ...volume.like, photometric: "MONOCHROME1" } };
    expect(reslice(flipped, far, 1, 1).data[0]).toBe(32_767);
  });

  it("lie the way radiologists hang them, over the whole volume, with square pixels", () => {
    const volume = linear([4, 5, 3], [0, 5, 10]);
    expect(extent(volume)).toEqual({ min: [-1, -1.5, 0], max: [7, 13.5, 10] });
    const { plane, rows, columns } = planeThrough(volume, "coronal", [3, 6, 4]);
    expect([plane.dx, plane.dy, rows, columns]).toEqual([2, 2, 5, 4]);
    // The first row is the head, the first column the patient's right.
    expect(plane.origin).toEqual([0, 6, 9]);
    const axial = planeThrough(volume, "axial", [3, 6, 4]);
    expect(axial.plane.origin).toEqual([0, -0.5, 4]);
    const sagittal = planeThrough(volume, "sagittal", [3, 6, 4]);
    expect([sagittal.plane.row, sagittal.plane.column]).toEqual([
      [0, 1, 0],
      [0, 0, -1],
    ]);
  });

  it("interpolates between the true places of slices that do not lie evenly", () => {
    const places = [0, 1, 5, 6];
    const volume = linear([3, 3, 4], places);
    const line: Plane = { origin: [2, 3, 0], row: [0, 0, 1], column: [0, 1, 0], dx: 0.5, dy: 1 };
    const slice = reslice(volume, line, 1, 13);
    // 10 + 20 + 4·z.
    expect([...slice.data]).toEqual(Array.from({ length: 13 }, (_, i) => 30 + 2 * i));
    expect([sliceIndex(places, 3), sliceIndex(places, 5.5), sliceIndex(places, 0)]).toEqual([1.5, 2.5, 0]);
  });

  it("reads the value of a voxel in its unit", () => {
    const volume = linear([4, 4, 3], [0, 5, 10]);
    expect(valueAt(volume, [2.4, 3.2, 5.1])).toBe(10 + 20 + 20 - 1024);
    expect(valueAt(volume, [-3, 0, 0])).toBeNull();
  });
});

describe("a volume", () => {
  it("takes slices with a slope of their own over to that of the first", () => {
    const like = sliceOf([100, 200], 1, 2, { slope: 2, intercept: 0 });
    const plane: Plane = { origin: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0], dx: 1, dy: 1 };
    const volume = emptyVolume(like, plane, [0, 1], 1);
    putSlice(volume, 0, like, 1);
    putSlice(volume, 1, sliceOf([100, 30_000], 1, 2, { slope: 4, intercept: 6 }), 1);
    // 100·4 + 6 = 406 = 203·2; what the format cannot hold is clamped.
    expect([...volume.data]).toEqual([100, 200, 203, 32_767]);
  });

  it("refuses a slice that is not like the others", () => {
    const volume = linear([3, 3, 2], [0, 1]);
    expect(() => putSlice(volume, 1, sliceOf([1, 2], 1, 2), 1)).toThrow(/slice 2/);
  });

  it("keeps every second pixel where all would not fit", () => {
    expect(stride(512, 512, 500, 2)).toBe(1);
    const step = stride(1024, 1024, 1000, 2);
    expect(step).toBe(2);
    expect(Math.ceil(1024 / step) ** 2 * 1000 * 2).toBeLessThanOrEqual(VOLUME_BYTES_MAX);
    const like = sliceOf([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3);
    const plane: Plane = { origin: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0], dx: 1, dy: 1 };
    const volume = emptyVolume(like, plane, [0], 2);
    putSlice(volume, 0, like, 2);
    expect([volume.size, [...volume.data], volume.step]).toEqual([
      [2, 2, 1],
      [1, 3, 7, 9],
      [2, 2],
    ]);
  });
});
