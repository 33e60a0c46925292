import { expect, test } from "vitest";
import { behindWords, saidOf } from "./Behind";

test("what is not named and what is not listed is said", () => {
  expect(behindWords({ rows: 1, not_named: 0, beyond: 0 })).toBe("1 entry");
  expect(behindWords({ rows: 12, not_named: 2, beyond: 3 })).toBe(
    "12 entries; 2 of them not named to you: you are still to work on them, judge them blind, or may not open them; 3 more than one list takes",
  );
});

test("an item says what it adds to its figure", () => {
  const item = { item: "i-1", name: "one", phase: "accepted", count: 2, of: 14, seconds: null, at: null };
  expect(saidOf({ ...item, classes: [] })).toBe("2 of 14");
  expect(saidOf({ ...item, classes: ["mass", "nodule"] })).toBe("2 of 14 · mass, nodule");
});
