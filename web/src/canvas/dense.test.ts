import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DENSE_MOVE_FROM, DenseView } from "./dense";
import { Viewport } from "./viewport";

const STEPS = 10;
/** What one step of drawing takes by the clock of these tests, milliseconds. */
const STEP_MS = 3;

let clock = 0;
let frames: (() => void)[] = [];
let copies = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  [clock, frames, copies] = [0, [], 0];
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => {
    if (id > 0) frames[id - 1] = () => {};
  });
  const context = { setTransform() {}, clearRect() {}, drawImage: () => (copies += 1) };
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function view(count: number) {
  const canvas = document.createElement("canvas");
  const viewport = new Viewport();
  viewport.resize(800, 600);
  const taken: number[] = [];
  function* steps(): Generator<void, number> {
    const run = taken.push(0) - 1;
    for (let step = 0; step < STEPS; step += 1) {
      taken[run] = step + 1;
      clock += STEP_MS;
      yield;
    }
    return count;
  }
  const dense = new DenseView(canvas, viewport, steps, () => clock);
  dense.painted(count);
  return { canvas, viewport, dense, taken };
}

const nextFrame = () => {
  for (const run of frames.splice(0)) run();
};

describe("thousands of marks under a hand", () => {
  it("move with the picture at once, and are drawn sharp over several frames when it rests", () => {
    const { canvas, viewport, dense, taken } = view(DENSE_MOVE_FROM);
    viewport.panBy(10, 5);
    expect(dense.follow()).toBe(true);
    expect(canvas.style.transform).toContain("matrix(1, 0, 0, 1, 10, 5)");
    expect(taken).toEqual([]);
    vi.advanceTimersByTime(200);
    // One frame holds no more than fits into its share.
    expect(taken[0]).toBeGreaterThan(0);
    expect(taken[0]).toBeLessThan(STEPS / 2);
    expect(copies).toBe(0);
    let waited = 0;
    while (copies === 0 && waited < STEPS) {
      expect(canvas.style.transform).not.toBe("");
      nextFrame();
      waited += 1;
    }
    expect(taken).toEqual([STEPS]);
    expect(waited).toBeGreaterThan(1);
    expect(copies).toBe(1);
    expect(canvas.style.transform).toBe("");
  });

  it("are left alone by a drawing that the hand overtook", () => {
    const { canvas, viewport, dense, taken } = view(DENSE_MOVE_FROM);
    viewport.panBy(10, 5);
    dense.follow();
    vi.advanceTimersByTime(200);
    const begun = taken[0];
    viewport.panBy(10, 5);
    dense.follow();
    nextFrame();
    expect(taken).toEqual([begun]);
    expect(copies).toBe(0);
    expect(canvas.style.transform).toContain("20, 10)");
    vi.advanceTimersByTime(200);
    for (let i = 0; i < STEPS; i += 1) nextFrame();
    expect(taken).toEqual([begun, STEPS]);
    expect(copies).toBe(1);
  });

  it("are simply drawn anew where they are few", () => {
    const { viewport, dense } = view(DENSE_MOVE_FROM - 1);
    viewport.panBy(10, 5);
    expect(dense.follow()).toBe(false);
  });
});
