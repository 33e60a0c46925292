import { describe, expect, it } from "vitest";
import { compareReads, overlap, tally } from "./compare";
import type { Annotation } from "./types";

let serial = 0;
const box = (x: number, y: number, w: number, h: number, change: Partial<Annotation> = {}): Annotation => {
  serial += 1;
  return {
    id: `m-${serial}`,
    version: 1,
    class: "nodule",
    frame: { stream: 0, index: 3 },
    shape: { type: "box", x, y, w, h },
    author: { kind: "human", user: "u" },
    ...change,
  };
};

describe("two reads of one item", () => {
  it("measures overlap as intersection over union", () => {
    expect(overlap(box(0, 0, 10, 10), box(0, 0, 10, 10))).toBe(1);
    // 50 shared of 150.
    expect(overlap(box(0, 0, 10, 10), box(5, 0, 10, 10))).toBeCloseTo(1 / 3, 1);
    expect(overlap(box(0, 0, 10, 10), box(20, 0, 10, 10))).toBe(0);
    const triangle = box(0, 0, 1, 1, {
      shape: {
        type: "polygon",
        points: [
          [0, 0],
          [10, 0],
          [0, 10],
        ],
      },
    });
    // Half of the box.
    expect(overlap(box(0, 0, 10, 10), triangle)).toBeCloseTo(0.5, 1);
  });

  it("pairs what overlaps most, each mark once", () => {
    const [near, far] = [box(1, 0, 10, 10), box(4, 0, 10, 10)];
    const mine = box(0, 0, 10, 10);
    const matches = compareReads([mine], [far, near]);
    expect(matches.map(({ verdict, a, b }) => [verdict, a?.id, b?.id])).toEqual([
      ["only_b", undefined, far.id],
      ["same", mine.id, near.id],
    ]);
  });

  it("says what differs: outline, class, answers", () => {
    const a = box(0, 0, 10, 10, { attributes: { texture: "solid", calcified: true } });
    const b = box(3, 0, 10, 10, { class: "mass", attributes: { calcified: true, texture: "ground glass" } });
    const [match] = compareReads([a], [b]);
    expect(match?.what).toEqual(["outline", "class", "answers"]);
    const [same] = compareReads([a], [{ ...a, id: "x", attributes: { calcified: true, texture: "solid" } }]);
    expect(same?.verdict).toBe("same");
  });

  it("follows a copied mark by its id, however far it was moved", () => {
    const a = box(0, 0, 10, 10);
    const [match] = compareReads([a], [{ ...a, shape: { type: "box", x: 90, y: 0, w: 10, h: 10 } }]);
    expect([match?.verdict, match?.overlap]).toEqual(["differs", 0]);
  });

  it("does not pair marks of different frames", () => {
    const a = box(0, 0, 10, 10);
    const counts = tally(compareReads([a], [box(0, 0, 10, 10, { frame: { stream: 0, index: 4 } })]));
    expect(counts).toEqual({ same: 0, differs: 0, only_a: 1, only_b: 1 });
  });

  it("tells what only one of them related, where both have both ends", () => {
    const read = (relations: [number, string, number][]) => {
      const marks = [0, 100, 200].map((x) => box(x, 0, 10, 10));
      for (const [from, type, to] of relations) {
        const mark = marks[from] as Annotation;
        const other = (marks[to] as Annotation).id;
        const all = [...(mark.arrangement?.relations ?? []), { id: `${from}${to}`, type, to: other }];
        marks[from] = { ...mark, arrangement: { relations: all } };
      }
      return marks;
    };
    const told = (a: [number, string, number][], b: [number, string, number][]) => {
      const marks = read(a);
      const found = compareReads(marks, read(b), 0.8, new Set(["beside"]));
      return marks.flatMap((mark, i) => (found.find((one) => one.a === mark)?.what.length ? [i] : []));
    };
    expect(told([], [])).toEqual([]);
    expect(told([[0, "on", 1]], [[0, "on", 1]])).toEqual([]);
    expect(told([[0, "on", 1]], [])).toEqual([0]);
    expect(told([], [[2, "on", 1]])).toEqual([2]);
    expect(told([[0, "on", 1]], [[1, "on", 0]])).toEqual([0, 1]);
    expect(told([[0, "beside", 1]], [[1, "beside", 0]])).toEqual([]);
    const alone = read([[0, "on", 1]]);
    expect(compareReads(alone, [box(0, 0, 10, 10)]).find((one) => one.a === alone[0])?.what).toEqual([]);
  });

  it("takes a note on the whole item for what it says", () => {
    const tag = (id: string) => box(0, 0, 1, 1, { class: id, frame: null, shape: { type: "tag" } });
    const counts = tally(compareReads([tag("effusion")], [tag("effusion"), tag("other")]));
    expect(counts).toEqual({ same: 1, differs: 0, only_a: 0, only_b: 1 });
  });
});
