import { describe, expect, it } from "vitest";
import { durationWords, moneyWords, perHundredWords, shareWords } from "./words";

describe("figures of the tier report", () => {
  it("names the ends of an interval, and says when nothing is known", () => {
    expect(shareWords({ value: 0.125, low: 0.081, high: 0.182 })).toBe("12.5 % (8.1 to 18.2)");
    expect(shareWords(null)).toBe("not known");
  });
  it("says durations in the unit that people say them in", () => {
    expect([40, 180, 9_000, 345_600].map(durationWords)).toEqual(["40 s", "3 min", "2.5 h", "4 days"]);
    expect(durationWords(null)).toBe("–");
  });
  it("says how many of a hundred, which may be more than a hundred", () => {
    expect(perHundredWords({ value: 1.315, low: 1.2, high: 1.441 })).toBe("131.5 (120.0 to 144.1)");
    expect(perHundredWords(null)).toBe("not known");
  });
  it("makes up no price", () => {
    expect(moneyWords(null, "EUR")).toBe("no price");
    expect(moneyWords(1.5, undefined)).toBe("no price");
    expect(moneyWords(1.5, "EUR")).toBe("1.50 EUR");
  });
});
