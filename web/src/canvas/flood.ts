/** Regions grown from a place: the magic wand, the bucket, and the islands of a mask. */
import { Bits } from "./bits";
import type { Bounds } from "./types";

/** A picture as one number per pixel, row after row. */
export interface Grey {
  width: number;
  height: number;
  data: ArrayLike<number>;
  /** Smallest and largest value that is there. */
  min: number;
  max: number;
}

/**
 * Pixels within `tolerance` of the value at a place: those connected with it over their sides, or all of the image. The
 * window of what comes back is the whole image.
 */
export function wand(grey: Grey, x: number, y: number, tolerance: number, connected: boolean): Bits {
  const { width, height, data } = grey;
  const made = new Bits(0, 0, width, height);
  const seed = data[y * width + x] as number;
  const takes = (column: number, row: number) =>
    Math.abs((data[row * width + column] as number) - seed) <= tolerance;
  if (connected) spread(made, x, y, takes);
  else
    for (let row = 0; row < height; row += 1)
      for (let column = 0; column < width; column += 1)
        if (takes(column, row)) made.data[column * height + row] = 1;
  return made;
}

/** Sets everything that is connected with a place, run by run of columns; each pixel is asked once. */
export function spread(made: Bits, x: number, y: number, takes: (x: number, y: number) => boolean): void {
  const { left, top, width, height, data } = made;
  const open = (column: number, row: number) =>
    column >= left &&
    column < left + width &&
    row >= top &&
    row < top + height &&
    data[(column - left) * height + row - top] === 0 &&
    takes(column, row);
  if (!open(x, y)) return;
  const stack: [number, number][] = [[x, y]];
  while (stack.length > 0) {
    const [column, row] = stack.pop() as [number, number];
    if (!open(column, row)) continue;
    let [first, last] = [row, row + 1];
    while (open(column, first - 1)) first -= 1;
    while (open(column, last)) last += 1;
    made.run(column, first, last, 1);
    for (const side of [column - 1, column + 1])
      for (let at = first; at < last; at += 1)
        if (open(side, at)) {
          stack.push([side, at]);
          while (at + 1 < last && open(side, at + 1)) at += 1;
        }
  }
}

/** The zeros around a place that a mask encloses; nothing where they reach the edge of the mask's surroundings. */
export function enclosed(
  mask: Bits,
  x: number,
  y: number,
  size: { width: number; height: number },
): Bits | null {
  if (mask.get(x, y)) return null;
  const extent = mask.extent();
  if (!extent || x < extent.minX || y < extent.minY || x >= extent.maxX || y >= extent.maxY) return null;
  const made = new Bits(extent.minX, extent.minY, extent.maxX - extent.minX, extent.maxY - extent.minY);
  spread(made, x, y, (column, row) => !mask.get(column, row));
  return touchesOpenEdge(made, extent, size) ? null : made;
}

/** The edge of the image closes a region as well as the mask does. */
function touchesOpenEdge(made: Bits, extent: Bounds, size: { width: number; height: number }): boolean {
  for (let x = extent.minX; x < extent.maxX; x += 1) {
    if (extent.minY > 0 && made.get(x, extent.minY)) return true;
    if (extent.maxY < size.height && made.get(x, extent.maxY - 1)) return true;
  }
  for (let y = extent.minY; y < extent.maxY; y += 1) {
    if (extent.minX > 0 && made.get(extent.minX, y)) return true;
    if (extent.maxX < size.width && made.get(extent.maxX - 1, y)) return true;
  }
  return false;
}

/** The connected parts of a mask, the largest first. */
export function islands(mask: Bits): Bits[] {
  const left = mask.copy();
  const found: Bits[] = [];
  for (let column = 0; column < left.width; column += 1)
    for (let row = 0; row < left.height; row += 1) {
      if (!left.data[column * left.height + row]) continue;
      const part = new Bits(mask.left, mask.top, mask.width, mask.height);
      spread(part, column + mask.left, row + mask.top, (x, y) => left.get(x, y));
      left.combine(part, 0);
      const extent = part.extent();
      if (extent) found.push(part.cut(extent));
    }
  return found
    .map((part) => ({ part, size: part.count() }))
    .sort((a, b) => b.size - a.size)
    .map(({ part }) => part);
}
