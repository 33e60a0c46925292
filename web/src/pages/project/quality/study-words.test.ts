import { expect, it } from "vitest";
import { kappaWords, quotaWords, rateWords, studyStanding } from "./study-words";

it("says rates with their interval and kappas with their word", () => {
  const rate = { part: 41, of: 50, share: 0.82, low: 0.6856, high: 0.9142 };
  expect(rateWords(rate)).toBe("82.0 % (41 of 50), 68.6 to 91.4 %");
  expect(rateWords(null)).toBe("–");
  const kappa = { of: 150, value: 0.8629, low: 0.7763, high: 0.9496, word: "good" };
  expect(kappaWords(kappa)).toBe("0.863, good (0.776 to 0.950)");
  expect(kappaWords({ ...kappa, low: null, high: null })).toBe("0.863, good");
  expect(kappaWords(undefined)).toBe("–");
});

it("says where the quota of borderline parts is not met", () => {
  expect(quotaWords(50, 20)).toBe("20 of 50 are borderline (40.0 %; 30 to 50 % are asked for)");
  expect(quotaWords(50, 5)).toContain("which is not met");
  expect(quotaWords(0, 0)).toBe("no part chosen");
});

it("knows every state", () => {
  const words = ["frozen", "judging", "ended", "issued", "void"].map(
    (state) => studyStanding({ state, stop: null }).word,
  );
  expect(new Set(words).size).toBe(5);
});
