import type { Bits } from "./bits";
import type { Grey } from "./flood";
import type { Bounds, Point } from "./types";

export interface Limit {
  grey: Grey;
  low: number;
  high: number;
}

/** Sets or clears the pixels whose middles lie in a disc; returns the part that may have changed. */
export function paintDisc(
  bits: Bits,
  [cx, cy]: Point,
  radius: number,
  value: 0 | 1,
  limit: Limit | null,
): Bounds {
  const first = Math.max(bits.left, Math.floor(cx - radius));
  const last = Math.min(bits.left + bits.width - 1, Math.floor(cx + radius));
  for (let x = first; x <= last; x += 1) {
    const across = x + 0.5 - cx;
    const reach = Math.sqrt(Math.max(0, radius * radius - across * across));
    if (Math.abs(across) > radius) continue;
    const from = Math.max(bits.top, Math.ceil(cy - reach - 0.5));
    const to = Math.min(bits.top + bits.height, Math.floor(cy + reach - 0.5) + 1);
    if (limit) paintWithin(bits, x, from, to, value, limit);
    else bits.run(x, from, to, value);
  }
  // A brush smaller than a pixel paints the pixel that it points at.
  if (radius < 1 && (!limit || isWithin(limit, Math.floor(cx), Math.floor(cy))))
    bits.set(Math.floor(cx), Math.floor(cy), value);
  return { minX: cx - radius - 1, minY: cy - radius - 1, maxX: cx + radius + 1, maxY: cy + radius + 1 };
}

function paintWithin(bits: Bits, x: number, from: number, to: number, value: 0 | 1, limit: Limit): void {
  for (let y = from; y < to; y += 1) if (isWithin(limit, x, y)) bits.set(x, y, value);
}

function isWithin({ grey, low, high }: Limit, x: number, y: number): boolean {
  const found = grey.data[y * grey.width + x];
  return found !== undefined && found >= low && found <= high;
}
