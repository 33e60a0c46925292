/**
 * Random walker (Grady, Random Walks for Image Segmentation, 2006): from each pixel, how likely a walker who avoids edges
 * reaches a seed of the object before one of the background. No trained weights are in it.
 */
import type { Patch } from "./livewire";

export interface Seed {
  x: number;
  y: number;
  /** 1: the object; 0: background. */
  label: 0 | 1;
}

/** How strongly walkers avoid differences of grey; of the range of the patch, squared. */
const BETA = 300;
/** Side of the grid on which the equations are solved, pixels: larger patches are made smaller first. */
export const GRID_SIDE_MAX = 192;
/** Most rounds of the solver; with this preconditioner a few hundred are enough for grids of this size. */
const ROUNDS_MAX = 600;
/** The solver stops at this part of the first residual. */
const TOLERANCE = 1e-4;

export interface Chance {
  /** Of the object, 0 to 1, row after row of the grid. */
  values: Float32Array;
  width: number;
  height: number;
  /** Image pixels to one of the grid. */
  scale: number;
}

/** Chances over a patch. Without seeds of the background, the border of the patch is background. */
export function randomWalk(patch: Patch, seeds: Seed[]): Chance {
  const scale = Math.max(1, Math.max(patch.width, patch.height) / GRID_SIDE_MAX);
  const width = Math.max(2, Math.round(patch.width / scale));
  const height = Math.max(2, Math.round(patch.height / scale));
  const grey = shrink(patch, width, height);
  const fixed = fixedValues(patch, seeds, width, height);
  const [right, down] = weights(grey, width, height);
  return { values: solve(right, down, fixed, width, height), width, height, scale: patch.width / width };
}

/** Means over blocks of pixels. */
function shrink(patch: Patch, width: number, height: number): Float32Array {
  const [sum, count] = [new Float32Array(width * height), new Float32Array(width * height)];
  for (let y = 0; y < patch.height; y += 1) {
    const row = Math.min(height - 1, Math.floor((y * height) / patch.height));
    for (let x = 0; x < patch.width; x += 1) {
      const at = row * width + Math.min(width - 1, Math.floor((x * width) / patch.width));
      sum[at] = (sum[at] as number) + (patch.data[y * patch.width + x] as number);
      count[at] = (count[at] as number) + 1;
    }
  }
  return sum.map((value, i) => value / Math.max(1, count[i] as number));
}

/** -1 where nothing is known. */
function fixedValues(patch: Patch, seeds: Seed[], width: number, height: number): Float32Array {
  const fixed = new Float32Array(width * height).fill(-1);
  if (!seeds.some((seed) => seed.label === 0)) {
    for (let x = 0; x < width; x += 1) fixed[x] = fixed[(height - 1) * width + x] = 0;
    for (let y = 0; y < height; y += 1) fixed[y * width] = fixed[y * width + width - 1] = 0;
  }
  for (const { x, y, label } of seeds) {
    const column = Math.min(width - 1, Math.max(0, Math.floor(((x - patch.left) * width) / patch.width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(((y - patch.top) * height) / patch.height)));
    fixed[row * width + column] = label;
  }
  return fixed;
}

/** Ease of a step to the right and down; never quite nothing, so that everything is connected. */
function weights(grey: Float32Array, width: number, height: number): [Float32Array, Float32Array] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of grey) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const range = most > least ? most - least : 1;
  const ease = (a: number, b: number) => Math.exp(-BETA * ((a - b) / range) ** 2) + 1e-5;
  const [right, down] = [new Float32Array(width * height), new Float32Array(width * height)];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      if (x + 1 < width) right[at] = ease(grey[at] as number, grey[at + 1] as number);
      if (y + 1 < height) down[at] = ease(grey[at] as number, grey[at + width] as number);
    }
  return [right, down];
}

/** Conjugate gradients with the diagonal as preconditioner, on the places without a seed. */
function solve(
  right: Float32Array,
  down: Float32Array,
  fixed: Float32Array,
  width: number,
  height: number,
): Float32Array {
  const n = width * height;
  const degree = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    degree[i] =
      (right[i] as number) +
      (down[i] as number) +
      (i % width > 0 ? (right[i - 1] as number) : 0) +
      (i >= width ? (down[i - width] as number) : 0);
  }
  const multiply = (x: Float64Array, out: Float64Array) => {
    for (let i = 0; i < n; i += 1) {
      if ((fixed[i] as number) >= 0) {
        out[i] = 0;
        continue;
      }
      let sum = (degree[i] as number) * (x[i] as number);
      if (i % width < width - 1) sum -= (right[i] as number) * (x[i + 1] as number);
      if (i % width > 0) sum -= (right[i - 1] as number) * (x[i - 1] as number);
      if (i + width < n) sum -= (down[i] as number) * (x[i + width] as number);
      if (i >= width) sum -= (down[i - width] as number) * (x[i - width] as number);
      out[i] = sum;
    }
  };
  const known = Float64Array.from(fixed, (value) => Math.max(0, value));
  const x = Float64Array.from(fixed, () => 0);
  const residual = new Float64Array(n);
  multiply(known, residual);
  for (let i = 0; i < n; i += 1) residual[i] = (fixed[i] as number) >= 0 ? 0 : -(residual[i] as number);
  const eased = residual.map((value, i) => value / (degree[i] || 1));
  const direction = eased.slice();
  const product = new Float64Array(n);
  const dot = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += (a[i] as number) * (b[i] as number);
    return sum;
  };
  let before = dot(residual, eased);
  const enough = before * TOLERANCE ** 2;
  for (let round = 0; round < ROUNDS_MAX && before > enough && before > 0; round += 1) {
    multiply(direction, product);
    const step = before / dot(direction, product);
    for (let i = 0; i < n; i += 1) {
      x[i] = (x[i] as number) + step * (direction[i] as number);
      residual[i] = (residual[i] as number) - step * (product[i] as number);
      eased[i] = (residual[i] as number) / (degree[i] || 1);
    }
    const after = dot(residual, eased);
    for (let i = 0; i < n; i += 1)
      direction[i] = (eased[i] as number) + (after / before) * (direction[i] as number);
    before = after;
  }
  return Float32Array.from(x, (value, i) => Math.min(1, Math.max(0, value + (known[i] as number))));
}

/** Whether a pixel of the patch belongs to the object: the chances are read between the middles of the grid's pixels. */
export function isObject(chance: Chance, x: number, y: number): boolean {
  const gx = Math.min(chance.width - 1, Math.max(0, (x + 0.5) / chance.scale - 0.5));
  const gy = Math.min(chance.height - 1, Math.max(0, (y + 0.5) / chance.scale - 0.5));
  const [x0, y0] = [Math.floor(gx), Math.floor(gy)];
  const [x1, y1] = [Math.min(chance.width - 1, x0 + 1), Math.min(chance.height - 1, y0 + 1)];
  const at = (column: number, row: number) => chance.values[row * chance.width + column] as number;
  const upper = at(x0, y0) + (gx - x0) * (at(x1, y0) - at(x0, y0));
  const lower = at(x0, y1) + (gx - x0) * (at(x1, y1) - at(x0, y1));
  return upper + (gy - y0) * (lower - upper) > 0.5;
}
