import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { combineAreas, crosses, slice, uncross } from "./area";
import { waysFrom, wayTo } from "./compute/livewire";
import { isObject, randomWalk } from "./compute/walker";
import { simplify } from "./contour";
import { boxCorners, polygonArea, shapeArea, shapeBounds } from "./geometry";
import { dragGrip, gripsOf, insertPoint, removePoint } from "./grips";
import { between, resample } from "./interpolate";
import { angleOf, areaOf, lengthOf, measured } from "./measure";
import { NOTES, repair } from "./repair";
import { along, snapTo } from "./snap";
import { ellipseBetween } from "./tools/ellipse";
import { boxOnSide } from "./tools/rotated-box";
import type { Point, PolygonShape, RotatedBoxShape, Shape } from "./types";

/** Made with shapely, scikit-image and numpy by `tests/reference/tools.py`. */
const TOOLS = JSON.parse(readFileSync("tests/reference/tools.json", "utf8")) as {
  areas: { a: Point[]; b: Point[]; join: number; cut: number; common: number }[];
  simplify: { points: Point[]; tolerance: number; kept: Point[] }[];
  ellipses: { cx: number; cy: number; rx: number; ry: number; angle: number; extent: number[] }[];
  boxes: { cx: number; cy: number; w: number; h: number; angle: number; corners: Point[] }[];
  walks: { rows: number[][]; chance: number[][] };
};

const polygon = (points: Point[], ...holes: Point[][]): PolygonShape =>
  holes.length > 0 ? { type: "polygon", points, holes } : { type: "polygon", points };
const square = (x: number, y: number, side: number): Point[] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
];
const total = (shapes: Shape[]) => shapes.reduce((sum, shape) => sum + shapeArea(shape), 0);

describe("areas", () => {
  it("join, cut and overlap like shapely's", () => {
    for (const { a, b, join, cut, common } of TOOLS.areas) {
      const [p, q] = [polygon(a), polygon(b)];
      expect(total(combineAreas(p, q, "join"))).toBeCloseTo(join, 0);
      expect(Math.abs(total(combineAreas(p, q, "cut")) - cut)).toBeLessThan(1);
      expect(Math.abs(total(combineAreas(p, q, "common")) - common)).toBeLessThan(1);
    }
  });

  it("cut from the middle have a hole, and joined again none", () => {
    const [holed] = combineAreas(polygon(square(0, 0, 10)), polygon(square(3, 3, 4)), "cut");
    expect(holed?.holes?.length).toBe(1);
    expect(shapeArea(holed as Shape)).toBe(84);
    const [whole] = combineAreas(holed as Shape, polygon(square(2, 2, 6)), "join");
    expect(whole?.holes).toBeUndefined();
    expect(shapeArea(whole as Shape)).toBe(100);
  });

  it("that cross themselves are told and untangled", () => {
    const bow = polygon([
      [0, 0],
      [10, 10],
      [10, 0],
      [0, 10],
    ]);
    expect(crosses(bow)).toBe(true);
    const parts = uncross(bow);
    expect(parts.map(shapeArea)).toEqual([25, 25]);
    expect(parts.some(crosses)).toBe(false);
    expect(crosses(polygon(square(0, 0, 4), square(1, 1, 2)))).toBe(false);
    expect(crosses(polygon(square(0, 0, 4), square(3, 1, 2)))).toBe(true);
  });

  it("fall into two along a line", () => {
    const halves = slice(polygon(square(0, 0, 10)), [
      [-2, 4],
      [12, 4],
    ]);
    expect(halves.map(shapeArea).sort((a, b) => a - b)).toEqual([40, 60]);
    const bent = slice(polygon(square(0, 0, 10)), [
      [-1, 2],
      [5, 2],
      [5, 11],
    ]);
    expect(bent.map(shapeArea).sort((a, b) => a - b)).toEqual([40, 60]);
  });
});

describe("turned shapes", () => {
  it("have the corners and extents of the reference", () => {
    for (const { corners, ...box } of TOOLS.boxes)
      for (const [i, [x, y]] of boxCorners({ type: "rotated_box", ...box }).entries()) {
        expect(x).toBeCloseTo(corners[i]?.[0] as number, 9);
        expect(y).toBeCloseTo(corners[i]?.[1] as number, 9);
      }
    for (const { extent, ...ellipse } of TOOLS.ellipses) {
      const found = shapeBounds({ type: "ellipse", ...ellipse });
      expect(
        [found?.minX, found?.minY, found?.maxX, found?.maxY].map(
          (v, i) => Math.abs((v ?? 0) - (extent[i] ?? 0)) < 1e-6,
        ),
      ).toEqual([true, true, true, true]);
    }
  });

  it("are drawn from a side and a reach, from corners, from a middle", () => {
    const box = boxOnSide([0, 0], [3, 4], [-4, 3]);
    expect([box.w, box.h]).toEqual([5, 5]);
    const xs = boxCorners(box).map(([x, y]) => `${Math.round(x)},${Math.round(y)}`);
    expect(new Set(xs)).toEqual(new Set(["0,0", "3,4", "-1,7", "-4,3"]));
    expect(ellipseBetween([0, 0], [10, 6], false, false)).toMatchObject({ cx: 5, cy: 3, rx: 5, ry: 3 });
    expect(ellipseBetween([10, 6], [0, 0], true, false)).toMatchObject({ cx: 7, cy: 3, rx: 3, ry: 3 });
    expect(ellipseBetween([5, 5], [9, 8], false, true)).toMatchObject({ cx: 5, cy: 5, rx: 4, ry: 3 });
  });

  it("keep the opposite side when one is dragged, and their middle when turned", () => {
    const box: RotatedBoxShape = { type: "rotated_box", cx: 20, cy: 20, w: 10, h: 6, angle: Math.PI / 6 };
    const before = boxCorners(box);
    const grip = gripsOf(box, 5).find((g) => g.kind === "handle" && g.name === "e");
    const dragged = dragGrip(box, grip as NonNullable<typeof grip>, [40, 31]) as RotatedBoxShape;
    const after = boxCorners(dragged);
    for (const corner of [0, 3])
      for (const axis of [0, 1])
        expect(after[corner]?.[axis]).toBeCloseTo(before[corner]?.[axis] as number, 9);
    const turn = gripsOf(box, 5).find((g) => g.kind === "turn");
    const turned = dragGrip(box, turn as NonNullable<typeof turn>, [30, 20.5], true) as RotatedBoxShape;
    expect(turned.angle).toBeCloseTo(Math.PI / 2, 9);
    expect([turned.cx, turned.cy]).toEqual([20, 20]);
  });

  it("take points in and out, holes too", () => {
    const holed = polygon(square(0, 0, 10), square(3, 3, 4));
    const more = insertPoint(holed, 1, 0, [5, 3]) as PolygonShape;
    expect(more.holes?.[0]?.length).toBe(5);
    const fewer = removePoint(removePoint(holed, 1, 0), 1, 0) as PolygonShape;
    expect(fewer.holes).toBeUndefined();
    expect(removePoint(polygon(square(0, 0, 1).slice(0, 3)), 0, 0)).toMatchObject({ points: { length: 3 } });
  });
});

describe("lines", () => {
  it("lose the points that shapely takes", () => {
    for (const { points, tolerance, kept } of TOOLS.simplify)
      expect(simplify(points, tolerance)).toEqual(kept);
  });

  it("are walked in equal steps", () => {
    const even = resample(square(0, 0, 4), 8, true);
    expect(even.map(([x, y]) => `${x},${y}`)).toEqual([
      "0,0",
      "2,0",
      "4,0",
      "4,2",
      "4,4",
      "2,4",
      "0,4",
      "0,2",
    ]);
  });

  it("snap to vertices first and follow an outline the shorter way", () => {
    const shape = polygon(square(0, 0, 10));
    const corner = snapTo([10.5, 0.4], [shape], 1);
    const edge = snapTo([6, -0.5], [shape], 1);
    expect(corner?.point).toEqual([10, 0]);
    expect(edge?.point).toEqual([6, 0]);
    expect(snapTo([20, 20], [shape], 1)).toBeNull();
    const below = snapTo([7, 10.2], [shape], 1);
    expect(edge && below && along(edge, below)).toEqual([
      [10, 0],
      [10, 10],
    ]);
  });
});

describe("measurements", () => {
  it("are millimetres only where the spacing is known", () => {
    const spacing = { row: 0.5, column: 2 };
    expect(
      lengthOf(
        [
          [0, 0],
          [3, 8],
        ],
        spacing,
      ),
    ).toBeCloseTo(Math.hypot(6, 4), 12);
    expect(
      measured(
        "length",
        [
          [0, 0],
          [3, 4],
        ],
        null,
      ),
    ).toBe("5 px");
    expect(
      measured(
        "length",
        [
          [0, 0],
          [3, 8],
        ],
        spacing,
      ),
    ).toBe("7.21 mm");
    expect(areaOf(square(0, 0, 10), spacing)).toBe(100);
    expect(measured("area", square(0, 0, 10), null)).toBe("100 px²");
    // A right angle on the screen is none in the patient where pixels are not square.
    expect(
      angleOf(
        [
          [0, 1],
          [0, 0],
          [1, 0],
        ],
        null,
      ),
    ).toBeCloseTo(Math.PI / 2, 12);
    expect(
      angleOf(
        [
          [1, 1],
          [0, 0],
          [1, 0],
        ],
        spacing,
      ),
    ).toBeCloseTo(Math.atan(0.25), 12);
    expect(
      angleOf(
        [
          [0, 0],
          [0, 0],
          [1, 0],
        ],
        null,
      ),
    ).toBeNull();
  });
});

describe("repairs", () => {
  const size = { width: 100, height: 80 };
  it("cut, move, untangle or refuse, and say which", () => {
    const box = repair({ type: "box", x: 90, y: 10, w: 30, h: 10 }, size);
    expect(box).toEqual({ shape: { type: "box", x: 90, y: 10, w: 10, h: 10 }, note: NOTES.clipped });
    expect(repair({ type: "box", x: 120, y: 10, w: 30, h: 10 }, size).note).toBe(NOTES.outside);
    expect(repair({ type: "box", x: 10, y: 10, w: 0, h: 10 }, size)).toEqual({
      shape: null,
      note: NOTES.empty,
    });
    const clipped = repair(polygon(square(-5, -5, 20)), size);
    expect(shapeArea(clipped.shape as Shape)).toBe(225);
    const bow: Point[] = [
      [0, 0],
      [10, 10],
      [10, 0],
      [0, 10],
    ];
    expect(repair(polygon(bow), size)).toMatchObject({ note: NOTES.parts });
    const flat: Point[] = [
      [0, 0],
      [4, 4],
      [2, 2],
    ];
    expect(repair(polygon(flat), size)).toEqual({ shape: null, note: NOTES.empty });
    const oval = repair({ type: "ellipse", cx: 98, cy: 40, rx: 10, ry: 5, angle: 0 }, size);
    expect(oval).toMatchObject({ shape: { cx: 90, cy: 40 }, note: NOTES.moved });
    const good = polygon(square(1, 1, 5));
    expect(repair(good, size)).toEqual({ shape: good, note: null });
  });
});

describe("frames between key frames", () => {
  it("have shapes half way", () => {
    const box = between(
      { type: "box", x: 0, y: 0, w: 10, h: 10 },
      { type: "box", x: 10, y: 4, w: 20, h: 6 },
      0.5,
    );
    expect(box).toEqual({ type: "box", x: 5, y: 2, w: 15, h: 8 });
    const at = (angle: number): RotatedBoxShape => ({ type: "rotated_box", cx: 0, cy: 0, w: 4, h: 2, angle });
    // The short way over half a circle.
    const turned = between(at(Math.PI - 0.1), at(-Math.PI + 0.1), 0.5) as RotatedBoxShape;
    expect(Math.abs(turned.angle)).toBeCloseTo(Math.PI, 9);
    const moved = between(polygon(square(0, 0, 10)), polygon(square(20, 0, 10)), 0.25) as PolygonShape;
    expect(moved.points).toEqual(square(5, 0, 10));
    // Begun at another corner and drawn the other way round, the same square stays one.
    const other = [...square(20, 0, 10).slice(2), ...square(20, 0, 10).slice(0, 2)].reverse();
    const same = between(polygon(square(0, 0, 10)), polygon(other), 0.5) as PolygonShape;
    expect(polygonArea(same.points)).toBeCloseTo(100, 9);
    expect(between(box as Shape, at(0), 0.5)).toBeNull();
  });
});

describe("seeing edges", () => {
  it("the cheapest way keeps to the side of a bright square", () => {
    const [width, height] = [60, 60];
    const data = new Float32Array(width * height);
    for (let y = 15; y < 45; y += 1) for (let x = 15; x < 45; x += 1) data[y * width + x] = 200;
    const ways = waysFrom({ left: 100, top: 200, width, height, data }, 115, 215);
    const way = wayTo(ways, 145, 245);
    expect(way[0]).toEqual([115.5, 215.5]);
    expect(way.at(-1)).toEqual([145.5, 245.5]);
    // Around the corner of the square, never through its inside.
    const off = way.filter(([x, y]) => {
      const [dx, dy] = [x - 100, y - 200];
      return dx > 17 && dx < 43 && dy > 17 && dy < 43;
    });
    expect(off).toEqual([]);
    expect(wayTo(ways, 5, 5)).toEqual([]);
  });

  it("the random walker's chances are those of scikit-image", () => {
    const { rows, chance } = TOOLS.walks;
    const patch = { left: 0, top: 0, width: 40, height: 40, data: Float32Array.from(rows.flat()) };
    const found = randomWalk(patch, [
      { x: 19, y: 20, label: 1 },
      { x: 4, y: 3, label: 0 },
      { x: 35, y: 36, label: 0 },
    ]);
    const wanted = chance.flat();
    let differing = 0;
    let most = 0;
    for (let i = 0; i < wanted.length; i += 1) {
      most = Math.max(most, Math.abs((found.values[i] as number) - (wanted[i] as number)));
      const object = isObject(found, i % 40, Math.floor(i / 40));
      if (object !== (wanted[i] as number) > 0.5) differing += 1;
    }
    expect(most).toBeLessThan(0.02);
    expect(differing).toBe(0);
  });
});
