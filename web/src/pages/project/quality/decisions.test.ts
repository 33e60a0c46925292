import { describe, expect, it } from "vitest";
import { labelErrors } from "../../../../tests/fixtures/label-errors";
import { tickets } from "../../../../tests/fixtures/tickets";
import { waiting } from "./decisions";

const nothing = {
  alarms: undefined,
  tickets: undefined,
  batches: undefined,
  suppliers: undefined,
  appeals: undefined,
  studies: undefined,
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
    expect(words("appealed")).toEqual(["1 alarm, 1 of them appealed against"]);
    expect(words("open", "appealed", "dismissed", "upheld")).toEqual([
      "2 alarms, 1 of them appealed against",
    ]);
    expect(words("open", "open")).toEqual(["2 alarms"]);
    expect(words("dismissed", "upheld")).toEqual([]);
  });

  it("names batches that are not decided and suppliers of whom none are taken", () => {
    const batch = (state: string) => ({ state }) as never;
    const supplier = (inspection: string) => ({ inspection }) as never;
    const found = waiting({
      ...nothing,
      batches: ["frozen", "inspecting", "accepted", "returned"].map(batch),
      suppliers: ["normal", "discontinued", "tightened"].map(supplier),
    });
    expect(found.map((line) => [line.words, line.at, line.urgent])).toEqual([
      ["2 batches to be accepted or returned", "batches", true],
      ["inspection discontinued: batches of 1 supplier are not taken", "batches", true],
    ]);
  });

  it("names appeals that the caller may decide, and studies that are over and unsigned", () => {
    const found = waiting({
      ...nothing,
      appeals: [{ may_decide: true }, { may_decide: false }] as never,
      studies: ["judging", "ended", "issued", "void"].map((state) => ({ state })) as never,
    });
    expect(found.map((line) => [line.words, line.at])).toEqual([
      ["1 appeal against a review", "appeals"],
      ["1 study of people's eyes to be signed: nothing follows for anybody before", "studies"],
    ]);
  });
});
