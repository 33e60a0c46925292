import { describe, expect, it } from "vitest";
import { askedBetween, dayBefore } from "./range";

describe("the range of a breach report", () => {
  it("takes two moments in the reader's zone", () => {
    const asked = askedBetween("2026-11-25T10:00", "2026-11-26T10:30");
    expect(asked).not.toBeNull();
    expect((asked?.to ?? 0) - (asked?.from ?? 0)).toBe(24.5 * 3600 * 1e6);
  });
  it("refuses what is no range", () => {
    expect(askedBetween("2026-11-26T10:00", "2026-11-26T10:00")).toBeNull();
    expect(askedBetween("2026-11-27T10:00", "2026-11-26T10:00")).toBeNull();
    expect(askedBetween("", "2026-11-26T10:00")).toBeNull();
  });
  it("offers the last day, the running minute in it", () => {
    const now = new Date("2026-11-26T10:30:40").getTime();
    expect([dayBefore(now), dayBefore(now, 0)]).toEqual(["2026-11-25T10:31", "2026-11-26T10:31"]);
    const asked = askedBetween(dayBefore(now), dayBefore(now, 0));
    expect(asked && asked.to > now * 1000).toBe(true);
  });
});
