import { describe, expect, it } from "vitest";
import type { Compared } from "@/api/vendors";
import { apartWords, countedWords, timeWords } from "./words";

const share = (value: number, low: number, high: number) => ({ value, low, high });
const pair = (over: Partial<Compared>): Compared => ({
  first: "x",
  second: "y",
  shared: 600,
  difference: share(-0.03, -0.048, -0.012),
  apart: true,
  items_needed: 588,
  ...over,
});

describe("figures of vendors in words", () => {
  it("say of how many they are", () => {
    expect(countedWords({ count: 18, of: 900, share: share(0.02, 0.0119, 0.0314) })).toBe(
      "18 of 900: 2.0 % (1.2 to 3.1)",
    );
    expect(countedWords({ count: 0, of: 0, share: null })).toBe("none yet");
    expect(timeWords(share(180, 120, 300))).toBe("3 min (2 min to 5 min)");
    expect(timeWords(null)).toBe("–");
  });

  it("say who errs more, or what it would take to know", () => {
    const named = (id: string) => `Vendor ${id.toUpperCase()}`;
    expect(apartWords(pair({}), named)).toContain("Vendor Y errs more often");
    const alike = { apart: false, difference: share(-0.03, -0.08, 0.02) };
    expect(apartWords(pair(alike), named)).toContain("588 items of each");
    expect(apartWords(pair({ ...alike, items_needed: null }), named)).toContain("alike");
    expect(apartWords(pair({ difference: null, apart: false }), named)).toContain("accepted yet");
  });
});
