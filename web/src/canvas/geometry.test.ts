import { describe, expect, it } from "vitest";
import {
  cleanPolygon,
  deleteVertex,
  hitsShape,
  insertVertex,
  moveShape,
  nearestEdge,
  pointInPolygon,
  polygonArea,
  resizeBox,
  selfIntersects,
  shapeBounds,
  vertexAt,
} from "./geometry";
import { HitIndex } from "./hit-index";
import type { Bounds, Point, PolygonShape } from "./types";
import { roundLength, SCALE_MAX, Viewport } from "./viewport";

const square: PolygonShape = {
  type: "polygon",
  points: [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
  ],
};
const random = (seed: number) => {
  let state = seed;
  return () => {
    // Park and Miller's generator, so that the cases are the same in every run.
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

describe("polygons", () => {
  it("have area, bounds and an inside", () => {
    const arrow: Point[] = [
      [0, 0],
      [10, 0],
      [10, 10],
      [5, 4],
      [0, 10],
    ];
    expect(polygonArea(arrow)).toBe(70);
    expect(polygonArea([...arrow].reverse())).toBe(70);
    expect(shapeBounds({ type: "polygon", points: arrow })).toEqual({ minX: 0, minY: 0, maxX: 10, maxY: 10 });
    expect(pointInPolygon([5, 8], arrow)).toBe(false);
    expect(pointInPolygon([1, 5], arrow)).toBe(true);
  });

  it("gain a point on the nearest edge and lose one down to a triangle", () => {
    const edge = nearestEdge([10.5, 4], square.points);
    expect(edge).toMatchObject({ index: 1, point: [10, 4], distance: 0.5 });
    const five = insertVertex(square, edge.index, edge.point);
    expect(five.points[2]).toEqual([10, 4]);
    expect(deleteVertex(five, 2).points).toEqual(square.points);
    const three = deleteVertex(square, 0);
    expect(deleteVertex(three, 0)).toBe(three);
  });

  it("close over the last edge too", () => {
    expect(nearestEdge([-0.5, 5], square.points).index).toBe(3);
    expect(insertVertex(square, 3, [0, 5]).points.at(-1)).toEqual([0, 5]);
  });

  it("lose points that repeat each other", () => {
    expect(
      cleanPolygon([
        [0, 0],
        [0, 0],
        [4, 0],
        [4, 4],
        [4, 4],
        [0, 0],
      ]),
    ).toEqual([
      [0, 0],
      [4, 0],
      [4, 4],
    ]);
  });

  it("know when they cross themselves", () => {
    expect(selfIntersects(square.points)).toBe(false);
    expect(
      selfIntersects([
        [0, 0],
        [10, 10],
        [10, 0],
        [0, 10],
      ]),
    ).toBe(true);
  });

  it("find the nearest vertex within reach", () => {
    expect(vertexAt([9, 1], square.points, 3)).toBe(1);
    expect(vertexAt([5, 5], square.points, 3)).toBe(-1);
  });
});

describe("boxes", () => {
  const box = { type: "box" as const, x: 10, y: 20, w: 30, h: 40 };

  it("resize from a handle while the other side stays, and turn over instead of becoming negative", () => {
    expect(resizeBox(box, "nw", [5, 10])).toEqual({ type: "box", x: 5, y: 10, w: 35, h: 50 });
    expect(resizeBox(box, "e", [15, 999])).toEqual({ type: "box", x: 10, y: 20, w: 5, h: 40 });
    expect(resizeBox(box, "e", [0, 0])).toEqual({ type: "box", x: 0, y: 20, w: 10, h: 40 });
    expect(resizeBox(box, "e", [10, 0]).w).toBe(1);
  });

  it("stop at the border of the image, also when they are already partly outside", () => {
    const limits = { width: 100, height: 100 };
    expect(moveShape(box, 1000, -1000, limits)).toMatchObject({ x: 70, y: 0 });
    expect(moveShape({ ...box, x: -5 }, -10, 0, limits)).toMatchObject({ x: -5 });
    expect(moveShape({ ...box, x: -5 }, 10, 0, limits)).toMatchObject({ x: 5 });
  });

  it("are hit inside and a little outside", () => {
    expect(hitsShape([8.5, 30], box, 2)).toBe(true);
    expect(hitsShape([7.5, 30], box, 2)).toBe(false);
  });
});

describe("hit index", () => {
  it("finds the same objects as looking at each one", () => {
    const next = random(7);
    const index = new HitIndex();
    const all = new Map<string, Bounds>();
    const some = () => {
      const size = next() < 0.1 ? next() * 5000 : next() * 40;
      const x = next() * 8000 - 1000;
      const y = next() * 8000 - 1000;
      return { minX: x, minY: y, maxX: x + size, maxY: y + size * next() };
    };
    for (let i = 0; i < 2000; i += 1) all.set(`o${i}`, some());
    for (const [id, bounds] of all) index.set(id, bounds);
    for (let i = 0; i < 2000; i += 3) {
      const bounds = some();
      all.set(`o${i}`, bounds);
      index.set(`o${i}`, bounds);
    }
    for (let i = 1; i < 2000; i += 7) {
      all.delete(`o${i}`);
      index.remove(`o${i}`);
    }
    expect(index.size).toBe(all.size);
    for (let i = 0; i < 200; i += 1) {
      const region = i % 2 ? some() : { minX: -2000, minY: -2000, maxX: next() * 9000, maxY: 9000 };
      const brute = [...all].filter(
        ([, b]) =>
          b.minX <= region.maxX && b.maxX >= region.minX && b.minY <= region.maxY && b.maxY >= region.minY,
      );
      expect([...index.query(region)].sort()).toEqual(brute.map(([id]) => id).sort());
    }
  });

  it("looks at few of 10,000 objects for a click", () => {
    const index = new HitIndex();
    for (let i = 0; i < 10_000; i += 1) {
      const x = (i % 100) * 40;
      const y = Math.floor(i / 100) * 40;
      index.set(`o${i}`, { minX: x, minY: y, maxX: x + 30, maxY: y + 30 });
    }
    expect([...index.query({ minX: 410, minY: 410, maxX: 412, maxY: 412 })]).toEqual(["o1010"]);
  });

  it("survives bounds that nobody would draw", () => {
    const index = new HitIndex();
    index.set("huge", { minX: -1e12, minY: -1e12, maxX: 1e12, maxY: 1e12 });
    expect([...index.query({ minX: 0, minY: 0, maxX: 1, maxY: 1 })]).toEqual(["huge"]);
    index.set("endless", { minX: Number.NEGATIVE_INFINITY, minY: 0, maxX: Number.NaN, maxY: 1 });
    index.remove("huge");
    expect(index.size).toBe(0);
  });
});

describe("viewport", () => {
  const made = () => {
    const v = new Viewport();
    v.resize(800, 600);
    v.fit({ minX: 0, minY: 0, maxX: 512, maxY: 512 });
    return v;
  };

  it("fits and centres", () => {
    const v = made();
    expect(v.scale).toBeCloseTo(568 / 512);
    expect(v.toScreen([256, 256])).toEqual([400, 300]);
  });

  it("goes to the image and back", () => {
    const v = made();
    v.zoomAt([123, 77], 3.3);
    const [x, y] = v.toScreen(v.toImage([40, 50]));
    expect(x).toBeCloseTo(40);
    expect(y).toBeCloseTo(50);
  });

  it("keeps the point under the cursor while zooming, also at the limit", () => {
    const v = made();
    const before = v.toImage([200, 100]);
    v.zoomAt([200, 100], 1e9);
    expect(v.scale).toBe(SCALE_MAX);
    const after = v.toImage([200, 100]);
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
  });

  it("keeps the middle in the middle when the window changes", () => {
    const v = made();
    const middle = v.toImage([400, 300]);
    v.resize(1000, 500);
    const now = v.toImage([500, 250]);
    expect(now[0]).toBeCloseTo(middle[0]);
    expect(now[1]).toBeCloseTo(middle[1]);
  });

  it("links to another one without calling back for ever", () => {
    const a = made();
    const b = made();
    a.subscribe(() => b.copy(a));
    b.subscribe(() => a.copy(b));
    a.panBy(10, 20);
    expect([b.offsetX, b.offsetY]).toEqual([a.offsetX, a.offsetY]);
    b.zoomCentre(2);
    expect(a.scale).toBe(b.scale);
  });

  it("rounds lengths for the scale bar", () => {
    expect([0.7, 1, 3.9, 5, 99, 1234].map(roundLength)).toEqual([0.5, 1, 2, 5, 50, 1000]);
    expect(roundLength(Number.NaN)).toBe(0);
  });
});

describe("a view of pixels that are not square", () => {
  it("draws rows higher and finds the same pixel again", () => {
    const view = new Viewport();
    view.resize(400, 400);
    view.aspect = 2;
    view.fit({ minX: 0, minY: 0, maxX: 100, maxY: 50 }, 0);
    expect([view.scale, view.scaleY]).toEqual([4, 8]);
    expect(view.toScreen([100, 50])).toEqual([400, 400]);
    expect(view.toImage([200, 200])).toEqual([50, 25]);
    view.zoomAt([200, 200], 2);
    expect(view.toImage([200, 200])).toEqual([50, 25]);
  });

  it("shows one image pixel per device pixel at actual size", () => {
    const view = new Viewport();
    view.resize(400, 300);
    view.fit({ minX: 0, minY: 0, maxX: 2000, maxY: 2000 });
    view.actualSize(2);
    expect(view.scale).toBe(0.5);
  });
});
