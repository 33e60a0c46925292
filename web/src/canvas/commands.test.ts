/** Whatever is done and in whichever order: undone, it is as it was; done again, it is as it became. */
import { describe, expect, it } from "vitest";
import { drawArea, drawPixels } from "./area-edit";
import { cutFromOthers, group, merge, restack, sliceAlong, split, ungroup, withGroup } from "./arrange";
import { Bits } from "./bits";
import { Editor } from "./editor";
import { shapeArea } from "./geometry";
import { allRelations, relate, unrelate } from "./relations";
import { interpolate, members, propagate, toggleKey } from "./tracks";
import type { Annotation, ClassDef, Point, RelationType, Shape } from "./types";

const ALL = ["box", "polygon", "rotated_box", "ellipse", "polyline", "points", "mask", "tag"] as const;
const CLASSES: ClassDef[] = [
  { id: "a", name: "A", color: "#ff8800", shapes: [...ALL] },
  { id: "b", name: "B", color: "#3388ff", shapes: [...ALL] },
];
const RELATIONS: RelationType[] = [
  { id: "on", name: "on", from: ["a"] },
  { id: "near", name: "near", directed: false },
];
const SIZE = { width: 64, height: 48 };
const FRAMES = 12;

/** A linear congruential generator: the same numbers on every machine. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

function editor() {
  let n = 0;
  const said: string[] = [];
  const made = new Editor({
    classes: CLASSES,
    relations: RELATIONS,
    user: "u1",
    newId: () => `n${++n}`,
    frames: () => FRAMES,
    say: (text) => said.push(text),
  });
  made.setFrame({ stream: 0, index: 0 });
  made.limits = SIZE;
  return { made, said };
}

function shape(next: (below: number) => number): Shape {
  const [x, y] = [next(40), next(30)];
  const [w, h] = [2 + next(18), 2 + next(14)];
  const ring: Point[] = [
    [x, y],
    [x + w, y],
    [x + w, y + h],
    [x, y + h],
  ];
  switch (next(7)) {
    case 0:
      return { type: "box", x, y, w, h };
    case 1:
      return { type: "rotated_box", cx: x + 10, cy: y + 10, w, h, angle: next(6) };
    case 2:
      return { type: "ellipse", cx: x + 10, cy: y + 10, rx: w / 2, ry: h / 2, angle: next(6) };
    case 3:
      return { type: "polyline", points: ring.slice(0, 3) };
    case 4:
      return { type: "points", points: ring };
    case 5:
      return new Bits(0, 0, SIZE.width, SIZE.height)
        .fillRings([ring], 1)
        .toShape(SIZE.width, SIZE.height) as Shape;
    default:
      return { type: "polygon", points: ring };
  }
}

const ACTS: ((e: Editor, next: (below: number) => number) => void)[] = [
  (e, next) => e.create(shape(next)),
  (e, next) => e.create(shape(next)),
  (e, next) => {
    const all = e.objects();
    e.select(all.filter(() => next(3) === 0).map((a) => a.id));
  },
  (e, next) => e.nudge(next(9) - 4, next(9) - 4),
  (e) => e.remove(),
  (e, next) => e.chooseClass(next(2) ? "a" : "b"),
  (e) => e.duplicate(),
  (e) => {
    e.copy();
    e.paste();
  },
  (e) => group(e),
  (e) => ungroup(e),
  (e, next) => restack(e, next(2) ? 1 : -1),
  (e) => merge(e),
  (e) => split(e),
  (e, next) =>
    sliceAlong(e, [
      [-1, next(48)],
      [65, next(48)],
    ]),
  (e, next) => propagate(e, 1 + next(6)),
  (e) => interpolate(e),
  (e) => toggleKey(e),
  (e, next) => e.setFrame({ stream: 0, index: next(FRAMES) }),
  (e, next) => {
    const drawn = shape(next);
    if (drawn.type === "polygon") drawArea(e, drawn, next(2) ? "add" : "subtract");
  },
  (e, next) => {
    const drawn = shape(next);
    if (drawn.type === "mask")
      drawPixels(e, Bits.fromShape(drawn), (["new", "add", "subtract"] as const)[next(3)] ?? "new");
  },
  ...Array.from({ length: 3 }, () => (e: Editor, next: (below: number) => number) => {
    const all = e.objects();
    const [from, to] = [all[next(all.length || 1)], all[next(all.length || 1)]];
    if (from && to) relate(e, from, to, RELATIONS[next(2)] as RelationType);
  }),
  (e, next) => {
    const all = allRelations(e);
    const one = all[next(all.length || 1)];
    if (one) unrelate(e, one);
  },
  (e) => e.undo(),
  (e) => e.redo(),
];

/** No relation leads to something that is not there, to itself, or is there twice. */
function relationsAreSound(e: Editor): boolean {
  const all = allRelations(e);
  const held = e.document.all().reduce((sum, a) => sum + (a.arrangement?.relations?.length ?? 0), 0);
  const ids = new Set(all.map(({ relation }) => relation.id));
  const fit = all.every(
    ({ relation, from, to }) => from.id !== to.id && (relation.type !== "on" || from.class === "a"),
  );
  return held === all.length && ids.size === all.length && fit;
}

const state = (e: Editor) =>
  JSON.stringify(
    e.document
      .all()
      .map((a) => ({ ...a, version: 0 }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );

describe("any sequence of commands", () => {
  it("undone is the start, and done again is the end", () => {
    let [steps, related] = [0, 0];
    for (let seed = 1; seed <= 150; seed += 1) {
      const next = numbers(seed);
      const { made } = editor();
      const start: Annotation = {
        id: "first",
        version: 1,
        class: "a",
        frame: { stream: 0, index: 0 },
        shape: { type: "box", x: 5, y: 5, w: 10, h: 10 },
        author: { kind: "model", name: "m", version: "1" },
        score: 0.5,
      };
      made.document.load([start]);
      const before = state(made);
      for (let i = 0; i < 40; i += 1) {
        ACTS[next(ACTS.length)]?.(made, next);
        expect(relationsAreSound(made), `seed ${seed}`).toBe(true);
        related += allRelations(made).length;
      }
      const after = state(made);
      let undone = 0;
      while (made.undo()) undone += 1;
      expect(state(made), `seed ${seed}`).toBe(before);
      for (let i = 0; i < undone; i += 1) made.redo();
      while (made.redo());
      steps += undone;
      // What lay ahead when the sequence ended was done again too; taken back, it is the same end.
      while (made.history.undoLabel && state(made) !== after && made.undo());
      expect(state(made), `seed ${seed}`).toBe(after);
    }
    expect(steps).toBeGreaterThan(1_000);
    expect(related).toBeGreaterThan(500);
  });
});

describe("objects together", () => {
  const at = (x: number): Shape => ({ type: "box", x, y: 0, w: 10, h: 10 });

  it("are grouped, stacked and merged", () => {
    const { made, said } = editor();
    const a = made.create(at(0)) as Annotation;
    const b = made.create(at(5)) as Annotation;
    const c = made.create(at(40)) as Annotation;
    made.select([a.id, b.id]);
    group(made);
    expect(withGroup(made, [a.id]).sort()).toEqual([a.id, b.id].sort());
    restack(made, 1);
    expect(made.document.get(a.id)?.arrangement).toEqual({ group: 1, z: 1 });
    ungroup(made);
    expect(made.document.get(a.id)?.arrangement).toEqual({ z: 1 });
    merge(made);
    expect(made.document.size).toBe(2);
    expect(shapeArea(made.document.get(a.id)?.shape as Shape)).toBe(150);
    made.select([a.id, c.id]);
    merge(made);
    expect(said.at(-1)).toMatch(/touch/);
    expect(made.document.size).toBe(2);
  });

  it("a polygon cut from a mask takes its pixels, and cutting all of it is refused", () => {
    const { made, said } = editor();
    const ring: Point[] = [
      [10, 10],
      [30, 10],
      [30, 30],
      [10, 30],
    ];
    const mask = new Bits(0, 0, 64, 48).fillRings([ring], 1).toShape(64, 48) as Shape;
    const drawn = made.create(mask) as Annotation;
    drawArea(made, { type: "polygon", points: ring.map(([x, y]): Point => [x + 10, y]) }, "subtract");
    expect(shapeArea(made.document.get(drawn.id)?.shape as Shape)).toBe(200);
    drawArea(made, { type: "polygon", points: ring }, "subtract");
    expect(said.at(-1)).toMatch(/Nothing would be left/);
    expect(shapeArea(made.document.get(drawn.id)?.shape as Shape)).toBe(200);
  });

  it("what is painted over other masks is taken from them in the same step", () => {
    const { made } = editor();
    const one = new Bits(0, 0, 64, 48).fillRings(
      [
        [
          [0, 0],
          [20, 0],
          [20, 20],
          [0, 20],
        ],
      ],
      1,
    );
    const under = made.create(one.toShape(64, 48) as Shape) as Annotation;
    const two = new Bits(0, 0, 64, 48).fillRings(
      [
        [
          [10, 0],
          [30, 0],
          [30, 20],
          [10, 20],
        ],
      ],
      1,
    );
    made.create(two.toShape(64, 48) as Shape, made.frame, (painted) => cutFromOthers(made, painted, two));
    expect(shapeArea(made.document.get(under.id)?.shape as Shape)).toBe(200);
    made.undo();
    expect(made.document.size).toBe(1);
    expect(shapeArea(made.document.get(under.id)?.shape as Shape)).toBe(400);
  });
});

describe("tracks", () => {
  const box = (x: number): Shape => ({ type: "box", x, y: 0, w: 10, h: 10 });
  const xs = (e: Editor, track: string) =>
    members(e, track, 0).map((a) => (a.shape.type === "box" ? a.shape.x : Number.NaN));

  it("follow their key frames, and what is moved in between becomes one", () => {
    const { made } = editor();
    const first = made.create(box(0)) as Annotation;
    expect(propagate(made, 4)).toBe(4);
    const track = made.document.get(first.id)?.arrangement?.track as string;
    made.setFrame({ stream: 0, index: 4 });
    const last = members(made, track, 0).at(-1) as Annotation;
    made.select([last.id]);
    made.nudge(8, 0);
    expect(xs(made, track)).toEqual([0, 2, 4, 6, 8]);
    made.setFrame({ stream: 0, index: 2 });
    const middle = members(made, track, 0)[2] as Annotation;
    expect(middle.arrangement?.interpolated).toBe(true);
    made.select([middle.id]);
    made.nudge(6, 0);
    expect(xs(made, track)).toEqual([0, 5, 10, 9, 8]);
    expect(made.document.get(middle.id)?.arrangement?.interpolated).toBeUndefined();
    made.undo();
    expect(xs(made, track)).toEqual([0, 2, 4, 6, 8]);
    expect(made.document.get(middle.id)?.arrangement?.interpolated).toBe(true);
    // A frame taken out is filled again.
    made.remove([middle]);
    expect(members(made, track, 0).length).toBe(4);
    made.setFrame({ stream: 0, index: 0 });
    made.select([first.id]);
    expect(interpolate(made)).toBe(1);
    expect(xs(made, track)).toEqual([0, 2, 4, 6, 8]);
  });

  it("take back into their course what is no key frame any more", () => {
    const { made } = editor();
    const first = made.create({ type: "box", x: 0, y: 0, w: 10, h: 10 }) as Annotation;
    propagate(made, 4);
    const track = made.document.get(first.id)?.arrangement?.track as string;
    const middle = members(made, track, 0)[2] as Annotation;
    made.setFrame({ stream: 0, index: 2 });
    made.select([middle.id]);
    made.nudge(6, 0);
    expect(xs(made, track)).toEqual([0, 3, 6, 3, 0]);
    toggleKey(made);
    expect(xs(made, track)).toEqual([0, 0, 0, 0, 0]);
    expect(made.document.get(middle.id)?.arrangement?.interpolated).toBe(true);
    made.undo();
    expect(xs(made, track)).toEqual([0, 3, 6, 3, 0]);
    // A calculated one becomes a key frame where it stands.
    const second = members(made, track, 0)[1] as Annotation;
    made.setFrame({ stream: 0, index: 1 });
    made.select([second.id]);
    toggleKey(made);
    expect(xs(made, track)).toEqual([0, 3, 6, 3, 0]);
  });

  it("keep their first and last key frame: there is nothing to calculate them from", () => {
    const { made, said } = editor();
    const first = made.create({ type: "box", x: 0, y: 0, w: 10, h: 10 }) as Annotation;
    propagate(made, 2);
    const track = made.document.get(first.id)?.arrangement?.track as string;
    const before = members(made, track, 0);
    for (const end of [before[0], before[2]] as Annotation[]) {
      made.setFrame({ stream: 0, index: end.frame?.index ?? 0 });
      made.select([end.id]);
      toggleKey(made);
      expect(said.at(-1)).toMatch(/first and the last key frame/);
    }
    expect(members(made, track, 0)).toEqual(before);
  });

  it("of masks pass through what lies between, at the size of both", () => {
    const { made } = editor();
    const disc = (x: number) => {
      const bits = new Bits(0, 0, 64, 48);
      for (let i = 0; i < 64; i += 1)
        for (let j = 0; j < 48; j += 1) if (Math.hypot(i + 0.5 - x, j + 0.5 - 24) < 6) bits.set(i, j, 1);
      return bits.toShape(64, 48) as Shape;
    };
    const first = made.create(disc(12)) as Annotation;
    propagate(made, 2);
    const track = made.document.get(first.id)?.arrangement?.track as string;
    made.setFrame({ stream: 0, index: 2 });
    const last = members(made, track, 0)[2] as Annotation;
    made.change("move", [last], (a) => ({ ...a, shape: disc(52) }));
    const middle = members(made, track, 0)[1] as Annotation;
    const bits = middle.shape.type === "mask" ? Bits.fromShape(middle.shape) : null;
    expect(bits && bits.left + bits.width / 2).toBeCloseTo(32, 0);
    expect(Math.abs((bits?.count() ?? 0) - shapeArea(first.shape))).toBeLessThan(12);
  });
});

describe("what the server would refuse", () => {
  it("is put right with a word, and a drag that would cross is put back", () => {
    const { made, said } = editor();
    made.create({ type: "box", x: 60, y: 40, w: 10, h: 20 });
    expect(said.at(-1)).toMatch(/cut off/);
    expect(made.selection()[0]?.shape).toEqual({ type: "box", x: 60, y: 40, w: 4, h: 8 });
    expect(made.create({ type: "box", x: 5, y: 5, w: 0, h: 0 })).toBeNull();
    expect(said.at(-1)).toMatch(/no area/);
    const ring: Point[] = [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
    ];
    const drawn = made.create({ type: "polygon", points: ring }) as Annotation;
    made.preview([
      [
        drawn.id,
        {
          type: "polygon",
          points: [
            [0, 0],
            [10, 0],
            [-0.2, 6],
            [0, 10],
          ].map((p) => p as Point),
        },
      ],
    ]);
    made.preview([[drawn.id, { type: "polygon", points: [ring[0], ring[2], ring[1], ring[3]] as Point[] }]]);
    made.commitPreview("move a point of");
    expect(said.at(-1)).toMatch(/left as it was/);
    expect(made.document.get(drawn.id)?.shape).toEqual({ type: "polygon", points: ring });
  });

  it("and a kind that no class takes is said", () => {
    const said: string[] = [];
    const made = new Editor({
      classes: [{ id: "a", name: "A", color: "#ff0000", shapes: ["box"] }],
      user: "u",
      say: (text) => said.push(text),
    });
    expect(made.create({ type: "points", points: [[1, 1]] })).toBeNull();
    expect(said[0]).toMatch(/No class of this protocol takes/);
  });
});
