import { expect, test } from "vitest";
import { moreWords } from "./Suggestions";

test("a difference says in which direction, at both its ends", () => {
  expect(moreWords({ value: -0.059, low: -0.205, high: 0.043 })).toBe(
    "5.9 points fewer (20.5 points fewer to 4.3 points more)",
  );
  expect(moreWords(null)).toBe("not known");
});
