import { describe, expect, it } from "vitest";
import type { Finding } from "@/api/findings";
import type { Annotation } from "@/canvas/types";
import { pinsFor, stepTo } from "./useFindings";
import { markAnswers } from "./work";

function finding(number: number, more: Partial<Finding> = {}): Finding {
  return {
    id: `f-${number}`,
    item: "i",
    item_name: "one",
    project: "p",
    number,
    severity: "blocking",
    state: "open",
    frame: { stream: 0, index: 0 },
    point: [4, 5],
    annotation: null,
    only_mine: false,
    opened_at: 0,
    notes: [{ act: "opened", words: "edge?", by: null, mine: true, at: 0 }],
    may_reply: true,
    may_resolve: true,
    ...more,
  };
}

const box = (id: string, x: number): Annotation => ({
  id,
  class: "thing",
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x, y: 0, w: 5, h: 5 },
  attributes: {},
  author: { kind: "human", user: "u" },
  version: 1,
});

describe("walking through findings", () => {
  it("begins with what is unresolved and goes around the ends", () => {
    const list = [finding(1, { state: "resolved" }), finding(2), finding(3)];
    expect(stepTo(list, null, 1)?.id).toBe("f-2");
    expect(stepTo(list, "f-3", 1)?.id).toBe("f-1");
    expect(stepTo(list, "f-1", -1)?.id).toBe("f-3");
    expect(stepTo([], null, 1)).toBeNull();
  });

  it("pins only what has a place on a frame", () => {
    const pins = pinsFor([finding(1), finding(2, { point: null }), finding(3, { frame: null, point: null })]);
    expect(pins.map((pin) => pin.label)).toEqual(["1"]);
    expect(pins[0]?.words).toBe("Blocking finding 1, open: edge?");
  });
});

describe("answers to the first question of a review", () => {
  it("are what was said, and what was shown by correcting or removing", () => {
    const subject = [box("right", 0), box("moved", 10), box("gone", 20), box("bad", 30), box("unseen", 40)];
    const now = [box("right", 0), box("moved", 11), box("bad", 30), box("unseen", 40), box("new", 50)];
    expect(markAnswers(subject, now, new Set(["right", "moved", "new"]), new Set(["bad"]))).toEqual([
      { annotation: "right", verdict: "right" },
      { annotation: "moved", verdict: "fixed" },
      { annotation: "gone", verdict: "wrong" },
      { annotation: "bad", verdict: "wrong" },
    ]);
  });
});
