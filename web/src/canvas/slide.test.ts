import { describe, expect, it } from "vitest";
import { levelFor, magnificationAt, type Slide, scaleAt, slideOf, tilePlace, tilesIn } from "./slide";

const properties = {
  column_spacing_mm: 0.00025,
  slide: {
    levels: [
      { columns: 1000, rows: 700, tile_columns: 256, tile_rows: 256, frames: null },
      { columns: 250, rows: 175, tile_columns: 256, tile_rows: 256, frames: null },
    ],
  },
};
const slide = slideOf(properties) as Slide;

describe("a slide", () => {
  it("is read from its stream, or is none", () => {
    expect(slide.um).toBe(0.25);
    expect(slide.levels.map((level) => level.columns)).toEqual([1000, 250]);
    expect(slideOf({})).toBeNull();
    expect(
      slideOf({ slide: { levels: [{ columns: 0, rows: 1, tile_columns: 1, tile_rows: 1 }] } }),
    ).toBeNull();
    expect(slideOf({ ...properties, column_spacing_mm: undefined })?.um).toBeNull();
  });

  it("shows the coarsest level that is sharp enough", () => {
    expect(levelFor(slide, 1)).toBe(0);
    expect(levelFor(slide, 0.25)).toBe(1);
    expect(levelFor(slide, 0.3)).toBe(1);
    expect(levelFor(slide, 0.4)).toBe(0);
    expect(levelFor(slide, 0.01)).toBe(1);
  });

  it("asks for the tiles in view, the middle first", () => {
    const view = { minX: 300, minY: 10, maxX: 800, maxY: 500 };
    const tiles = tilesIn(slide, 0, view);
    expect(tiles.map(({ x, y }) => `${x},${y}`).sort()).toEqual(["1,0", "1,1", "2,0", "2,1", "3,0", "3,1"]);
    expect(tiles[0]?.x).toBe(2);
    expect(tiles.find(({ x, y }) => x === 3 && y === 1)?.frame).toBe(7);
    expect(tilesIn(slide, 0, { minX: -90, minY: 0, maxX: -10, maxY: 50 })).toEqual([]);
    expect(tilesIn(slide, 1, view)).toEqual([{ level: 1, x: 0, y: 0, frame: 0 }]);
  });

  it("leaves out places that were not scanned", () => {
    const [finest] = slide.levels;
    if (!finest) throw new Error("no level");
    const frames = Array.from({ length: 12 }, (_, at) => (at === 5 ? 0 : -1));
    const sparse = { ...slide, levels: [{ ...finest, frames }] };
    const all = { minX: 0, minY: 0, maxX: 1000, maxY: 700 };
    expect(tilesIn(sparse, 0, all)).toEqual([{ level: 0, x: 1, y: 1, frame: 0 }]);
  });

  it("puts tiles where they lie, without what fills them up at the edge", () => {
    expect(tilePlace(slide, { level: 0, x: 3, y: 2 })).toEqual({
      x: 768,
      y: 512,
      width: 232,
      height: 188,
      usedWidth: 232,
      usedHeight: 188,
    });
    expect(tilePlace(slide, { level: 1, x: 0, y: 0 })).toMatchObject({
      width: 1000,
      height: 700,
      usedWidth: 250,
    });
  });

  it("counts magnification as scanners do: 40 is a quarter of a micrometre", () => {
    expect([1, 10, 40].map((times) => scaleAt(slide, times))).toEqual([0.025, 0.25, 1]);
    expect(magnificationAt(slide, 0.5)).toBe(20);
    expect(scaleAt({ ...slide, um: null }, 40)).toBeNull();
  });
});
