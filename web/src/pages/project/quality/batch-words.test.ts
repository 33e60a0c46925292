import { describe, expect, it, vi } from "vitest";
import { batches, curve, scheme } from "../../../../tests/fixtures/batches";
import { dayMicros } from "./BatchForm";
import { batchStanding, curveWords, planWords, progressWords, schemeWords, tallyWords } from "./batch-words";
import { acceptAt } from "./PlanCurve";
import { STARTS } from "./PlanFields";

describe("batches in words", () => {
  it("says what each kind of plan does", () => {
    expect(planWords({ kind: "single", sample: 20, accept: 1 })).toBe(
      "20 items inspected; accepted with at most 1 defective",
    );
    expect(planWords(STARTS.double)).toContain("with at most 3 of all 26");
    expect(planWords(STARTS.sequential)).toContain("until 2 % defective is told from 15 %");
  });

  it("names the denominator of every number", () => {
    expect(curveWords(curve)).toBe(
      "accepted at least 95 times of 100 with up to 7 of 400 defective; at most 10 times of 100 from 72 of 400 on",
    );
    expect(curveWords({ ...curve, bad: null })).toContain("never returned");
    expect(curveWords({ ...curve, good: null })).toContain("not even a batch without a defective item");
    const [open] = batches.batches;
    if (!open) throw new Error("no batch in the fixture");
    expect(progressWords(open)).toBe("1 defective of 8 inspected, at most 20 of 400 are");
    const tally = batches.suppliers[0];
    expect(tally && tallyWords(tally.first_pass)).toBe(
      "1 of 2 batches accepted; 2 of 32 inspected items defective",
    );
    expect(tally && tallyWords(tally.rework)).toBe("none decided");
  });

  it("says what the long run is, and between which plans it switches", () => {
    expect(schemeWords(scheme)).toContain(
      "Tightened: 20 items inspected; accepted with at most 0 defective.",
    );
    expect(schemeWords(scheme)).not.toContain("Reduced:");
    expect(schemeWords({ ...scheme, steady: true })).toContain("Reduced: 8 items inspected");
  });

  it("tells a withdrawn batch from one that an erasure made void", () => {
    const [open] = batches.batches;
    if (!open) throw new Error("no batch in the fixture");
    expect(batchStanding({ ...open, state: "void", reason: "wrong items" }).word).toBe("Withdrawn");
    expect(batchStanding({ ...open, state: "void" }).word).toContain("erased");
    expect(batchStanding({ ...open, state: "frozen" }).word).toContain("draw");
  });

  it("marks where a plan turns on the line that is drawn", () => {
    const points = [0, 1, 3].map((wrong) => ({
      wrong,
      share: wrong / 4,
      accept: 1 - wrong / 4,
      checked: 2,
      outgoing: 0,
    }));
    const drawn = { units: 4, points, good: 0, bad: 2 };
    expect([0, 1, 2, 3, 4].map((wrong) => acceptAt(drawn, wrong))).toEqual([1, 0.75, 0.5, 0.25, 0.25]);
  });

  it("takes days from their midnight to the next", () => {
    const [from, until] = [dayMicros("2026-11-23", 0), dayMicros("2026-11-23", 1)];
    expect((until ?? 0) - (from ?? 0)).toBe(86_400_000_000);
    expect(dayMicros("", 0)).toBeNull();
    expect(dayMicros("", 1)).toBeNull();
  });

  it("takes days on which clocks change whole", () => {
    vi.stubEnv("TZ", "Europe/Berlin");
    const hours = (day: string) => ((dayMicros(day, 1) ?? 0) - (dayMicros(day, 0) ?? 0)) / 3_600_000_000;
    expect(["2026-03-28", "2026-03-29", "2026-10-25"].map(hours)).toEqual([24, 23, 25]);
    vi.unstubAllEnvs();
  });
});
