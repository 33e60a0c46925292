import type { CuboidShape, Vec3 } from "@/canvas/types";
import { fromYaw } from "./math";

/** Usual sizes (length, width, height, metres) of what roads hold, by words in the id of a class. */
const USUAL: [RegExp, Vec3][] = [
  [/truck|bus|lorry|tram/, [9, 2.5, 3.2]],
  [/van/, [5.2, 2, 2.2]],
  [/car|vehicle/, [4.3, 1.8, 1.55]],
  [/pedestrian|person/, [0.7, 0.7, 1.75]],
  [/cycl|bike|motor/, [1.8, 0.7, 1.7]],
];
const OTHER: Vec3 = [1, 1, 1];

export function usualSize(classId: string): Vec3 {
  return USUAL.find(([pattern]) => pattern.test(classId))?.[1] ?? OTHER;
}

/** A cuboid that stands on the ground at (x, y). */
export function standing(classId: string, x: number, y: number, ground: number, yaw: number): CuboidShape {
  const size = usualSize(classId);
  return { type: "cuboid", center: [x, y, ground + size[2] / 2], size: [...size], rotation: fromYaw(yaw) };
}

/** A cuboid over a rectangle seen from above: two opposite corners, turned by `yaw`. The longer side is the length. */
export function overRectangle(
  a: [number, number],
  b: [number, number],
  yaw: number,
  bottom: number,
  height: number,
): CuboidShape {
  const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const along = Math.abs(dx * c + dy * s);
  const across = Math.abs(-dx * s + dy * c);
  const turned = across > along;
  return {
    type: "cuboid",
    center: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, bottom + height / 2],
    size: turned ? [across, along, height] : [along, across, height],
    rotation: fromYaw(turned ? yaw + Math.PI / 2 : yaw),
  };
}
