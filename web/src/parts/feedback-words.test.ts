import { describe, expect, it } from "vitest";
import {
  classesOf,
  exampleWords,
  foundWords,
  noticeWords,
  othersWords,
  patternWords,
  settledWords,
} from "./feedback-words";

const of = (stream: string) => foundWords({ stream, wrong: 4, checked: 9 });

describe("what somebody is told of their own work", () => {
  it("says what it was held against", () => {
    expect(of("review")).toBe("Reviewers changed or sent back 4 of your last 9 checked items");
    expect(of("peers")).toContain("other readers, or whoever decided between you, saw 4 of your last 9");
    expect(of("overlap")).toContain("moved or reshaped marks of yours in 4 of your last 9");
    expect(of("class:crack")).toContain("“crack” was missed");
  });

  it("says nothing of hidden gold that tells which item it was", () => {
    for (const words of [of("gold"), noticeWords("gold", "P")]) {
      expect(words).not.toMatch(/review|reader|gold|\d/i);
    }
  });

  it("names errors as what they are, and no correction where nobody corrected", () => {
    const pattern = { right: "crack", said: "scratch", times: 3, errors: 4 };
    expect(patternWords(pattern, "review")).toBe("3 of 4 corrections: “crack” was labelled as “scratch”");
    expect(patternWords(pattern, "peers")).toBe("3 of 4 errors: “crack” was labelled as “scratch”");
    expect(patternWords({ ...pattern, said: "crack" }, "overlap")).toContain("“crack” lay elsewhere");
    expect(exampleWords("peers")).not.toBe(exampleWords("review"));
  });

  it("works one error out: what the others saw, and what was right", () => {
    const others = [
      { class: "crack", readers: 2 },
      { class: null, readers: 1 },
    ];
    expect(othersWords({ right: "crack", said: "scratch", others })).toBe(
      "You saw “scratch”. Of the other readers 2 saw “crack”, 1 saw nothing there; right is “crack”.",
    );
    expect(othersWords({ right: null, said: "scratch", others: [] })).toBeNull();
    expect(classesOf({ right: "crack", said: "scratch" })).toEqual(["crack", "scratch"]);
    expect(classesOf({ right: null, said: "scratch" })).toEqual(["scratch"]);
    expect(settledWords("gold")).not.toMatch(/gold/i);
  });
});
