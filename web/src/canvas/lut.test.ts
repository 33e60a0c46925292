import { describe, expect, it } from "vitest";
import { DIFFERENCE_FLOOR, differenceHeat } from "./difference";
import { autoWindow, buildLut, decodeSlice, dragWindow, probe, renderSlice, type Slice } from "./lut";
import { presetsFor } from "./presets";
import { LruCache, preloadOrder, SliceStore } from "./slices";
import { directionLetters } from "./space";

const ct = (values: number[], columns = values.length): Slice => ({
  rows: values.length / columns,
  columns,
  format: "i16",
  slope: 1,
  intercept: -1024,
  photometric: "MONOCHROME2",
  data: Int16Array.from(values),
});

describe("window and level", () => {
  it("follows the linear function of the standard", () => {
    // Example of PS3.3 C.11.2.1.2.1: centre 2048, width 4096 maps 0 to 0, 2048 to 128 (rounded), 4095 to 255.
    const lut = buildLut(
      { format: "u16", slope: 1, intercept: 0, photometric: "MONOCHROME2" },
      { center: 2048, width: 4096 },
      false,
    );
    expect([lut[0], lut[2048], lut[4095], lut[65_535]]).toEqual([0, 128, 255, 255]);
    // Centre 2048, width 1: a threshold, output 0 up to 2047.5.
    const hard = buildLut(
      { format: "u16", slope: 1, intercept: 0, photometric: "MONOCHROME2" },
      { center: 2048, width: 1 },
      false,
    );
    expect([hard[2047], hard[2048]]).toEqual([0, 255]);
  });

  it("applies slope and intercept before the window", () => {
    const lut = buildLut(ct([0]), { center: 40, width: 400 }, false);
    const at = (stored: number) => lut[stored + 32_768];
    expect(at(1024 - 200)).toBe(0);
    expect(at(1024 + 300)).toBe(255);
    expect(at(1024 + 40)).toBe(128);
  });

  it("turns MONOCHROME1 round, and inversion turns it back", () => {
    const one = { format: "u8" as const, slope: 1, intercept: 0, photometric: "MONOCHROME1" };
    const window = { center: 128, width: 256 };
    expect(buildLut(one, window, false)[0]).toBe(255);
    expect(buildLut(one, window, true)[0]).toBe(0);
  });

  it("writes opaque grey and colour", () => {
    const slice = ct([1024 - 1000, 1024 + 40, 1024 + 1000, 1024], 2);
    const out = new Uint8ClampedArray(16);
    renderSlice(slice, buildLut(slice, { center: 40, width: 400 }, false), out);
    expect([...out.slice(0, 12)]).toEqual([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
    const rgb: Slice = { ...ct([0]), format: "rgb8", data: Uint8Array.from([9, 8, 7]) };
    const pixel = new Uint8ClampedArray(4);
    renderSlice(rgb, new Uint8Array(0), pixel);
    expect([...pixel]).toEqual([9, 8, 7, 255]);
  });

  it("probes rescaled values, and nothing outside", () => {
    const slice = ct([1024, 1064, 24, 0], 2);
    expect(probe(slice, 1.9, 0.1)).toBe(40);
    expect(probe(slice, 0.5, 1.5)).toBe(-1000);
    expect(probe(slice, 2, 0)).toBeNull();
    expect(probe(slice, -0.1, 0)).toBeNull();
  });

  it("drags: right is wider, down is a higher level, never below width 1", () => {
    const start = { center: 40, width: 400 };
    expect(dragWindow(start, 100, 0)).toEqual({ center: 40, width: 600 });
    expect(dragWindow(start, 0, 50)).toEqual({ center: 140, width: 400 });
    expect(dragWindow(start, -10_000, 0).width).toBe(1);
  });

  it("has the five CT presets and relative ones elsewhere", () => {
    expect(presetsFor("CT", start).map((p) => [p.width, p.center])).toEqual([
      [400, 40],
      [1500, -600],
      [150, 90],
      [2500, 480],
      [80, 40],
    ]);
    expect(presetsFor("MR", { center: 500, width: 800 })[0]).toMatchObject({ center: 500, width: 800 });
  });
  const start = { center: 0, width: 1 };

  it("takes a window from the image when there is none", () => {
    const values = Array.from({ length: 1000 }, (_, i) => i + 1024);
    const window = autoWindow(ct(values));
    expect(window.center).toBeCloseTo(500, -1);
    expect(window.width).toBeCloseTo(980, -1);
    expect(autoWindow(ct([5, 5, 5, 5])).width).toBe(1);
  });
});

describe("slices on the wire", () => {
  const headers = (over: Record<string, string | null> = {}) => {
    const all: Record<string, string | null> = {
      "X-Countersign-Rows": "2",
      "X-Countersign-Columns": "3",
      "X-Countersign-Format": "i16",
      "X-Countersign-Slope": "1",
      "X-Countersign-Intercept": "-1024",
      "X-Countersign-Photometric": "MONOCHROME2",
      ...over,
    };
    return (name: string) => all[name] ?? null;
  };

  it("are read by their headers", () => {
    const body = new Int16Array([1, -2, 3, 4, 5, 6]).buffer;
    expect(decodeSlice(headers(), body)).toMatchObject({ rows: 2, columns: 3, intercept: -1024 });
    expect(decodeSlice(headers(), body).data[1]).toBe(-2);
  });

  it.each([
    [{ "X-Countersign-Rows": null }, 12, "X-Countersign-Rows"],
    [{ "X-Countersign-Rows": "99999" }, 12, "X-Countersign-Rows"],
    [{ "X-Countersign-Columns": "2.5" }, 12, "X-Countersign-Columns"],
    [{ "X-Countersign-Format": "f64" }, 12, "X-Countersign-Format"],
    [{ "X-Countersign-Slope": "NaN" }, 12, "X-Countersign-Slope"],
    [{}, 11, "body"],
    [{ "X-Countersign-Format": "rgb8" }, 12, "body"],
  ])("are refused by place: %j with %i bytes", (over, bytes, place) => {
    expect(() => decodeSlice(headers(over), new ArrayBuffer(bytes))).toThrowError(
      expect.objectContaining({ place }),
    );
  });
});

describe("slice store", () => {
  it("forgets what was used longest ago and stays within its budget", () => {
    const cache = new LruCache<string>(10);
    cache.set(1, "a", 4);
    cache.set(2, "b", 4);
    cache.get(1);
    cache.set(3, "c", 4);
    expect([cache.has(1), cache.has(2), cache.has(3), cache.bytes]).toEqual([true, false, true, 8]);
    cache.set(4, "large", 50);
    expect([cache.has(1), cache.has(4), cache.bytes]).toEqual([false, true, 50]);
  });

  it("fetches ahead in the direction of scrolling first", () => {
    expect(preloadOrder(5, 1, 20).slice(0, 4)).toEqual([6, 4, 7, 3]);
    expect(preloadOrder(0, -1, 3)).toEqual([1, 2]);
  });

  it("asks for each slice once, the wanted one before its neighbours", async () => {
    const asked: number[] = [];
    const store = new SliceStore(5, async (index) => {
      asked.push(index);
      return ct([index]);
    });
    await Promise.all([store.get(2), store.get(2)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked[0]).toBe(2);
    expect([...asked].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(store.peek(4)?.data[0]).toBe(4);
  });

  it("tries again after a failure", async () => {
    let fail = true;
    const store = new SliceStore(1, async () => {
      if (fail) throw new Error("gone");
      return ct([1]);
    });
    await expect(store.get(0)).rejects.toThrow("gone");
    fail = false;
    expect((await store.get(0)).data[0]).toBe(1);
  });
});

describe("orientation and difference", () => {
  it("names directions in patient space", () => {
    expect(directionLetters([1, 0, 0])).toBe("L");
    expect(directionLetters([0, -1, 0])).toBe("A");
    expect(directionLetters([0, 0, -1])).toBe("F");
    expect(directionLetters([0.7, 0.7, 0])).toHaveLength(2);
    expect(directionLetters([-0.3, 0.95, 0])).toBe("PR");
  });

  it("is dark where the pictures agree, orange where the test is brighter, blue where it is darker", () => {
    const grey = (v: number) => [v, v, v, 255];
    const test = Uint8ClampedArray.from([...grey(100), ...grey(220), ...grey(20)]);
    const template = Uint8ClampedArray.from([...grey(100 + DIFFERENCE_FLOOR), ...grey(20), ...grey(220)]);
    const out = new Uint8ClampedArray(12);
    differenceHeat(test, template, out);
    expect([...out.slice(0, 3)]).toEqual([30, 30, 30]);
    expect(out[4]).toBeGreaterThan(out[6] as number);
    expect(out[8]).toBeLessThan(out[10] as number);
  });
});
