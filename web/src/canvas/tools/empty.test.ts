/** What encloses nothing is not kept, whichever tool drew it, and the person is told. */
import { describe, expect, it } from "vitest";
import { hand } from "../../../tests/fixtures/bare-hand";
import { NOTES } from "../repair";
import type { Point } from "../types";
import { BoxTool } from "./box";
import { EllipseTool } from "./ellipse";
import { LivewireTool } from "./livewire";
import { PolygonTool } from "./polygon";
import { PolylineTool } from "./polyline";
import { RotatedBoxTool } from "./rotated-box";

describe("shapes that enclose nothing", () => {
  it("a box as thin as a line, and one beside the image", () => {
    for (const [from, to] of [
      [
        [10, 10],
        [40, 10],
      ],
      [
        [70, 10],
        [90, 30],
      ],
    ] as [Point, Point][]) {
      const { said, count, drag } = hand(new BoxTool());
      drag(from, to);
      expect([said, count()]).toEqual([[NOTES.empty], 0]);
    }
  });

  it("an ellipse and a turned box without a second side", () => {
    const oval = hand(new EllipseTool());
    oval.drag([10, 10], [40, 10]);
    expect([oval.said, oval.count()]).toEqual([[NOTES.empty], 0]);
    const turned = hand(new RotatedBoxTool());
    turned.drag([10, 10], [40, 10]);
    turned.click([30, 10]);
    expect([turned.said, turned.count()]).toEqual([[NOTES.empty], 0]);
  });

  it("a polygon of two points, a line of one place, scissors that went nowhere", () => {
    for (const tool of [new PolygonTool(), new LivewireTool()]) {
      const { said, count, click, enter } = hand(tool);
      click([10, 10], [40, 10]);
      enter();
      expect([tool.id, said, count()]).toEqual([tool.id, [NOTES.empty], 0]);
    }
    const line = hand(new PolylineTool());
    line.click([10, 10], [10, 10]);
    line.enter();
    expect([line.said, line.count()]).toEqual([[NOTES.empty], 0]);
  });

  it("nothing is said of the point that closing by a double click leaves behind", () => {
    const { said, count, click, double } = hand(new PolygonTool());
    click([10, 10], [40, 10], [40, 40], [10, 10], [10, 10]);
    double([10, 10]);
    expect([said, count()]).toEqual([[], 1]);
  });
});
