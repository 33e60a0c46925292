/** Shapes in a few words, for lists. */
import { shapeArea } from "./geometry";
import type { Shape } from "./types";

export function shapeWords(shape: Shape): string {
  switch (shape.type) {
    case "box":
    case "rotated_box":
      return `${shape.w.toFixed(0)}×${shape.h.toFixed(0)}`;
    case "ellipse":
      return `⌀ ${(2 * shape.rx).toFixed(0)}×${(2 * shape.ry).toFixed(0)}`;
    case "polygon": {
      const holes = shape.holes?.length ?? 0;
      return `${shape.points.length} pts${holes > 0 ? `, ${holes} ${holes === 1 ? "hole" : "holes"}` : ""}`;
    }
    case "polyline":
      return `line, ${shape.points.length} pts`;
    case "points":
      return `${shape.points.length} ${shape.points.length === 1 ? "point" : "points"}`;
    case "skeleton":
      return `${shape.joints.filter((joint) => joint.state !== "absent").length} joints`;
    case "mask":
      return `mask, ${shapeArea(shape).toLocaleString("en-GB")} px`;
    case "cuboid":
      return shape.size.map((v) => v.toFixed(1)).join("×");
    default:
      return "whole item";
  }
}
