import { describe, expect, it } from "vitest";
import { changeWords, countWords } from "./ticket-words";

describe("divided answers", () => {
  it("names the denominator, and says when there is none", () => {
    expect(countWords({ both: 12, either: 80 })).toBe("12 of 80 marks with either answer got both (15.0 %)");
    expect(countWords({ both: 0, either: 0 })).toContain("no mark");
  });
  it("claims a change only where its interval does", () => {
    expect(changeWords({ value: -0.09, low: -0.142, high: -0.021 })).toBe(
      "−9.0 points (−14.2 to −2.1): it helped",
    );
    expect(changeWords({ value: -0.09, low: -0.2, high: 0.01 })).toContain("chance");
    expect(changeWords({ value: 0.1, low: 0.02, high: 0.2 })).toContain("worse");
  });
});
