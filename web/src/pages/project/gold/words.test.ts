import { expect, it } from "vitest";
import type { GoldReport, GoldResult } from "@/api/gold";
import { errorWords, planWords, soonWords } from "./words";

const REPORT: GoldReport = {
  share: 0.05,
  exposures_per_person: 2,
  rest_days: 30,
  exposures_total: 20,
  critical: [],
  gold_reads_to_find: 27,
  reads_to_find: 527,
  gold: [],
  cut: false,
  people: [],
  reads: 0,
  wrong: 0,
};

it("says what the protocol signs, and what it gives", () => {
  expect(planWords(REPORT)).toBe(
    "About 5.0 % of what is read is gold. Nobody meets one item more than 2 times, 30 days apart; after 20 reads it is used up.",
  );
  expect(planWords({ ...REPORT, exposures_per_person: 1 })).toContain("more than 1 time; after");
  expect(soonWords(REPORT)).toBe("about 27 reads of gold, which are 527 of any kind");
  const off = { ...REPORT, share: 0, reads_to_find: null };
  expect(planWords(off)).toContain("names no share");
  expect(soonWords(off)).toBe("about 27 reads of gold");
});

it("counts what differs from the trusted answer", () => {
  const right: GoldResult = {
    gold: "g",
    item: "i",
    item_name: "image 0001",
    copy: "c",
    user: "u",
    printed_name: "Ada",
    wrong: false,
    critical: false,
    missed: 0,
    superfluous: 0,
    differing: 0,
    pairs: [],
    expected: 0.05,
    at: 0,
    taken_back: false,
  };
  expect(errorWords(right)).toBe("right");
  const wrong = { ...right, wrong: true, critical: true, missed: 2, differing: 1 };
  expect(errorWords(wrong)).toBe("2 missed, 1 different, critical");
});
