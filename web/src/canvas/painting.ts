import type { Bits } from "./bits";
import type { Grey } from "./flood";
import { drawBitsPicture, fillPixels } from "./mask-layer";
import type { Bounds, Point } from "./types";
import type { Viewport } from "./viewport";

/** Side of a tile of the picture of what is painted, pixels. */
const TILE_PX = 256;
/** How strongly what is painted covers the image. */
const PAINT_ALPHA = 0.6;

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

interface Tile {
  canvas: HTMLCanvasElement;
  stale: boolean;
}

/** The picture of what is painted, in tiles: only those that were touched are made, and only the visible ones drawn. */
export class Tiles {
  private readonly tiles = new Map<number, Tile>();
  private readonly columns: number;

  constructor(
    private readonly bits: Bits,
    private readonly color: string,
  ) {
    this.columns = Math.ceil(bits.width / TILE_PX);
    const extent = bits.extent();
    if (extent) this.touch(extent);
  }

  /** Pixels in this part of the image may have changed. */
  touch(part: Bounds): void {
    const { bits } = this;
    const column = (x: number) =>
      Math.floor((Math.min(bits.left + bits.width - 1, Math.max(bits.left, x)) - bits.left) / TILE_PX);
    const row = (y: number) =>
      Math.floor((Math.min(bits.top + bits.height - 1, Math.max(bits.top, y)) - bits.top) / TILE_PX);
    for (let r = row(part.minY); r <= row(part.maxY); r += 1)
      for (let c = column(part.minX); c <= column(part.maxX); c += 1) {
        const key = r * this.columns + c;
        const tile = this.tiles.get(key);
        if (tile) tile.stale = true;
        else this.tiles.set(key, { canvas: document.createElement("canvas"), stale: true });
      }
  }

  draw(g: CanvasRenderingContext2D, viewport: Viewport): void {
    const view = viewport.visible();
    for (const [key, tile] of this.tiles) {
      const [fromX, fromY] = [(key % this.columns) * TILE_PX, Math.floor(key / this.columns) * TILE_PX];
      const window = {
        left: this.bits.left + fromX,
        top: this.bits.top + fromY,
        width: Math.min(TILE_PX, this.bits.width - fromX),
        height: Math.min(TILE_PX, this.bits.height - fromY),
      };
      if (window.left > view.maxX || window.left + window.width < view.minX) continue;
      if (window.top > view.maxY || window.top + window.height < view.minY) continue;
      if (tile.stale) this.paint(tile, fromX, fromY, window.width, window.height);
      drawBitsPicture(g, tile.canvas, window, PAINT_ALPHA, viewport);
    }
  }

  private paint(tile: Tile, fromX: number, fromY: number, width: number, height: number): void {
    if (tile.canvas.width !== width || tile.canvas.height !== height) {
      tile.canvas.width = width;
      tile.canvas.height = height;
    }
    const g = tile.canvas.getContext("2d") as CanvasRenderingContext2D;
    const image = g.createImageData(width, height);
    fillPixels(image, this.bits, this.color, fromX, fromY, width, height);
    g.putImageData(image, 0, 0);
    tile.stale = false;
  }
}
