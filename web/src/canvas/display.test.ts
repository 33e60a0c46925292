import { describe, expect, it } from "vitest";
import { Cine, cineNext, cineRate } from "./cine";
import { lengthWords } from "./decorations";
import { bitAt, displayOf, paintPlane } from "./display";
import { tilesOf } from "./gpu";
import { buildLut, decodeSlice, share, tableShare } from "./lut";
import { presetsFor } from "./presets";
import { WheelSteps } from "./wheel";

describe("what lies over a frame", () => {
  const answer = {
    overlays: [
      // Nine bits: 1 0 1 / 0 0 1 / 0 1 1.
      { group: 0x6000, rows: 3, columns: 3, top: 1, left: -2, region: true, bits: btoa("\xA5\x01") },
      { group: 0x6002, rows: 100, columns: 100, top: 0, left: 0, region: false, bits: btoa("\x00") },
    ],
    shutters: [{ kind: "circle" as const, x: 5, y: 6, radius: 7 }],
    shutter_value: 65_535,
    voi_table: { first: -10, bits: 8, values: [0, 128, 255] },
  };

  it("reads planes bit by bit and leaves out one with too few", () => {
    const display = displayOf(answer);
    expect(display.overlays).toHaveLength(1);
    const plane = display.overlays[0] as (typeof display.overlays)[number];
    const rows = [0, 1, 2].map((y) => [0, 1, 2].map((x) => Number(bitAt(plane, y, x))));
    expect(rows).toEqual([
      [1, 0, 1],
      [0, 0, 1],
      [0, 1, 1],
    ]);
    const out = new Uint8ClampedArray(36);
    paintPlane(plane, [1, 2, 3, 4], out);
    expect([...out.subarray(0, 12)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4]);
    expect([display.shutterGray, display.shutters[0]?.kind]).toEqual([255, "circle"]);
  });

  it("shades by the table of the file", () => {
    const { table } = displayOf(answer);
    if (!table) throw new Error("the table is gone");
    expect([-50, -10, -9, -8, 50].map((x) => tableShare(x, table) * 255)).toEqual([0, 0, 128, 255, 255]);
    const slice = { format: "u8" as const, slope: 1, intercept: -10, photometric: "MONOCHROME2" };
    const lut = buildLut(slice, { center: 0, width: 1 }, false, table);
    expect([lut[0], lut[1], lut[2], lut[255]]).toEqual([0, 128, 255, 255]);
  });

  it("follows the other curves of the standard", () => {
    const window = { center: 100, width: 50 };
    expect([75, 100, 125].map((x) => share(x, window, "LINEAR_EXACT"))).toEqual([0, 0.5, 1]);
    // 1 / (1 + e^2) and its complement.
    expect(share(75, window, "SIGMOID")).toBeCloseTo(0.119_203, 6);
    expect(share(125, window, "SIGMOID")).toBeCloseTo(0.880_797, 6);
  });

  it("reads unit, window and curve from the headers", () => {
    const headers: Record<string, string> = {
      "X-Countersign-Rows": "1",
      "X-Countersign-Columns": "2",
      "X-Countersign-Format": "u8",
      "X-Countersign-Unit": "BQML",
      "X-Countersign-Window": "12.5,40",
      "X-Countersign-Curve": "SIGMOID",
      "X-Countersign-Extras": "yes",
    };
    const slice = decodeSlice((name) => headers[name] ?? null, new ArrayBuffer(2));
    expect(slice).toMatchObject({
      unit: "BQML",
      window: { center: 12.5, width: 40 },
      curve: "SIGMOID",
      extras: true,
    });
    headers["X-Countersign-Window"] = "1,-4";
    delete headers["X-Countersign-Unit"];
    const plain = decodeSlice((name) => headers[name] ?? null, new ArrayBuffer(2));
    expect([plain.window, plain.unit]).toEqual([undefined, undefined]);
  });
});

describe("presets", () => {
  it("are five for every modality", () => {
    for (const modality of ["CT", "MR", "PT", "NM", "DX", "US", undefined])
      expect(presetsFor(modality, { center: 100, width: 200 })).toHaveLength(5);
  });

  it("begin at nothing for uptake", () => {
    const half = presetsFor("PT", { center: 500, width: 1000 })[2];
    expect(half).toEqual({ name: "0 to 50 %", center: 250, width: 500 });
  });
});

describe("an image larger than a texture", () => {
  it("is cut into parts that cover it once, each with a margin to interpolate from", () => {
    const tiles = tilesOf(10_000, 4097, 4096);
    const area = tiles.reduce((sum, tile) => sum + tile.width * tile.height, 0);
    expect(area).toBe(10_000 * 4097);
    for (const tile of tiles) {
      expect(tile.textureWidth).toBeLessThanOrEqual(4096);
      expect(tile.textureHeight).toBeLessThanOrEqual(4096);
      expect(tile.fromX).toBe(Math.max(0, tile.x - 1));
      expect(tile.fromX + tile.textureWidth).toBe(Math.min(10_000, tile.x + tile.width + 1));
    }
    expect(tilesOf(4096, 4096, 4096)).toHaveLength(1);
  });
});

describe("the wheel", () => {
  const turn = (wheel: WheelSteps, deltaY: number, deltaMode = 0) => wheel.take({ deltaY, deltaMode });

  it("goes one step per notch, however far the notch goes", () => {
    const wheel = new WheelSteps();
    expect([100, 120, -100, 53].map((delta) => turn(wheel, delta))).toEqual([1, 1, -1, 1]);
    expect(turn(wheel, 3, 1)).toBe(1);
  });

  it("adds up what a trackpad sends, and begins anew the other way", () => {
    const wheel = new WheelSteps();
    expect([15, 15, 15, 15].map((delta) => turn(wheel, delta))).toEqual([0, 0, 1, 0]);
    expect(turn(wheel, -20)).toBe(-0);
    expect(turn(wheel, -20)).toBe(-1);
  });
});

describe("a film", () => {
  it("runs at the rate of the file, within what a screen shows", () => {
    expect([cineRate(null), cineRate(25), cineRate(0.2), cineRate(500)]).toEqual([15, 25, 1, 60]);
    expect([cineNext(3, 5), cineNext(4, 5), cineNext(0, 1)]).toEqual([4, 0, 0]);
  });

  it("waits for frames that are not there yet and skips none", () => {
    const callbacks: FrameRequestCallback[] = [];
    const ask = globalThis.requestAnimationFrame;
    globalThis.requestAnimationFrame = (callback) => callbacks.push(callback);
    try {
      let ready = true;
      const shown: number[] = [];
      const film = new Cine({ step: () => ready && shown.push(shown.length) > 0, changed: () => {} }, 10);
      film.play();
      const at = (now: number) => callbacks.shift()?.(now);
      at(1000);
      at(1050);
      at(1101);
      expect(shown).toEqual([0, 1]);
      ready = false;
      at(1300);
      ready = true;
      at(1316);
      expect(shown).toEqual([0, 1, 2]);
      film.pause();
      expect(film.playing).toBe(false);
    } finally {
      globalThis.requestAnimationFrame = ask;
    }
  });
});

describe("a scale bar", () => {
  it("says lengths in the unit that people use", () => {
    expect([50, 5, 0.5, 0.02].map(lengthWords)).toEqual(["5 cm", "5 mm", "500 µm", "20 µm"]);
  });
});
