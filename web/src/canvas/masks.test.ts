import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Bits, maskArea } from "./bits";
import { ColumnRuns } from "./column-runs";
import { outlines, simplifyRing } from "./contour";
import { enclosed, type Grey, islands, wand } from "./flood";
import { polygonArea, shapeArea, shapeBounds } from "./geometry";
import { squaredDistance } from "./interpolate";
import { paintDisc } from "./painting";
import { decodeRuns, encodeRuns, RleError } from "./rle";
import { fillPixels, TILE_PX, Tiles } from "./tiles";
import type { Bounds, MaskShape, Point } from "./types";

/** Made with pycocotools; the script lies beside it. */
const COCO = JSON.parse(readFileSync("../crates/geometry/tests/reference/reference.json", "utf8")) as {
  masks: {
    height: number;
    width: number;
    a: string | null;
    counts_a: string;
    area_a: number;
    bbox_a: number[];
  }[];
  rasters: { points: Point[]; height: number; width: number; counts: string }[];
};
/** Made with scikit-image, scipy and shapely by `tests/reference/tools.py`. */
const TOOLS = JSON.parse(readFileSync("tests/reference/tools.json", "utf8")) as {
  picture: number[][];
  floods: { x: number; y: number; tolerance: number; rows: string[] }[];
  distances: { rows: string[]; squared: number[][] };
};

const mask = (height: number, width: number, counts: string): MaskShape => ({
  type: "mask",
  size: [height, width],
  counts,
});

/** Whether one object is kept as long as the other is. */
function reaches(from: unknown, what: object, seen = new Set<unknown>()): boolean {
  if (from === what) return true;
  if (typeof from !== "object" || from === null || ArrayBuffer.isView(from) || seen.has(from)) return false;
  seen.add(from);
  const inside = from instanceof Map ? [...from.values()] : Object.values(from);
  return inside.some((value) => reaches(value, what, seen));
}

/** From rows of `.` and `#`. */
function drawn(...rows: string[]): Bits {
  const bits = new Bits(0, 0, rows[0]?.length ?? 0, rows.length);
  for (const [y, row] of rows.entries())
    for (const [x, c] of [...row].entries()) if (c === "#") bits.set(x, y, 1);
  return bits;
}

describe("run lengths", () => {
  it("are those of pycocotools, both ways", () => {
    for (const { height, width, a, counts_a, area_a, bbox_a } of COCO.masks) {
      const shape = mask(height, width, counts_a);
      const bits = Bits.fromShape(shape);
      // The large ones come without their pixels.
      for (let at = 0; a && at < a.length; at += 1)
        expect(bits.get(at % width, Math.floor(at / width))).toBe(a[at] === "1");
      expect(shapeArea(shape)).toBe(area_a);
      const bounds = shapeBounds(shape);
      if (bounds)
        expect([bounds.minX, bounds.minY, bounds.maxX - bounds.minX, bounds.maxY - bounds.minY]).toEqual(
          bbox_a,
        );
      if (area_a > 0) expect(bits.toShape(width, height)?.counts).toBe(counts_a);
      expect(encodeRuns(decodeRuns(counts_a))).toBe(counts_a);
    }
  });

  it("fill polygons like the server does", () => {
    for (const { points, height, width, counts } of COCO.rasters) {
      const bits = new Bits(0, 0, width, height).fillRings([points], 1);
      // The reference is our own rule on the server's side, checked there against pycocotools.
      const wanted = Bits.fromShape(mask(height, width, counts));
      const found = bits.count();
      expect(Math.abs(found - wanted.count())).toBeLessThanOrEqual(Math.ceil(perimeter(points)));
      expect(Math.abs(found - polygonArea(points))).toBeLessThanOrEqual(perimeter(points) / 2 + 1);
    }
  });

  it("name the byte that is wrong", () => {
    expect(() => decodeRuns("5\u0001")).toThrow(RleError);
    expect(() => decodeRuns("5P")).toThrow("byte 2");
    expect(() => decodeRuns("O")).toThrow("byte 0");
  });
});

function perimeter(points: Point[]): number {
  return points.reduce((sum, [x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length] as Point;
    return sum + Math.hypot(nx - x, ny - y);
  }, 0);
}

describe("regions", () => {
  const rows = TOOLS.picture;
  const flat = rows.flat();
  const grey: Grey = { width: 32, height: 24, data: flat, min: 0, max: 255 };

  it("of the wand are those of scikit-image's flood", () => {
    for (const { x, y, tolerance, rows: wanted } of TOOLS.floods) {
      const found = wand(grey, x, y, tolerance, true);
      const text = wanted.map((_, row) =>
        Array.from({ length: 32 }, (_, column) => (found.get(column, row) ? 1 : 0)).join(""),
      );
      expect(text).toEqual(wanted);
    }
  });

  it("of the wand lie everywhere when they need not be connected", () => {
    const seed = flat[5 * 32 + 7] as number;
    const found = wand(grey, 7, 5, 20, false);
    expect(found.count()).toBe(flat.filter((value) => Math.abs(value - seed) <= 20).length);
  });

  it("are filled only where a ring is closed", () => {
    const ring = drawn("#####", "#...#", "#...#", "#####");
    expect(enclosed(ring, 2, 1, { width: 20, height: 20 })?.count()).toBe(6);
    const gap = drawn(".....", "##.##", "#...#", "#...#", "#####");
    expect(enclosed(gap, 2, 2, { width: 20, height: 20 })).toBeNull();
    expect(enclosed(ring, 8, 8, { width: 20, height: 20 })).toBeNull();
    // At the border of the image, the border closes it.
    const edge = drawn("#...#", "#...#", "#####");
    expect(enclosed(edge, 2, 0, { width: 5, height: 20 })?.count()).toBe(6);
  });

  it("fall into islands over their sides", () => {
    const parts = islands(drawn("##..#", "##..#", "..#..", "#...."));
    expect(parts.map((part) => part.count())).toEqual([4, 2, 1, 1]);
  });
});

describe("outlines", () => {
  it("cover what the mask covers, holes cut out", () => {
    const bits = drawn("######", "#....#", "#.##.#", "#.##.#", "#....#", "######");
    const shapes = outlines(bits);
    expect(shapes.map((shape) => [shapeArea(shape), shape.holes?.length ?? 0])).toEqual([
      [20, 1],
      [4, 0],
    ]);
    const again = new Bits(0, 0, 6, 6);
    for (const shape of shapes) again.fillRings([shape.points, ...(shape.holes ?? [])], 1);
    expect([...again.data]).toEqual([...bits.data]);
  });

  it("keep pixels apart that share a corner", () => {
    expect(outlines(drawn("#.", ".#")).length).toBe(2);
  });

  it("survive any mask", () => {
    let seed = 7;
    const next = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    for (let n = 0; n < 40; n += 1) {
      const bits = new Bits(3, 5, 12, 9);
      for (let i = 0; i < bits.data.length; i += 1) bits.data[i] = next() > 0.45 ? 1 : 0;
      const again = new Bits(3, 5, 12, 9);
      const shapes = outlines(bits);
      expect(shapes.reduce((sum, shape) => sum + shapeArea(shape), 0)).toBeCloseTo(bits.count(), 9);
      for (const shape of shapes) again.fillRings([shape.points, ...(shape.holes ?? [])], 1);
      expect([...again.data]).toEqual([...bits.data]);
    }
  });

  it("lose points but not their place", () => {
    const ring: Point[] = Array.from({ length: 200 }, (_, i) => [
      50 + 30 * Math.cos((i / 100) * Math.PI),
      50 + 30 * Math.sin((i / 100) * Math.PI),
    ]);
    const fewer = simplifyRing(ring, 0.5);
    expect(fewer.length).toBeLessThan(60);
    expect(polygonArea(fewer) / polygonArea(ring)).toBeGreaterThan(0.97);
  });
});

describe("the brush", () => {
  it("paints the pixels whose middles are within its radius", () => {
    const bits = new Bits(0, 0, 40, 40);
    paintDisc(bits, [20.3, 19.7], 7.5, 1, null);
    for (let x = 0; x < 40; x += 1)
      for (let y = 0; y < 40; y += 1)
        expect(bits.get(x, y)).toBe(Math.hypot(x + 0.5 - 20.3, y + 0.5 - 19.7) <= 7.5);
    paintDisc(bits, [20.3, 19.7], 7.5, 0, null);
    expect(bits.count()).toBe(0);
  });

  it("keeps to values between its limits and to the image", () => {
    const grey: Grey = {
      width: 4,
      height: 4,
      data: Array.from({ length: 16 }, (_, i) => i),
      min: 0,
      max: 15,
    };
    const bits = new Bits(0, 0, 4, 4);
    paintDisc(bits, [2, 2], 50, 1, { grey, low: 5, high: 9 });
    expect(bits.count()).toBe(5);
    expect(bits.get(1, 1)).toBe(true);
    expect(bits.get(2, 2)).toBe(false);
  });
});

describe("distances", () => {
  it("are those of scipy", () => {
    const { rows, squared } = TOOLS.distances;
    const side = rows.length;
    const data = Uint8Array.from(rows.join(""), Number);
    const found = squaredDistance(data, side, 1);
    expect(Array.from(found)).toEqual(squared.flat());
  });
});

describe("the picture of a mask", () => {
  const window = { width: 3 * TILE_PX, height: 2 * TILE_PX };
  const ring: Point[] = [
    [20, 30],
    [700.5, 90],
    [600, 480],
    [255.5, 300],
  ];
  const drawn = () => new Bits(0, 0, window.width, window.height).fillRings([ring], 1);

  it("is the mask, tile by tile, wherever its window begins", () => {
    const whole = drawn();
    const cut = whole.cut(whole.extent() as Bounds);
    for (const bits of [whole, cut])
      for (let y = 0; y < window.height; y += TILE_PX)
        for (let x = 0; x < window.width; x += TILE_PX) {
          const image = { data: new Uint8ClampedArray(4 * TILE_PX * TILE_PX) };
          fillPixels(image, bits, "#102030", x, y);
          let wrong = 0;
          for (let row = 0; row < TILE_PX; row += 1)
            for (let column = 0; column < TILE_PX; column += 1) {
              const at = 4 * (row * TILE_PX + column);
              const set = whole.get(x + column, y + row);
              if (image.data[at + 3] !== (set ? 255 : 0) || (set && image.data[at] !== 16)) wrong += 1;
            }
          expect(wrong).toBe(0);
        }
  });

  it("shares the tiles that a stroke does not touch", () => {
    const before = new Tiles(drawn(), "#102030");
    expect(before.size).toBe(6);
    const bits = drawn();
    const after = new Tiles(bits, "#102030", before);
    expect(after.sharedWith(before)).toBe(6);
    after.touch(paintDisc(bits, [TILE_PX, 10], 4, 1, null));
    expect(after.sharedWith(before)).toBe(4);
    // What was shared stays as it was for the one who had it.
    expect(before.sharedWith(new Tiles(bits, "#102030", before))).toBe(6);
  });

  it("keeps the pixels of no picture from before it", () => {
    const first = drawn();
    let tiles = new Tiles(first, "#102030");
    const middle = drawn();
    tiles = new Tiles(middle, "#102030", tiles);
    tiles.touch(paintDisc(middle, [TILE_PX, 10], 4, 1, null));
    const last = drawn();
    tiles = new Tiles(last, "#102030", tiles);
    expect(reaches(tiles, last)).toBe(true);
    expect(reaches(tiles, middle)).toBe(false);
    expect(reaches(tiles, first)).toBe(false);
  });

  it("and makes the shape that reading all pixels would make, stroke after stroke", () => {
    const next = numbers(7);
    for (let round = 0; round < 40; round += 1) {
      const bits = new Bits(0, 0, 1 + next(40), 1 + next(40));
      const runs = new ColumnRuns(bits);
      for (let stroke = 0; stroke < 12; stroke += 1) {
        for (let discs = next(4); discs >= 0; discs -= 1)
          runs.touch(paintDisc(bits, [next(44) - 2, next(44) - 2], next(9), next(2) ? 1 : 0, null));
        const shape = runs.toShape();
        expect(shape).toEqual(bits.toShape(bits.width, bits.height));
        if (!shape) continue;
        const again = { ...shape };
        expect(maskArea(shape)).toBe(bits.count());
        expect(maskArea(again)).toBe(bits.count());
        expect(shapeBounds(shape)).toEqual(bits.extent());
        expect(shapeBounds(again)).toEqual(bits.extent());
        expect(
          Bits.fromShape(again).cut({ minX: 0, minY: 0, maxX: bits.width, maxY: bits.height }).data,
        ).toEqual(bits.data);
      }
    }
  });

  it("reads tiles that are seen later from the shape as it was then", () => {
    const bits = new Bits(0, 0, 300, 20);
    const runs = new ColumnRuns(bits);
    runs.touch(paintDisc(bits, [10, 10], 4, 1, null));
    const shape = runs.toShape() as MaskShape;
    paintDisc(bits, [10, 10], 8, 0, null);
    expect(Bits.fromShape(shape).get(10, 10)).toBe(true);
  });
});

/** A repeatable series of whole numbers below what is asked for. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
