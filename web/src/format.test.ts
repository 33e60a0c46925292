import { describe, expect, it } from "vitest";
import { ago, bytes, count, duration, measure, percent, plural, shortHash, time, title, utc } from "./format";

describe("format", () => {
  it("writes sizes with at most three digits", () => {
    expect([0, 999, 1000, 1240, 99_960, 999_499, 999_500, 34e6, 1.5e12, 5e16].map(bytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "1.2 kB",
      "100 kB",
      "999 kB",
      "1.0 MB",
      "34.0 MB",
      "1.5 TB",
      "50000 TB",
    ]);
    expect(bytes(Number.NaN)).toBe("unknown");
  });

  it("cuts shares down", () => {
    expect([0.29, 0.9509, 0.95996, 1, 0, null].map(percent)).toEqual([
      "29.0 %",
      "95.0 %",
      "95.9 %",
      "100.0 %",
      "0.0 %",
      "–",
    ]);
  });

  it("writes durations", () => {
    expect([0, 59.4, 59.6, 200, 3600, 7500].map(duration)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "3 min 20 s",
      "1 h",
      "2 h 5 min",
    ]);
    expect(duration(Number.POSITIVE_INFINITY)).toBe("unknown");
  });

  it("keeps all six digits of the logged time", () => {
    expect(utc(1_795_392_000_123_456)).toBe("2026-11-23T00:00:00.123456Z");
    expect(utc(0)).toBe("1970-01-01T00:00:00.000000Z");
    expect(utc(-1)).toBe("1969-12-31T23:59:59.999999Z");
  });

  it("tells how long ago", () => {
    const now = 1_800_000_000_000;
    const at = (seconds: number) => ago((now - seconds * 1000) * 1000, now);
    expect([10, 60, 3500, 7200].map(at)).toEqual(["just now", "1 min ago", "58 min ago", "2 h ago"]);
    expect(at(10 * 86_400)).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(ago(null, now)).toBe("–");
  });

  it("writes unknown as unknown, never as zero", () => {
    expect(measure(undefined, "mm")).toBe("–");
    expect(measure(0, "mm")).toBe("0 mm");
    expect(measure(1.2345, "mm")).toBe("1.23 mm");
    expect(time(undefined)).toBe("–");
  });

  it("counts", () => {
    expect(count(1_234_567)).toBe("1,234,567");
    expect(plural(1, "item")).toBe("1 item");
    expect(plural(0, "entry waits", "entries wait")).toBe("0 entries wait");
    expect(title("quality_engineer")).toBe("Quality engineer");
    expect(shortHash("0123456789abcdef0123")).toBe("01234567…ef0123");
  });
});
