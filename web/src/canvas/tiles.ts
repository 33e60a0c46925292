import type { Bits } from "./bits";
import type { Bounds } from "./types";
import type { Viewport } from "./viewport";

/** Side of a tile of the picture of a mask, pixels. */
export const TILE_PX = 256;
/** From this magnification on the pixels of a mask are shown as squares, as those of the image are. */
const SHARP_FROM_SCALE = 2;

interface Tile {
  /** Nothing until it is seen for the first time. */
  canvas: HTMLCanvasElement | null;
  stale: boolean;
  /** The token of the picture that may paint on the canvas; others share it as it is. It leads nowhere: a shared tile keeps no pixels of another picture. */
  owner: object;
}

/**
 * The picture of a mask in tiles that lie on a grid of the image: only those that are seen are made, and those that a stroke
 * did not touch are shared with the picture from before it. So drawing a stroke costs what it touches, however large the mask is.
 */
export class Tiles {
  private readonly tiles = new Map<string, Tile>();
  private readonly me = {};

  /** Without a picture to begin from every tile that holds a set pixel is new. Pixels may be read when they are needed first. */
  constructor(
    private readonly pixels: Bits | (() => Bits),
    readonly color: string,
    from?: Tiles,
  ) {
    if (from) for (const [key, tile] of from.tiles) this.tiles.set(key, tile);
    else this.touch(this.bits.extent());
  }

  private get bits(): Bits {
    return typeof this.pixels === "function" ? this.pixels() : this.pixels;
  }

  /** Tiles that are shared with another picture; for tests. */
  sharedWith(other: Tiles): number {
    return [...this.tiles].filter(([key, tile]) => other.tiles.get(key) === tile).length;
  }

  get size(): number {
    return this.tiles.size;
  }

  /** Pixels in this part of the image may have changed. */
  touch(part: Bounds | null): void {
    if (!part) return;
    const { left, top, width, height } = this.bits;
    const first = (from: number, low: number) => Math.floor(Math.max(from, low) / TILE_PX);
    const last = (to: number, high: number) => Math.floor((Math.min(to, high) - 1) / TILE_PX);
    for (let row = first(part.minY, top); row <= last(part.maxY, top + height); row += 1)
      for (let column = first(part.minX, left); column <= last(part.maxX, left + width); column += 1)
        this.renew(`${column}/${row}`);
  }

  draw(g: CanvasRenderingContext2D, alpha: number, viewport: Viewport): void {
    const view = viewport.visible();
    const before = g.globalAlpha;
    g.globalAlpha = before * alpha;
    g.imageSmoothingEnabled = viewport.scale < SHARP_FROM_SCALE;
    for (const [key, tile] of this.tiles) {
      const [column = 0, row = 0] = key.split("/").map(Number);
      const [x, y] = [column * TILE_PX, row * TILE_PX];
      if (x > view.maxX || x + TILE_PX < view.minX || y > view.maxY || y + TILE_PX < view.minY) continue;
      if (!tile.canvas || tile.stale) this.paint(tile, x, y);
      // Edges on whole device pixels: two half-covered neighbours would show the seam between them.
      const [fromX, fromY] = viewport.toScreen([x, y]).map(onDevice) as [number, number];
      const [toX, toY] = viewport.toScreen([x + TILE_PX, y + TILE_PX]).map(onDevice) as [number, number];
      if (tile.canvas) g.drawImage(tile.canvas, fromX, fromY, toX - fromX, toY - fromY);
    }
    g.globalAlpha = before;
  }

  private renew(key: string): void {
    const tile = this.tiles.get(key);
    if (tile?.owner === this.me) tile.stale = true;
    else this.tiles.set(key, { canvas: null, stale: true, owner: this.me });
  }

  private paint(tile: Tile, x: number, y: number): void {
    tile.canvas ??= Object.assign(document.createElement("canvas"), { width: TILE_PX, height: TILE_PX });
    const g = tile.canvas.getContext("2d") as CanvasRenderingContext2D;
    const image = g.createImageData(TILE_PX, TILE_PX);
    fillPixels(image, this.bits, this.color, x, y);
    g.putImageData(image, 0, 0);
    tile.stale = false;
  }
}

const onDevice = (at: number) => {
  const ratio = globalThis.devicePixelRatio || 1;
  return Math.round(at * ratio) / ratio;
};

/** Colours of the pixels of the tile at this place of the image; what is outside of the bits stays clear. */
export function fillPixels(
  image: { data: Uint8ClampedArray },
  bits: Bits,
  color: string,
  x: number,
  y: number,
): void {
  const packed = packedColor(color);
  const pixels = new Uint32Array(image.data.buffer);
  const firstColumn = Math.max(x, bits.left);
  const lastColumn = Math.min(x + TILE_PX, bits.left + bits.width);
  const firstRow = Math.max(y, bits.top);
  const lastRow = Math.min(y + TILE_PX, bits.top + bits.height);
  for (let column = firstColumn; column < lastColumn; column += 1) {
    const start = (column - bits.left) * bits.height - bits.top;
    for (let row = firstRow; row < lastRow; row += 1)
      if (bits.data[start + row]) pixels[(row - y) * TILE_PX + column - x] = packed;
  }
}

/** `#rrggbb` as the four bytes of a pixel, opaque. */
function packedColor(color: string): number {
  const value = Number.parseInt(color.slice(1, 7), 16) || 0;
  const bytes = new Uint8Array([value >> 16, (value >> 8) & 255, value & 255, 255]);
  return new Uint32Array(bytes.buffer)[0] as number;
}
