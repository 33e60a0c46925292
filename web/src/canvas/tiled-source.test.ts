/** Tiles of a slide lie edge to edge on the screen, at any magnification. */
import { describe, expect, it } from "vitest";
import { type Slide, slideOf, tilesIn } from "./slide";
import { TiledSource } from "./tiled-source";
import { Viewport } from "./viewport";

const slide = slideOf({
  slide: {
    levels: [
      { columns: 1000, rows: 700, tile_columns: 256, tile_rows: 256, frames: null },
      { columns: 333, rows: 233, tile_columns: 128, tile_rows: 128, frames: null },
    ],
  },
}) as Slide;

type Drawn = { left: number; top: number; right: number; bottom: number };

/** A context that keeps its transform and where pictures were drawn on the device. */
function screen() {
  const drawn: Drawn[] = [];
  let now = [1, 0, 0, 1, 0, 0];
  const kept: number[][] = [];
  const g = {
    setTransform: (...to: number[]) => {
      now = to;
    },
    getTransform: () => ({ a: now[0], d: now[3], e: now[4], f: now[5] }),
    save: () => kept.push(now),
    restore: () => {
      now = kept.pop() ?? now;
    },
    drawImage: (...[, , , , , x = 0, y = 0, w = 0, h = 0]: number[]) => {
      const [a = 1, , , d = 1, e = 0, f = 0] = now;
      drawn.push({ left: a * x + e, top: d * y + f, right: a * (x + w) + e, bottom: d * (y + h) + f });
    },
  };
  return { g: g as unknown as CanvasRenderingContext2D, drawn };
}

describe("the tiles of a slide", () => {
  it.each([
    [0.37, 1],
    [0.91, 1],
    [1.313, 2],
    [2.77, 1.5],
  ])(
    "share whole pixels at their edges, at %d pixels to one on a screen of ratio %d",
    async (scale, ratio) => {
      const source = new TiledSource(
        slide,
        async () => ({ width: 256, height: 256, close: () => undefined }) as unknown as ImageBitmap,
        () => undefined,
      );
      const viewport = new Viewport();
      viewport.resize(5000, 4000);
      [viewport.scale, viewport.offsetX, viewport.offsetY] = [scale, 10.3, 7.7];
      const all = { minX: 0, minY: 0, maxX: 1000, maxY: 700 };
      await source.overview();
      const count = tilesIn(slide, 0, all).length;
      let { g, drawn } = screen();
      for (let turn = 0; turn < 50 && drawn.length < count; turn += 1) {
        ({ g, drawn } = screen());
        source.drawThrough(g, viewport, ratio);
        await new Promise((done) => setTimeout(done, 0));
      }
      for (const { left, top, right, bottom } of drawn)
        for (const edge of [left, top, right, bottom]) expect(Number.isInteger(edge)).toBe(true);
      const fine = drawn.slice(-count);
      const lefts = [...new Set(fine.map((tile) => tile.left))].sort((a, b) => a - b);
      const rights = [...new Set(fine.map((tile) => tile.right))].sort((a, b) => a - b);
      // Where one column ends the next one begins.
      expect(rights.slice(0, -1)).toEqual(lefts.slice(1));
      expect(lefts.length).toBeGreaterThan(2);
    },
  );
});
