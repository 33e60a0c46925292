import { describe, expect, it } from "vitest";
import { labelErrors } from "../../../../tests/fixtures/label-errors";
import { tickets } from "../../../../tests/fixtures/tickets";
import { waiting } from "./decisions";

const nothing = {
  alarms: undefined,
  tickets: undefined,
  batches: undefined,
  certifications: undefined,
  kinds: undefined,
};

const alarm = (state: string) => ({ state }) as never;

describe("what waits for a decision", () => {
  it("names only what is open, what holds somebody's work first", () => {
    expect(waiting(nothing)).toEqual([]);
    const found = waiting({
      ...nothing,
      tickets,
      alarms: [alarm("open"), alarm("upheld")],
      kinds: labelErrors.kinds,
    });
    expect(found.map((line) => [line.words, line.at, line.urgent])).toEqual([
      ["1 alarm", "monitoring", true],
      ["1 ticket about the guideline", "tickets", false],
      ["2 doubts about accepted labels", "label-errors", false],
    ]);
  });

  it("counts an alarm that somebody answered until it is decided", () => {
    const words = (...states: string[]) =>
      waiting({ ...nothing, alarms: states.map(alarm) }).map((line) => line.words);
    expect(words("appealed")).toEqual(["1 alarm"]);
    expect(words("open", "appealed", "dismissed", "upheld")).toEqual(["2 alarms"]);
    expect(words("dismissed", "upheld")).toEqual([]);
  });
});
