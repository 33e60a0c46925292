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

describe("what waits for a decision", () => {
  it("names only what is open, what holds somebody's work first", () => {
    expect(waiting(nothing)).toEqual([]);
    const alarm = { state: "open" } as never;
    const found = waiting({
      ...nothing,
      tickets,
      alarms: [alarm, { state: "upheld" } as never],
      kinds: labelErrors.kinds,
    });
    expect(found.map((line) => [line.words, line.at, line.urgent])).toEqual([
      ["1 alarm", "monitoring", true],
      ["1 ticket about the guideline", "tickets", false],
      ["2 doubts about accepted labels", "label-errors", false],
    ]);
  });
});
