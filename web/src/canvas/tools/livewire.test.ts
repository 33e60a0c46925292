/** Scissors close along the edge that they showed, not straight across. */
import { expect, it, vi } from "vitest";
import { hand } from "../../../tests/fixtures/bare-hand";
import { type Patch, waysFrom } from "../compute/livewire";
import { polygonArea } from "../geometry";
import { LivewireTool } from "./livewire";

// The worker's answer without a worker.
vi.mock("../compute/client", async (original) => ({
  ...(await original()),
  askWays: (patch: Patch, x: number, y: number) => Promise.resolve(waysFrom(patch, x, y)),
}));

it("a click on the first point closes a disc all the way around", async () => {
  const { width, height } = { width: 64, height: 48 };
  const [x, y, r] = [30, 24, 18];
  const data = new Float32Array(width * height);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      data[row * width + column] = Math.hypot(column + 0.5 - x, row + 0.5 - y) < r ? 200 : 20;
  const { click, shapes } = hand(new LivewireTool(), { width, height, data, min: 20, max: 200 });
  for (const at of [
    [x + r, y],
    [x, y + r],
    [x - r, y],
    [x, y - r],
    [x + r, y],
  ] as [number, number][]) {
    click(at);
    await Promise.resolve();
  }
  const [outline] = shapes();
  if (outline?.type !== "polygon") throw new Error("no polygon");
  // Closed straight across, the last quarter lacks its segment: a tenth of the disc.
  expect(polygonArea(outline.points) / (Math.PI * r ** 2)).toBeGreaterThan(0.96);
  const off = outline.points.map((at) => Math.abs(Math.hypot(at[0] - x, at[1] - y) - r));
  expect(Math.max(...off)).toBeLessThan(2.5);
});
