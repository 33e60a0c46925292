import { describe, expect, it } from "vitest";
import type { ConfusionCell } from "@/api/agreement";
import { cellOf, coefficientWords, distanceWords, NOTHING, namesOf, shade, sharedWords } from "./agreement";

const cells: ConfusionCell[] = [
  { one: "car", other: "car", pairs: 9, examples: [] },
  { one: "car", other: "van", pairs: 2, examples: [] },
  { one: "van", other: null, pairs: 1, examples: [] },
];

describe("agreement", () => {
  it("says a distance in its unit", () => {
    expect(distanceWords({ value: 2.414, low: 1.9, high: 3.02 }, "mm")).toBe("2.41 mm (1.90 to 3.02)");
    expect(distanceWords({ value: 3, low: null, high: null }, "px")).toBe("3.00 px");
  });

  it("says a share in percent, and between which ends it lies where that is known", () => {
    expect(sharedWords(0.871, { low: 0.79, high: 0.934 })).toBe("87.1 % (79.0 to 93.4)");
    expect(sharedWords(1, null)).toBe("100.0 %");
    expect(sharedWords(null, undefined)).toBe("–");
  });

  it("is said with its interval where there is one", () => {
    expect(coefficientWords({ value: 0.5, low: 0.1, high: 0.9 })).toBe("0.500 (0.100 to 0.900)");
    expect(coefficientWords({ value: 1, low: null, high: null })).toBe("1.000");
    expect(coefficientWords(null)).toBe("not known");
  });
  it("finds the cell of two names in either order, and that of nothing", () => {
    expect(namesOf(cells)).toEqual(["car", "van"]);
    expect(cellOf(cells, "van", "car")?.pairs).toBe(2);
    expect(cellOf(cells, "van", NOTHING)?.pairs).toBe(1);
    expect(cellOf(cells, "van", "van")).toBeUndefined();
  });
  it("colours by how much of the largest a cell holds", () => {
    expect([1, 5, 9].map((pairs) => shade(pairs, 9))).toEqual(["low", "middle", "high"]);
  });
});
