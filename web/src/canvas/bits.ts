import { decodeRuns, encodeRuns } from "./rle";
import type { Bounds, MaskShape, Point } from "./types";

/**
 * Pixels of a mask within a window of the image, column after column like COCO's runs: the pixel (x, y) of the image is
 * `data[(x - left) * height + (y - top)]`. A window of the whole image is painted on; stored masks are cut to what is set.
 */
export class Bits {
  readonly data: Uint8Array;

  constructor(
    readonly left: number,
    readonly top: number,
    readonly width: number,
    readonly height: number,
    data?: Uint8Array,
  ) {
    this.data = data ?? new Uint8Array(width * height);
  }

  get(x: number, y: number): boolean {
    const [column, row] = [x - this.left, y - this.top];
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return false;
    return this.data[column * this.height + row] === 1;
  }

  set(x: number, y: number, value: 0 | 1): void {
    const [column, row] = [x - this.left, y - this.top];
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return;
    this.data[column * this.height + row] = value;
  }

  count(): number {
    let sum = 0;
    for (let i = 0; i < this.data.length; i += 1) sum += this.data[i] as number;
    return sum;
  }

  copy(): Bits {
    return new Bits(this.left, this.top, this.width, this.height, this.data.slice());
  }

  /** Sets or clears one run of a column, in image pixels; what is outside of the window is left out. */
  run(x: number, from: number, to: number, value: 0 | 1): void {
    const column = x - this.left;
    if (column < 0 || column >= this.width) return;
    const first = Math.max(0, from - this.top);
    const last = Math.min(this.height, to - this.top);
    if (last > first) this.data.fill(value, column * this.height + first, column * this.height + last);
  }

  /** The set pixels' extent: right and bottom are excluded. Nothing for an empty mask. */
  extent(): Bounds | null {
    let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let column = 0; column < this.width; column += 1) {
      const start = column * this.height;
      const slice = this.data.subarray(start, start + this.height);
      const first = slice.indexOf(1);
      if (first < 0) continue;
      minX = Math.min(minX, column);
      maxX = column;
      minY = Math.min(minY, first);
      maxY = Math.max(maxY, slice.lastIndexOf(1));
    }
    if (maxX < minX) return null;
    return {
      minX: minX + this.left,
      minY: minY + this.top,
      maxX: maxX + this.left + 1,
      maxY: maxY + this.top + 1,
    };
  }

  /** The part within these bounds (whole pixels), zeros where this window ends. */
  cut(to: Bounds): Bits {
    const made = new Bits(to.minX, to.minY, to.maxX - to.minX, to.maxY - to.minY);
    const first = Math.max(made.left, this.left);
    const last = Math.min(made.left + made.width, this.left + this.width);
    const top = Math.max(made.top, this.top);
    const bottom = Math.min(made.top + made.height, this.top + this.height);
    if (bottom <= top) return made;
    for (let x = first; x < last; x += 1) {
      const from = (x - this.left) * this.height + (top - this.top);
      made.data.set(
        this.data.subarray(from, from + bottom - top),
        (x - made.left) * made.height + (top - made.top),
      );
    }
    return made;
  }

  /** Joins (or takes away) another mask, within this window. */
  combine(other: Bits, value: 0 | 1): this {
    for (let column = 0; column < other.width; column += 1)
      for (let row = 0; row < other.height; row += 1)
        if (other.data[column * other.height + row]) this.set(column + other.left, row + other.top, value);
    return this;
  }

  /** As a shape of an image of this size; nothing when no pixel is set. */
  toShape(width: number, height: number): MaskShape | null {
    const counts: number[] = [];
    let current = 0;
    let length = 0;
    let any = false;
    const push = (value: number, n: number) => {
      if (n <= 0) return;
      if (value === current) length += n;
      else {
        counts.push(length);
        current = value;
        length = n;
      }
    };
    for (let x = 0; x < width; x += 1) {
      const column = x - this.left;
      if (column < 0 || column >= this.width) {
        push(0, height);
        continue;
      }
      push(0, Math.min(height, this.top));
      const start = column * this.height;
      const rows = Math.max(0, Math.min(this.height, height - this.top));
      const part = this.data.subarray(start, start + rows);
      for (let row = 0; row < rows; ) {
        const value = part[row] as number;
        const found = part.indexOf(1 - value, row);
        const end = found < 0 ? rows : found;
        if (value) any = true;
        push(value, end - row);
        row = end;
      }
      push(0, height - this.top - rows);
    }
    counts.push(length);
    return any ? { type: "mask", size: [height, width], counts: encodeRuns(counts) } : null;
  }

  /** From a shape, cut to what is set. */
  static fromShape(shape: MaskShape): Bits {
    const known = decoded.get(shape);
    if (known) return known;
    const made = decode(shape);
    decoded.set(shape, made);
    return made;
  }

  /** The pixels whose centres lie in these rings, by the even-odd rule, within the window. */
  fillRings(rings: Point[][], value: 0 | 1): this {
    const edges = rings.flatMap((ring) =>
      ring.map((a, i): [Point, Point] => {
        const b = ring[(i + 1) % ring.length] as Point;
        return a[0] <= b[0] ? [a, b] : [b, a];
      }),
    );
    edges.sort((p, q) => p[0][0] - q[0][0]);
    let next = 0;
    let active: [Point, Point][] = [];
    for (let column = 0; column < this.width; column += 1) {
      const x = column + this.left + 0.5;
      while (next < edges.length && (edges[next] as [Point, Point])[0][0] <= x)
        active.push(edges[next++] as [Point, Point]);
      active = active.filter(([, b]) => b[0] > x);
      if (active.length === 0) continue;
      const crossings = active
        .map(([a, b]) => a[1] + ((x - a[0]) / (b[0] - a[0])) * (b[1] - a[1]))
        .sort((p, q) => p - q);
      for (let i = 0; i + 1 < crossings.length; i += 2)
        this.run(
          column + this.left,
          Math.ceil((crossings[i] as number) - 0.5),
          Math.ceil((crossings[i + 1] as number) - 0.5),
          value,
        );
    }
    return this;
  }
}

/** Shapes are never changed in place, so that what was read of one stays true. */
const decoded = new WeakMap<MaskShape, Bits>();
const areas = new WeakMap<MaskShape, number>();
const extents = new WeakMap<MaskShape, Bounds | null>();

/** Of a shape just made: its extent and area need not be read from the runs again. */
export function seedMask(shape: MaskShape, extent: Bounds, area: number): void {
  extents.set(shape, extent);
  areas.set(shape, area);
}

/** The set pixels' extent from the runs alone, right and bottom excluded. Nothing for an empty mask. */
export function maskExtent(shape: MaskShape): Bounds | null {
  const known = extents.get(shape);
  if (known !== undefined) return known;
  const made = extentOf(decodeRuns(shape.counts), shape.size);
  extents.set(shape, made);
  return made;
}

/** Number of set pixels, from the runs alone. */
export function maskArea(shape: MaskShape): number {
  const known = areas.get(shape);
  if (known !== undefined) return known;
  const made = decodeRuns(shape.counts).reduce((sum, run, i) => sum + (i % 2 === 1 ? run : 0), 0);
  areas.set(shape, made);
  return made;
}

function extentOf(runs: number[], [height, width]: [number, number]): Bounds | null {
  let at = 0;
  let [left, right, top, bottom] = [width, 0, height, 0];
  runs.forEach((run, i) => {
    if (i % 2 === 1 && run > 0) {
      const [first, last] = [Math.floor(at / height), Math.floor((at + run - 1) / height)];
      left = Math.min(left, first);
      right = Math.max(right, last + 1);
      top = first === last ? Math.min(top, at % height) : 0;
      bottom = first === last ? Math.max(bottom, ((at + run - 1) % height) + 1) : height;
    }
    at += run;
  });
  return right > left ? { minX: left, minY: top, maxX: right, maxY: bottom } : null;
}

function decode({ size, counts }: MaskShape): Bits {
  const [height] = size;
  const runs = decodeRuns(counts);
  const extent = extentOf(runs, size);
  if (!extent) return new Bits(0, 0, 0, 0);
  const made = new Bits(extent.minX, extent.minY, extent.maxX - extent.minX, extent.maxY - extent.minY);
  let at = 0;
  runs.forEach((run, i) => {
    if (i % 2 === 1)
      for (let p = at; p < at + run; ) {
        const [x, y] = [Math.floor(p / height), p % height];
        const end = Math.min(height, y + at + run - p);
        made.run(x, y, end, 1);
        p += end - y;
      }
    at += run;
  });
  return made;
}
