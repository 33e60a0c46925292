import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ImagePane } from "./image-pane";
import { ViewPane } from "./view-pane";

let frames: (() => void)[] = [];

beforeEach(() => {
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => {
    if (id > 0) frames[id - 1] = () => {};
  });
});
afterEach(() => vi.unstubAllGlobals());

/** A picture that was closed: drawing it is what a browser refuses. */
const closed = {
  width: 8,
  height: 8,
  draw: () => {
    throw new Error("the image source is detached");
  },
};

it.each([
  [
    "a view",
    (at: HTMLElement) =>
      new ViewPane(at, "x", { scroll() {}, decorate() {}, window: { get: () => null, set() {} } }),
  ],
  ["a picture", (at: HTMLElement) => new ImagePane(at, "x")],
])("%s that was left draws nothing any more, whatever asks it to", (_name, make) => {
  const pane = make(document.createElement("div"));
  pane.setImage(closed);
  pane.destroy();
  pane.setImage(closed);
  pane.viewport.panBy(1, 1);
  expect(() => {
    for (const run of frames) run();
  }).not.toThrow();
});
