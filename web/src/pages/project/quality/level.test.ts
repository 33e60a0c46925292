import { describe, expect, it } from "vitest";
import type { Check } from "@/api/quality";
import { FLOOR, levelData } from "./level";

const check = (number: number, level: number, wrong = false, overturned = false): Check => ({
  number,
  item: `i-${number}`,
  at: 0,
  expected: 0.05,
  level,
  wrong,
  overturned,
});

describe("evidence as columns", () => {
  it("keeps what a logarithm can show, and puts crosses where something was found", () => {
    const checks = [check(4, 0), check(5, 0.2, true), check(6, 3, true, true)];
    expect(levelData(checks)).toEqual([
      [4, 5, 6],
      [FLOOR, 0.2, 1],
      [null, 0.2, null],
      [null, null, 1],
      [1, 1, 1],
    ]);
  });
});
