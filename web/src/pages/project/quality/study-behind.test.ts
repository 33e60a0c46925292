import { describe, expect, it } from "vitest";
import { type PersonFigure, partsBehind, referenceWords, saidWords } from "./study-behind";

const part = (item: string, bad: boolean, borderline = false) =>
  JSON.stringify({ item, content_hash: "00", bad, borderline });
const say = (person: string, item: string, ...said: boolean[]) =>
  said.map((bad, at) => ({ person, item, trial: at + 1, number: at, bad, at: "" }));

const record = {
  parts: [part("a", true), part("b", true, true), "", part("c", false), part("d", false)],
  answers: [
    ...say("p", "a", true, true),
    ...say("p", "b", false, true),
    ...say("p", "c", true, true),
    ...say("p", "d", false),
    ...say("other", "a", false, false),
  ],
};
const against = (figure: PersonFigure) =>
  partsBehind(record, "p", figure)
    .filter((one) => one.isAgainst)
    .map((one) => one.item);
const all = (figure: PersonFigure) => partsBehind(record, "p", figure).map((one) => one.item);

describe("parts behind the figures of a person", () => {
  it("are those that each figure is over, and of them those that speak against the person", () => {
    expect([all("miss"), against("miss")]).toEqual([["a", "b"], ["b"]]);
    expect([all("false_alarm"), against("false_alarm")]).toEqual([["c", "d"], ["c"]]);
    // Wrong every time is the same every time; what was judged once says nothing of it.
    expect([all("within"), against("within")]).toEqual([["a", "b", "c"], ["b"]]);
    expect([all("effectiveness"), against("effectiveness")]).toEqual([
      ["a", "b", "c", "d"],
      ["b", "c"],
    ]);
  });

  it("keep their place among the parts, where one was erased too", () => {
    const [, second] = partsBehind(record, "p", "miss");
    expect(second && [second.number, saidWords(second), referenceWords(second)]).toEqual([
      2,
      "good, bad",
      "bad, borderline",
    ]);
    expect(partsBehind(record, "p", "false_alarm").map((one) => one.number)).toEqual([4, 5]);
    expect(partsBehind(record, "nobody", "within")).toEqual([]);
  });
});
