import { describe, expect, it } from "vitest";
import { fill, type Hangable, hang } from "./hanging";
import { type LinkedPane, PaneLink } from "./linked";
import { isFilm, seriesFacts, spacingAt, volumeRefusal } from "./series";
import {
  directionLetters,
  nearestFrame,
  type Plane,
  planeOf,
  referenceLine,
  sharesSpace,
  toImage,
  toPatient,
} from "./space";
import type { Vec3 } from "./types";

const axial = (z: number): Plane => ({
  origin: [-100, -100, z],
  row: [1, 0, 0],
  column: [0, 1, 0],
  dx: 0.5,
  dy: 0.5,
});
const coronal = (y: number): Plane => ({
  origin: [-100, y, 100],
  row: [1, 0, 0],
  column: [0, 0, -1],
  dx: 1,
  dy: 2,
});
const stack = (change: Record<string, unknown> = {}, frames = 5) =>
  seriesFacts({
    kind: "dicom",
    frames: Array.from({ length: frames }, (_, i) => ({ position_mm: -10 + 2 * i })),
    properties: {
      modality: "CT",
      rows: 400,
      columns: 400,
      orientation: [1, 0, 0, 0, 1, 0],
      origin_mm: [-100, -100, -10],
      row_spacing_mm: 0.5,
      column_spacing_mm: 0.5,
      spacing_origin: "patient",
      space: 1,
      ...change,
    },
  });

describe("places in the patient", () => {
  it("follows equation C.7.6.2.1-1 of the standard, whose places are centres of pixels", () => {
    const tilted: Plane = {
      origin: [10, 20, 30],
      row: [0.8, 0.6, 0],
      column: [0, 0, -1],
      dx: 2,
      dy: 3,
    };
    // Column 4, row 5: 10 + 0.8·2·4, 20 + 0.6·2·4, 30 - 3·5.
    const place = toPatient(tilted, [4.5, 5.5]);
    for (const [n, expected] of [16.4, 24.8, 15].entries()) expect(place[n]).toBeCloseTo(expected, 9);
    const back = toImage(tilted, place);
    expect(back.point[0]).toBeCloseTo(4.5, 9);
    expect(back.point[1]).toBeCloseTo(5.5, 9);
    expect(back.distance).toBeCloseTo(0, 9);
  });

  it("names directions in LPS, the strongest axis first", () => {
    expect(directionLetters([1, 0, 0])).toBe("L");
    expect(directionLetters([0, 0, -1])).toBe("F");
    expect(directionLetters([0.6, -0.8, 0])).toBe("AL");
    expect(directionLetters([0.1, 0.99, 0.1])).toBe("P");
  });

  it("draws the line in which another image cuts this one, as far as that image goes", () => {
    const line = referenceLine(axial(40), coronal(-50), { rows: 100, columns: 120 });
    // y = -50 is 100 pixels of 0.5 mm behind -100; the coronal image is 120 mm wide and begins at its outer edge.
    const xs = line?.map(([x]) => x).sort((a, b) => a - b) ?? [];
    expect(xs[0]).toBeCloseTo((-0.5 + 0.25) / 0.5, 9);
    expect(xs[1]).toBeCloseTo((119.5 + 0.25) / 0.5, 9);
    for (const [, y] of line ?? []) expect(y).toBeCloseTo(100.5, 9);
    // It ends at z = 101 - 2·10: no cut above or below.
    expect(referenceLine(axial(40), coronal(-50), { rows: 10, columns: 120 })).toBeNull();
    expect(referenceLine(axial(40), axial(0), { rows: 10, columns: 10 })).toBeNull();
  });

  it("finds the slice nearest to a place", () => {
    const facts = stack();
    expect(nearestFrame(facts, [0, 0, -5.2])).toMatchObject({ index: 2 });
    expect(nearestFrame(facts, [0, 0, 500])).toMatchObject({ index: 4 });
    expect(planeOf(facts, 3)?.origin).toEqual([-100, -100, -4]);
  });
});

describe("what is known of a series", () => {
  it("says why there is no scale instead of guessing one", () => {
    const of = (change: Record<string, unknown>) =>
      stack({
        row_spacing_mm: undefined,
        column_spacing_mm: undefined,
        spacing_origin: "unknown",
        ...change,
      });
    expect(of({}).ruler).toMatch(/no spacing/);
    expect(of({ stack_issues: ["mixed_spacing"] }).ruler).toMatch(/differ in spacing/);
    expect(of({ imager_row_spacing_mm: 0.2, imager_column_spacing_mm: 0.2 }).ruler).toEqual({
      mm: 0.2,
      caveat: "at the detector",
    });
    expect(stack().ruler).toEqual({ mm: 0.5, caveat: "" });
    expect(stack({ spacing_origin: "detector" }).ruler).toMatchObject({ caveat: "at the detector" });
    expect(stack({ row_spacing_mm: -1 }).ruler).toMatch(/no spacing/);
  });

  it("takes the item's spacing only for streams of servers that did not say more", () => {
    const item = { row_spacing_mm: 0.7, column_spacing_mm: 0.7, orientation: [1, 0, 0, 0, 1, 0] };
    const frames = [{ position_mm: 0 }];
    expect(seriesFacts({ kind: "dicom", frames, properties: {} }, item).spacing).toEqual({
      row: 0.7,
      column: 0.7,
    });
    const said = seriesFacts({ kind: "dicom", frames, properties: { spacing_origin: "unknown" } }, item);
    expect([said.spacing, said.orientation]).toEqual([null, undefined]);
  });

  it("refuses directions that are none", () => {
    expect(stack({ orientation: [1, 0, 0, 0.5, 1, 0] }).row).toBeNull();
    expect(stack({ orientation: [1, 0, 0] }).orientation).toBeUndefined();
  });

  it("measures inside the areas of an ultrasound image only", () => {
    const region = {
      left: 10,
      top: 20,
      right: 110,
      bottom: 220,
      row_spacing_mm: 0.25,
      column_spacing_mm: 0.5,
    };
    const facts = stack({
      row_spacing_mm: undefined,
      column_spacing_mm: undefined,
      spacing_origin: "unknown",
      regions: [region],
    });
    expect(spacingAt(facts, 50, 50)).toEqual({ row: 0.25, column: 0.5 });
    expect(spacingAt(facts, 5, 50)).toBeNull();
    expect(facts.ruler).toEqual({ mm: 0.5, caveat: "inside the scan area" });
  });

  it("knows pixels that are not square, and frames that are a film", () => {
    expect(stack({ row_spacing_mm: 1 }).aspect).toBe(2);
    const film = seriesFacts({
      kind: "dicom",
      frames: [{}, {}, {}],
      properties: { spacing_origin: "unknown", pixel_aspect: 1.5, frame_time_ms: 40 },
    });
    expect([film.aspect, film.frameRate, isFilm(film, 3)]).toEqual([1.5, 25, true]);
    expect(isFilm(stack(), 5)).toBe(false);
  });

  it("says why three planes cannot be had", () => {
    expect(volumeRefusal(stack(), 5)).toBeNull();
    expect(volumeRefusal(stack({ stack_issues: ["gantry_tilt"] }), 5)).toMatch(/tilted/);
    expect(volumeRefusal(stack({ orientation: undefined }), 5)).toMatch(/orientation/);
    expect(volumeRefusal(stack({}, 2), 2)).toMatch(/three slices/);
    expect(volumeRefusal(stack({ row_spacing_mm: undefined }), 5)).toMatch(/distance/);
  });

  it("shares no coordinates where none are stated", () => {
    expect(sharesSpace(stack(), stack())).toBe(true);
    expect(sharesSpace(stack(), stack({ space: 2 }))).toBe(false);
    expect(sharesSpace(stack({ space: undefined }), stack({ space: undefined }))).toBe(false);
    const own = stack({ origin_mm: undefined });
    expect([own.space, own.origin, sharesSpace(own, own)]).toEqual([null, [0, 0, -10], true]);
  });
});

describe("views that know of each other", () => {
  const pane = (facts = stack()) => {
    const made: LinkedPane & { at: number } = {
      space: facts,
      color: "#fff",
      at: 0,
      plane: () => planeOf(facts, made.at),
      size: () => ({ rows: facts.rows, columns: facts.columns }),
      goTo: (place: Vec3) => {
        made.at = nearestFrame(facts, place)?.index ?? made.at;
      },
      goBy: (frames: number) => {
        made.at += frames;
      },
      redraw: () => {},
    };
    return made;
  };

  it("scrolls others to the same place in space, not to the same number", () => {
    const link = new PaneLink();
    const [a, b] = [pane(), pane(stack({ origin_mm: [-100, -100, -8] }))];
    for (const one of [a, b]) link.join(one);
    a.at = 3;
    link.scrolled(a, 1);
    expect(b.at).toBe(2);
    link.together = false;
    a.at = 0;
    link.scrolled(a, -3);
    expect(b.at).toBe(2);
  });

  it("goes by frames where coordinates are not shared", () => {
    const link = new PaneLink();
    const [a, b] = [pane(), pane(stack({ space: 2 }))];
    for (const one of [a, b]) link.join(one);
    link.scrolled(a, 2);
    expect(b.at).toBe(2);
  });

  it("points to one place in all views of the same coordinates", () => {
    const link = new PaneLink();
    const [a, b, other] = [pane(), pane(), pane(stack({ space: 2 }))];
    for (const one of [a, b, other]) link.join(one);
    link.point([0, 0, -4], a);
    expect([a.at, b.at, other.at]).toEqual([3, 3, 0]);
    expect(link.pointIn(b)).toEqual([200.5, 200.5]);
    expect(link.pointIn(other)).toBeNull();
  });
});

describe("hanging", () => {
  const entry = (stream: number, change: Record<string, unknown> = {}, frames = 5): Hangable => ({
    stream,
    frames,
    facts: stack(change, frames),
  });

  it("puts cross-sections of the same cut side by side", () => {
    const ct = [entry(0), entry(1), entry(2, { orientation: [1, 0, 0, 0, 0, -1] })];
    expect(hang(ct, 0)).toEqual({ layout: "two", panes: [0, 1] });
    expect(hang([entry(0)], 0)).toEqual({ layout: "one", panes: [0] });
    expect(hang([entry(0), entry(1, { space: 2 })], 0).layout).toBe("one");
  });

  it("hangs four of an MR, four of a mammogram, two of a plain film, one of a film", () => {
    const of = (modality: string, count: number, frames = 5) =>
      Array.from({ length: count }, (_, i) => entry(i, { modality }, frames));
    expect(hang(of("MR", 5), 0)).toEqual({ layout: "four", panes: [0, 1, 2, 3] });
    expect(hang(of("MG", 4, 1), 1)).toEqual({ layout: "four", panes: [1, 0, 2, 3] });
    expect(hang(of("DX", 2, 1), 0).layout).toBe("two");
    expect(hang(of("US", 4), 0)).toEqual({ layout: "one", panes: [0] });
    expect(hang(of("XA", 2), 1)).toEqual({ layout: "one", panes: [1] });
  });

  it("fills a layout with series that are not shown yet", () => {
    const series = [entry(0), entry(1), entry(2)];
    expect(fill("two", [2], series)).toEqual([2, 0]);
    expect(fill("four", [1, 0], series)).toEqual([1, 0, 2]);
    expect(fill("one", [1, 0], series)).toEqual([1]);
  });
});
