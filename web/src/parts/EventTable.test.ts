import { describe, expect, it } from "vitest";
import type { EvidenceEvent } from "@/api/types";
import { actionWords, reasonWords } from "./EventTable";

const event = (over: Partial<EvidenceEvent>): EvidenceEvent => ({
  id: "e",
  at: 0,
  actor_kind: "person",
  action: "access.refused",
  object_kind: "item",
  outcome: "refused",
  reason: "view_pixels",
  ...over,
});

describe("an event in a list", () => {
  it("says of a refusal what was lacking, of what, and how often", () => {
    expect(actionWords("access.refused")).toBe("Access refused");
    expect(reasonWords(event({ times: 1 }))).toBe("view pixels · item");
    expect(reasonWords(event({ reason: "not_own", object_kind: "task", times: 299 }))).toBe(
      "it is another person's · task · 299 times",
    );
    expect(reasonWords(event({ action: "hold.set", reason: "asked_for" }))).toBe("asked for");
    expect(reasonWords(event({ reason: null }))).toBe("");
  });
});
