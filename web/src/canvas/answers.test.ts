import { describe, expect, it } from "vitest";
import {
  answers,
  answerWords,
  cannotAssess,
  isAnswer,
  markCount,
  setUnclear,
  toggleUnclear,
  unclearWords,
} from "./answers";
import { Editor } from "./editor";

function editor(readOnly = false) {
  let n = 0;
  const made = new Editor({
    classes: [
      { id: "car", name: "Car", color: "#ff0000", shapes: ["box", "tag"] },
      { id: "grade", name: "Grade", color: "#00ff00", shapes: ["tag"] },
    ],
    user: "me",
    readOnly,
    newId: () => `id-${++n}`,
    frames: () => 3,
  });
  made.setFrame({ stream: 0, index: 0 });
  return made;
}
const box = { type: "box" as const, x: 1, y: 1, w: 5, h: 5 };

describe("cannot assess", () => {
  it("stands alone on the whole item, and one undo brings the marks back", () => {
    const one = editor();
    one.create(box);
    one.setFrame({ stream: 0, index: 1 });
    one.create(box);
    one.create({ type: "tag" }, null);
    cannotAssess(one, null, "other", "  burnt through ");
    expect(one.document.all().map(isAnswer)).toEqual([true]);
    expect(markCount(one)).toBe(0);
    expect(answerWords(answers(one)[0] as never)).toBe("the whole item: burnt through");
    one.undo();
    expect(markCount(one)).toBe(3);
    expect(answers(one)).toEqual([]);
  });

  it("on a frame leaves the other frames and what holds for the item as they are", () => {
    const one = editor();
    one.create(box);
    one.create({ type: "tag" }, null);
    one.setFrame({ stream: 0, index: 1 });
    one.create(box);
    cannotAssess(one, { stream: 0, index: 1 }, "image_quality", "");
    expect(markCount(one)).toBe(2);
    expect(answerWords(answers(one)[0] as never)).toBe("frame 2: image quality");
    // Again, for another reason: the one answer of the frame.
    cannotAssess(one, { stream: 0, index: 1 }, "obstructed", "tape");
    expect(answers(one).map(answerWords)).toEqual(["frame 2: something lies over it: tape"]);
    // The whole item takes the place of its frames, and a frame that of the whole item.
    cannotAssess(one, null, "obstructed", "");
    expect(answers(one).map((a) => a.frame ?? null)).toEqual([null]);
    cannotAssess(one, { stream: 0, index: 2 }, "obstructed", "");
    expect(answers(one).map((a) => a.frame?.index)).toEqual([2]);
  });

  it("is named like a class, is no class for marks, and changes nothing in a read that is only looked at", () => {
    const one = editor();
    const answer = cannotAssess(one, null, "obstructed", "");
    expect(one.classOf("cannot-assess")?.name).toBe("Cannot assess");
    expect(one.usableClasses().map((entry) => entry.id)).toEqual(["car", "grade"]);
    one.chooseClass("grade");
    expect(one.document.get(answer?.id ?? "")?.class).toBe("cannot-assess");
    const other = editor(true);
    expect(cannotAssess(other, null, "obstructed", "")).toBeNull();
  });
});

it("marks are called unclear, with words, and clear again", () => {
  const one = editor();
  const told: string[] = [];
  Object.assign(one, { say: (text: string) => told.push(text) });
  one.select([]);
  toggleUnclear(one);
  expect(told).toEqual(["Select the marks that are unclear."]);
  const made = one.create(box);
  toggleUnclear(one);
  const now = () => one.document.get(made?.id ?? "");
  expect(now()?.unclear).toEqual({});
  setUnclear(one, one.selection(), { confidence: "guess", reason: "in the shade" });
  expect(unclearWords(now()?.unclear ?? {})).toBe("unclear, little more than a guess, in the shade");
  toggleUnclear(one);
  expect(now() && "unclear" in (now() as object)).toBe(false);
  one.undo();
  expect(now()?.unclear?.confidence).toBe("guess");
});
