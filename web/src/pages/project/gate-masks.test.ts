import { describe, expect, it } from "vitest";
import type { GateMask } from "@/api/types";
import {
  beginDrawing,
  framesBeside,
  moveCross,
  openProposals,
  rectBetween,
  setCorner,
  stepOf,
  toPicture,
  withMask,
  withoutMask,
  withProposals,
} from "./gate-masks";

const size = { width: 640, height: 480 };
const mask = (id: string, frame: number): GateMask => ({
  id,
  frame,
  rect: { x: 1, y: 2, width: 3, height: 4 },
  origin: { detector: "text-1" },
});

describe("proposals", () => {
  it("are those that no mask of their picture covers", () => {
    const proposal = (frame: number, x: number) =>
      ({ frame, rect: { x, y: 2, width: 2, height: 4 }, kind: "face", origin: "sweep" }) as const;
    const known = [mask("a", 0)];
    const all = [proposal(0, 1), proposal(1, 1), proposal(0, 3)];
    expect(openProposals(all, known)).toEqual([all[1], all[2]]);
    expect(withProposals(known, all)).toEqual([
      { id: "a", frame: 0, rect: known[0]?.rect },
      { frame: 1, rect: all[1]?.rect },
      { frame: 0, rect: all[2]?.rect },
    ]);
  });
});

describe("drawing with the keyboard", () => {
  it("sets two corners and gives whole pixels", () => {
    let drawing = beginDrawing(size);
    expect(drawing.at).toEqual([320, 240]);
    drawing = setCorner(drawing, size).drawing;
    const step = stepOf(size, false);
    drawing = moveCross(drawing, -10 * step, 2 * step, size);
    const { done, drawing: after } = setCorner(drawing, size);
    expect(done).toEqual({ x: 320 - 10 * step, y: 240, width: 10 * step, height: 2 * step });
    expect(after.corner).toBeNull();
  });

  it("stays inside of the picture, whatever is pressed", () => {
    let drawing = setCorner(beginDrawing(size), size).drawing;
    for (let n = 0; n < 500; n++) drawing = moveCross(drawing, 13, 13, size);
    expect(drawing.at).toEqual([640, 480]);
    expect(setCorner(drawing, size).done).toEqual({ x: 320, y: 240, width: 320, height: 240 });
    for (let n = 0; n < 500; n++) drawing = moveCross(drawing, -13, -13, size);
    expect(drawing.at).toEqual([0, 0]);
  });

  it("holds the corner until there is something to cover", () => {
    const drawing = setCorner(beginDrawing(size), size).drawing;
    const again = setCorner(moveCross(drawing, 0, 30, size), size);
    expect(again.done).toBeNull();
    expect(again.drawing.corner).toEqual([320, 240]);
  });

  it("steps by one pixel with Shift, and by at least one without", () => {
    expect(stepOf(size, true)).toBe(1);
    expect(stepOf(size, false)).toBe(13);
    expect(stepOf({ width: 8, height: 8 }, false)).toBe(1);
  });
});

describe("rectangles", () => {
  it("cover every touched pixel and nothing beyond the picture", () => {
    expect(rectBetween([10.4, 20.6], [3.2, 40.1], size)).toEqual({ x: 3, y: 20, width: 8, height: 21 });
    expect(rectBetween([-50, -50], [9999, 9999], size)).toEqual({ x: 0, y: 0, width: 640, height: 480 });
    expect(rectBetween([5, 5], [5, 5], size)).toBeNull();
    expect(rectBetween([700, 5], [800, 9], size)).toBeNull();
  });

  it("find their place in a picture with bars beside it", () => {
    const box = { width: 1000, height: 480 };
    expect(toPicture([180, 0], box, size)).toEqual([0, 0]);
    expect(toPicture([820, 480], box, size)).toEqual([640, 480]);
  });
});

describe("masks of an entry", () => {
  it("are sent as a whole, with ids where they have one", () => {
    const all = [mask("a", 0), mask("b", 1)];
    const rect = { x: 0, y: 0, width: 5, height: 5 };
    expect(withMask(all, [1, 2], rect)).toEqual([
      { id: "a", frame: 0, rect: all[0]?.rect },
      { id: "b", frame: 1, rect: all[1]?.rect },
      { frame: 1, rect },
      { frame: 2, rect },
    ]);
    expect(withoutMask(all, "a").map((draft) => draft.id)).toEqual(["b"]);
  });

  it("spread over the frames of one stream only", () => {
    expect(framesBeside(0, [1, 3, 2])).toEqual([0]);
    expect(framesBeside(2, [1, 3, 2])).toEqual([1, 2, 3]);
    expect(framesBeside(5, [1, 3, 2])).toEqual([4, 5]);
    expect(framesBeside(9, [1, 3, 2])).toEqual([9]);
  });
});
