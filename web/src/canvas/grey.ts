import type { Grey } from "./flood";
import type { Slice } from "./lut";

/** Weights of red, green and blue in brightness, ITU-R BT.601. */
const WEIGHTS = [0.299, 0.587, 0.114] as const;

export function greyOf(width: number, height: number, data: ArrayLike<number>): Grey {
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < data.length; i += 1) {
    const value = data[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { width, height, data, min, max };
}

/** Brightness of coloured pixels, `stride` bytes each. */
export function brightness(pixels: ArrayLike<number>, count: number, stride: number): Uint8Array {
  const made = new Uint8Array(count);
  const [red, green, blue] = WEIGHTS;
  for (let i = 0, at = 0; i < count; i += 1, at += stride)
    made[i] = Math.round(
      red * (pixels[at] as number) + green * (pixels[at + 1] as number) + blue * (pixels[at + 2] as number),
    );
  return made;
}

/** Values of a slice in its own unit; brightness where it is coloured. */
export function greyOfSlice({ format, slope, intercept, data, rows, columns }: Slice): Grey {
  const count = columns * rows;
  const values =
    format === "rgb8"
      ? brightness(data, count, 3)
      : Float32Array.from(data as ArrayLike<number>, (stored) => stored * slope + intercept);
  return greyOf(columns, rows, values);
}
