/** Balls on slices against counting voxel by voxel, and the tool: one step for all slices, limits, and where it stays flat. */
import { describe, expect, it } from "vitest";
import { ballRefusal, ballSlices, paintPath, type StackSpace, strokeBounds } from "./ball";
import { Bits } from "./bits";
import { Editor } from "./editor";
import type { Grey } from "./flood";
import { greyOf } from "./grey";
import { HitIndex } from "./hit-index";
import { seriesFacts } from "./series";
import type { ToolContext, ToolPointer } from "./tool";
import { brushSettings } from "./tools/brush";
import { SphereTool } from "./tools/sphere";
import type { Annotation, ClassDef, MaskShape, Point, Spacing } from "./types";
import { Viewport } from "./viewport";

const SIZE = { width: 40, height: 32 };
const WHOLE = () => new Bits(0, 0, SIZE.width, SIZE.height);

/** Distance of a place to a segment, mm, by the formula for the nearest point of a segment. */
function apart([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const along = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = along === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / along));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** Which pixels of the slice `away` millimetres off a path covers, one by one. */
function oneByOne(path: Point[], radius: number, away: number, { row, column }: Spacing): Bits {
  const made = WHOLE();
  const mm = ([x, y]: Point): Point => [x * column, y * row];
  for (let x = 0; x < SIZE.width; x += 1)
    for (let y = 0; y < SIZE.height; y += 1) {
      const at = mm([x + 0.5, y + 0.5]);
      const near = path.some((to, i) => {
        const flat = apart(at, mm(path[Math.max(0, i - 1)] as Point), mm(to));
        return flat * flat + away * away <= radius * radius;
      });
      if (near) made.set(x, y, 1);
    }
  return made;
}

/** A linear congruential generator: the same numbers on every machine. */
function numbers(seed: number) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe("a ball", () => {
  it("has as many voxels as counting finds, whatever the spacing", () => {
    // Numbers of voxels of a 1 mm grid whose centres are within r of one of them: the points of the lattice in a ball
    // (OEIS A000605).
    for (const [radius, count] of [
      [1, 7],
      [2, 33],
      [3, 123],
      [4, 257],
      [5, 515],
      [6, 925],
    ] as const) {
      const places = Array.from({ length: 21 }, (_, i) => i);
      let found = 0;
      for (const slice of ballSlices(places, 10, radius)) {
        const bits = WHOLE();
        paintPath(bits, [[20.5, 16.5]], slice.radius, { row: 1, column: 1 }, 1, null);
        found += bits.count();
      }
      expect([radius, found]).toEqual([radius, count]);
    }
  });

  it("and its strokes cover what is near enough, pixel by pixel, in random stacks", () => {
    let total = 0;
    for (let seed = 1; seed <= 40; seed += 1) {
      const next = numbers(seed);
      const spacing = { row: 0.4 + next() * 1.3, column: 0.4 + next() * 1.3 };
      const places: number[] = [0];
      for (let i = 1; i < 9; i += 1) places.push((places.at(-1) as number) + 0.5 + next() * 3);
      const path: Point[] = Array.from({ length: 1 + Math.floor(next() * 5) }, () => [
        next() * 44 - 2,
        next() * 36 - 2,
      ]);
      // Along a column and along a row, where the direction has a zero.
      if (seed % 3 === 0) path.push([(path.at(-1) as Point)[0], 5.123]);
      if (seed % 5 === 0) path.push([7.371, (path.at(-1) as Point)[1]]);
      const [at, radius] = [Math.floor(next() * places.length), 0.7 + next() * 6];
      const reached = ballSlices(places, at, radius);
      for (let index = 0; index < places.length; index += 1) {
        const away = (places[index] as number) - (places[at] as number);
        const expected = oneByOne(path, radius, away, spacing);
        const slice = reached.find((one) => one.index === index);
        const bits = WHOLE();
        if (slice) paintPath(bits, path, slice.radius, spacing, 1, null);
        expect([seed, index, bits.count()]).toEqual([seed, index, expected.count()]);
        // Byte by byte; the runner's own comparison of long arrays takes longer than the counting.
        expect([seed, index, bits.data.findIndex((value, i) => value !== expected.data[i])]).toEqual([
          seed,
          index,
          -1,
        ]);
        total += bits.count();
        const window = strokeBounds(path, radius, spacing, SIZE);
        const extent = bits.extent();
        if (extent && window)
          expect(
            window.minX <= extent.minX &&
              window.maxX >= extent.maxX &&
              window.minY <= extent.minY &&
              window.maxY >= extent.maxY,
          ).toBe(true);
      }
    }
    expect(total).toBeGreaterThan(10_000);
  });
});

const properties = {
  spacing_origin: "patient",
  row_spacing_mm: 0.8,
  column_spacing_mm: 0.5,
  orientation: [1, 0, 0, 0, 1, 0],
  rows: SIZE.height,
  columns: SIZE.width,
};
const frames = (places: (number | null)[]) => places.map((position_mm) => ({ position_mm }));

describe("where nothing is known", () => {
  const spacing = { row: 0.8, column: 0.5 };
  const why = (
    change: Record<string, unknown>,
    places: (number | null)[] = [0, 2, 4],
    known: Spacing | null = spacing,
  ) =>
    ballRefusal(
      seriesFacts({ kind: "dicom", frames: frames(places), properties: { ...properties, ...change } }),
      places.length,
      known,
    );

  it("no ball is painted, and why is said", () => {
    expect(why({})).toBeNull();
    expect(why({}, [0, 2])).toBeNull();
    // Each slice has a place of its own.
    expect(why({ stack_issues: ["uneven_spacing"] }, [0, 2, 7])).toBeNull();
    expect(why({}, [0])).toMatch(/one slice/);
    expect(why({}, [0, 2, 4], null)).toMatch(/distance of the pixels/);
    expect(why({}, [0, null, 4])).toMatch(/places of the slices/);
    expect(why({ orientation: undefined })).toMatch(/orientation/);
    for (const issue of [
      "mixed_spacing",
      "slices_not_parallel",
      "unusual_stack",
      "gantry_tilt",
      "duplicate_slices",
    ])
      expect(why({ stack_issues: [issue] }), issue).not.toBeNull();
  });
});

const CLASS: ClassDef = { id: "lesion", name: "Lesion", color: "#ff8800", shapes: ["mask"] };
const PLACES = [0, 2, 4, 7, 9];
const SPACING: Spacing = { row: 0.8, column: 0.5 };

function held(options: { refusal?: string; spacing?: Spacing | null; greys?: (index: number) => Grey } = {}) {
  const said: string[] = [];
  let n = 0;
  const spacing = options.spacing === undefined ? SPACING : options.spacing;
  const editor = new Editor({
    classes: [CLASS],
    user: "u1",
    newId: () => `n${++n}`,
    frames: () => PLACES.length,
    spacing: () => spacing,
    say: (text) => said.push(text),
  });
  editor.setFrame({ stream: 0, index: 2 });
  editor.limits = SIZE;
  const stack: StackSpace = {
    positions: PLACES,
    refusal: options.refusal ?? null,
    grey: async (index) => {
      if (!options.greys) throw new Error(`slice ${index + 1} could not be loaded`);
      return options.greys(index);
    },
  };
  const context: ToolContext = {
    editor,
    viewport: new Viewport(),
    index: new HitIndex(),
    size: SIZE,
    hits: () => [...editor.objects()],
    reach: () => 2,
    redraw: () => {},
    setCursor: () => {},
    window: { get: () => null, set: () => {} },
    grey: () => null,
    optionsChanged: () => {},
    chooseTool: () => {},
  };
  const [ball, limits] = [{ radius: 3 }, brushSettings()];
  const tools = {
    brush: new SphereTool(1, ball, limits, stack),
    eraser: new SphereTool(0, ball, limits, stack),
  };
  const stroke = async (tool: SphereTool, path: Point[]) => {
    const at = (image: Point): ToolPointer => ({
      image,
      screen: image,
      button: 0,
      shift: false,
      ctrl: false,
      alt: false,
    });
    tool.pointerDown(at(path[0] as Point), context);
    for (const point of path.slice(1)) tool.pointerMove(at(point), context);
    tool.pointerUp(at(path.at(-1) as Point), context);
    await tool.settled;
  };
  const masks = () =>
    new Map(editor.document.all().map((a) => [a.frame?.index ?? -1, Bits.fromShape(a.shape as MaskShape)]));
  const state = () =>
    JSON.stringify(
      editor.document
        .all()
        .map((a) => ({ ...a, version: 0 }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  return { editor, said, tools, ball, limits, context, stroke, masks, state };
}

const PATH: Point[] = [
  [14.2, 12.7],
  [20.9, 15.1],
];
const same = (bits: Bits | undefined, expected: Bits) =>
  expect(bits?.cut({ minX: 0, minY: 0, maxX: SIZE.width, maxY: SIZE.height }).data ?? WHOLE().data).toEqual(
    expected.data,
  );

describe("the ball brush", () => {
  it("paints each slice that it reaches, as one thing and one step", async () => {
    const { editor, tools, stroke, masks, state } = held();
    const start = state();
    await stroke(tools.brush, PATH);
    const found = masks();
    // 2 mm below, on it, 3 mm above: there the radius is zero, and no centre lies on the path.
    PLACES.forEach((place, index) => {
      same(found.get(index), oneByOne(PATH, 3, place - 4, SPACING));
    });
    expect([...found.keys()].sort()).toEqual([1, 2]);
    const tracks = new Set(editor.document.all().map((a) => a.arrangement?.track));
    expect(tracks.size === 1 && !tracks.has(undefined)).toBe(true);
    const end = state();
    editor.undo();
    expect(state()).toBe(start);
    expect(editor.history.undoLabel).toBeNull();
    editor.redo();
    expect(state()).toBe(end);
  });

  it("paints on at another slice, and the eraser takes a ball out of all of them", async () => {
    const { editor, tools, stroke, masks, ball } = held();
    ball.radius = 4.3;
    await stroke(tools.brush, PATH);
    editor.setFrame({ stream: 0, index: 3 });
    editor.select([(editor.objects()[0] as Annotation).id]);
    const more: Point[] = [[25.3, 20.2]];
    await stroke(tools.brush, more);
    const joined = (index: number) =>
      oneByOne(PATH, 4.3, (PLACES[index] as number) - 4, SPACING).combine(
        oneByOne(more, 4.3, (PLACES[index] as number) - 7, SPACING),
        1,
      );
    PLACES.forEach((_, index) => {
      same(masks().get(index), joined(index));
    });
    expect(new Set(editor.document.all().map((a) => a.arrangement?.track)).size).toBe(1);
    const before = editor.history.undoLabel;
    ball.radius = 2.6;
    const hole: Point[] = [[18.1, 14.4]];
    await stroke(tools.eraser, hole);
    PLACES.forEach((place, index) => {
      same(masks().get(index), joined(index).combine(oneByOne(hole, 2.6, place - 7, SPACING), 0));
    });
    expect(before).toMatch(/paint a ball/);
    expect(editor.history.undoLabel).toMatch(/erase a ball/);
    editor.undo();
    PLACES.forEach((_, index) => {
      same(masks().get(index), joined(index));
    });
    // What is erased to nothing is gone, and comes back.
    ball.radius = 60;
    await stroke(tools.eraser, PATH);
    expect(masks().size).toBe(0);
    editor.undo();
    expect(masks().size).toBe(PLACES.filter((_, index) => joined(index).count() > 0).length);
  });

  it("undone stroke by stroke, any sequence is its start", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const next = numbers(seed);
      const { editor, tools, stroke, state, ball } = held();
      const start = state();
      for (let i = 0; i < 8; i += 1) {
        editor.setFrame({ stream: 0, index: Math.floor(next() * PLACES.length) });
        const here = editor.objects();
        if (here.length > 0 && next() < 0.7)
          editor.select([(here[Math.floor(next() * here.length)] as Annotation).id]);
        ball.radius = 0.5 + next() * 5;
        const path: Point[] = Array.from({ length: 1 + Math.floor(next() * 3) }, () => [
          next() * 40,
          next() * 32,
        ]);
        await stroke(next() < 0.6 ? tools.brush : tools.eraser, path);
        if (next() < 0.2) editor.undo();
      }
      const end = state();
      let undone = 0;
      while (editor.undo()) undone += 1;
      expect(state(), `seed ${seed}`).toBe(start);
      for (let i = 0; i < undone; i += 1) editor.redo();
      expect(state(), `seed ${seed}`).toBe(end);
    }
  });

  it("paints only values within the limits, of each slice its own", async () => {
    const greys = (index: number) =>
      greyOf(
        SIZE.width,
        SIZE.height,
        Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) => (i * 7 + index * 3) % 10),
      );
    const { tools, limits, stroke, masks } = held({ greys });
    Object.assign(limits, { limited: true, low: 2, high: 6 });
    await stroke(tools.brush, PATH);
    PLACES.forEach((place, index) => {
      const expected = oneByOne(PATH, 3, place - 4, SPACING);
      const { data } = greys(index);
      for (let x = 0; x < SIZE.width; x += 1)
        for (let y = 0; y < SIZE.height; y += 1) {
          const value = data[y * SIZE.width + x] as number;
          if (value < 2 || value > 6) expected.set(x, y, 0);
        }
      same(masks().get(index), expected);
    });
  });

  it("paints nothing where the values of a slice cannot be had", async () => {
    const { editor, said, tools, limits, stroke } = held();
    limits.limited = true;
    await stroke(tools.brush, PATH);
    expect(editor.document.size).toBe(0);
    expect(said.at(-1)).toMatch(/Nothing was painted: slice \d could not be loaded/);
  });

  it("stays on its slice where the stack does not say how far apart things are, and says so once", async () => {
    const { editor, said, tools, stroke, masks } = held({
      refusal: "the slices are tilted against their axis",
    });
    await stroke(tools.brush, PATH);
    await stroke(tools.brush, [[30.2, 20.1]]);
    expect(said).toEqual(["On this slice only: the slices are tilted against their axis."]);
    same(masks().get(2), oneByOne(PATH, 3, 0, SPACING).combine(oneByOne([[30.2, 20.1]], 3, 0, SPACING), 1));
    expect(masks().size).toBe(1);
    expect(editor.document.all()[0]?.arrangement).toBeUndefined();
  });

  it("without any spacing its radius is in pixels", async () => {
    const { tools, stroke, masks, context, said } = held({ spacing: null });
    const labels = tools.brush
      .options(context)
      .map((option) => (option.kind === "text" ? option.text : option.label));
    expect(labels[0]).toBe("Radius, pixels");
    expect(labels.at(-1)).toMatch(/this slice only/);
    await stroke(tools.brush, PATH);
    same(masks().get(2), oneByOne(PATH, 3, 0, { row: 1, column: 1 }));
    expect([masks().size, said.length]).toEqual([1, 1]);
  });

  it("leaves locked slices as they are, and says so", async () => {
    const { editor, said, tools, stroke, masks } = held();
    await stroke(tools.brush, PATH);
    const before = masks().get(1)?.count();
    editor.toggleLocked([editor.document.all().find((a) => a.frame?.index === 1)?.id as string]);
    editor.select([(editor.objects()[0] as Annotation).id]);
    await stroke(tools.brush, [[28.3, 20.2]]);
    expect(masks().get(1)?.count()).toBe(before);
    expect(said.at(-1)).toMatch(/1 slice is locked/);
  });

  it("the eraser needs a mask, and a stroke in hand is dropped by Escape", async () => {
    const { editor, said, tools, stroke, context } = held();
    await stroke(tools.eraser, PATH);
    expect(said).toEqual(["There is no mask here to erase from."]);
    tools.brush.pointerDown(
      { image: [5, 5], screen: [5, 5], button: 0, shift: false, ctrl: false, alt: false },
      context,
    );
    expect(tools.brush.onAction("cancel", context)).toBe(true);
    expect([tools.brush.onAction("cancel", context), editor.document.size]).toEqual([false, 0]);
  });
});
