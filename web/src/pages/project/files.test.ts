import { describe, expect, it } from "vitest";
import { rowWindow } from "@/parts/useWindowedRows";
import { filesOfInput, Meter, TooManyFiles, totalBytes, UPLOAD_FILES_MAX } from "./files";
import { readFilter } from "./filter";

describe("rate and time left", () => {
  it("is unknown at first, then follows the last seconds only", () => {
    const meter = new Meter();
    meter.add(0, 0);
    expect([meter.rate(), meter.secondsLeft(100)]).toEqual([null, null]);
    meter.add(1000, 1000);
    expect(meter.rate()).toBe(1000);
    expect(meter.secondsLeft(5000)).toBe(4);
    // The line becomes ten times faster; the slow start is forgotten.
    for (let at = 2000; at <= 8000; at += 1000) meter.add(at, 1000 + (at - 1000) * 10);
    expect(meter.rate()).toBe(10_000);
  });
  it("says unknown while nothing moves", () => {
    const meter = new Meter();
    meter.add(0, 500);
    meter.add(3000, 500);
    expect(meter.rate()).toBe(0);
    expect(meter.secondsLeft(1000)).toBeNull();
  });
});

describe("files", () => {
  it("keeps the path inside a chosen folder", () => {
    const loose = new File(["abc"], "a.png");
    const inside = new File(["de"], "b.png");
    Object.defineProperty(inside, "webkitRelativePath", { value: "lot 7/b.png" });
    const files = filesOfInput([loose, inside]);
    expect(files.map((one) => one.name)).toEqual(["a.png", "lot 7/b.png"]);
    expect(totalBytes(files)).toBe(5);
  });
  it("refuses more than the limit", () => {
    const file = new File([], "x");
    expect(() => filesOfInput(Array.from({ length: UPLOAD_FILES_MAX + 1 }, () => file))).toThrow(
      TooManyFiles,
    );
  });
});

describe("filter in the address", () => {
  it("keeps what fits and drops the rest", () => {
    expect(
      readFilter({
        phase: "accepted",
        held: "true",
        q: "  ",
        ctdi_min: "4,5",
        ctdi_max: "many",
        thickness_max: -1,
        lot: 12,
        x: 1,
      }),
    ).toEqual({ phase: "accepted", held: true, ctdi_min: 4.5, lot: "12" });
    expect(readFilter({ phase: "no_such_phase", held: "false" })).toEqual({});
  });
});

describe("windowed rows", () => {
  it("covers what is visible and adds up to the whole height", () => {
    for (const top of [0, 17, 3600, 35_999, 99_999]) {
      const view = rowWindow(top, 600, 36, 1000);
      expect(view.beforePx + (view.to - view.from) * 36 + view.afterPx).toBe(36_000);
      expect(view.to - view.from).toBeLessThanOrEqual(45);
      if (top < 36_000 - 600) {
        expect(view.beforePx).toBeLessThanOrEqual(top);
        expect(view.to * 36).toBeGreaterThanOrEqual(top + 600);
      }
    }
  });
  it("takes a table that became short", () => {
    expect(rowWindow(5000, 600, 36, 3)).toEqual({ from: 0, to: 3, beforePx: 0, afterPx: 0 });
    expect(rowWindow(0, 600, 36, 0)).toEqual({ from: 0, to: 0, beforePx: 0, afterPx: 0 });
  });
});
