import { describe, expect, it } from "vitest";
import type { OntologyClass } from "@/api/types";
import { draftOf, EMPTY, gone, operationOf, takes } from "./attribute";

const side = { id: "side", name: "Side", kind: { choice: ["left", "right", "both"] }, required: true };
const one = {
  id: "nodule",
  name: "Nodule",
  color: "#56b4e9",
  shapes: ["box"],
  attributes: [side],
} as OntologyClass;

describe("an attribute that is added or changed", () => {
  it("says what is missing", () => {
    expect(operationOf(EMPTY, one)).toEqual({ missing: "It needs a name." });
    expect(operationOf({ ...EMPTY, name: "Density", choices: "solid" }, one)).toEqual({
      missing: "It needs two choices or more.",
    });
    expect(operationOf({ ...EMPTY, name: "Side", choices: "a\nb" }, one)).toHaveProperty("missing");
    const size = { ...EMPTY, name: "Size", kind: "number" as const, otherwise: "large" };
    expect(operationOf(size, one)).toHaveProperty("missing");
  });

  it("gives a new one its id, kind and what older labels get", () => {
    const draft = { ...EMPTY, name: "Sub solid", kind: "flag" as const, required: true, otherwise: "false" };
    expect(operationOf(draft, one)).toEqual({
      operation: {
        op: "set_attribute",
        class: "nodule",
        attribute: { id: "sub_solid", name: "Sub solid", kind: "flag", required: true },
        rule: { otherwise: false },
      },
    });
  });

  it("says what becomes of choices that are gone", () => {
    const draft = { ...draftOf(side), choices: "left\nright" };
    expect(gone(draft, side)).toEqual(["both"]);
    const mapped = operationOf({ ...draft, becomes: { both: "left" } }, one);
    expect(mapped).toHaveProperty("operation.rule", { values: { both: "left" } });
    // A choice that is none any more maps nothing.
    const nowhere = operationOf({ ...draft, becomes: { both: "middle" } }, one);
    expect(nowhere).toHaveProperty("operation.rule", {});
    expect(gone({ ...draft, kind: "number" }, side)).toEqual(["left", "right", "both"]);
  });

  it("keeps a choice that has a comma", () => {
    const glass = { ...side, kind: { choice: ["ground glass, mixed", "solid"] } };
    const kept = operationOf(draftOf(glass), { ...one, attributes: [glass] });
    expect(kept).toHaveProperty("operation.attribute", glass);
  });

  it("says what an attribute takes", () => {
    expect(takes(side)).toBe("one of left, right, both; must be answered");
    expect(takes({ id: "n", name: "N", kind: "number" })).toBe("a number");
  });
});
