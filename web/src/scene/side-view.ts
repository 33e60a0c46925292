import type { CuboidShape, Point, Vec3 } from "@/canvas/types";
import { moveFace, toWorld, turn } from "./math";

export type SideName = "top" | "side" | "front";

/**
 * How a view looks at a cuboid, in the cuboid's own axes (0 forward, 1 left, 2 up): `u` goes to the right of the
 * screen, `v` up. `spin` is the axis that points at the viewer, with its sign, so that a drag turns the way it looks.
 */
export interface SideAxes {
  u: 0 | 1 | 2;
  v: 0 | 1 | 2;
  spin: 0 | 1 | 2;
  spinSign: 1 | -1;
}

export const SIDE_AXES: Record<SideName, SideAxes> = {
  top: { u: 0, v: 1, spin: 2, spinSign: 1 },
  // Seen from the right: forward to the right, up is up, the viewer stands at minus left.
  side: { u: 0, v: 2, spin: 1, spinSign: -1 },
  // Seen from the front: the cuboid's left lies to the right.
  front: { u: 1, v: 2, spin: 0, spinSign: 1 },
};

/** What of a cuboid is gripped: inside, the turning knob, or a side or corner by its direction in u and v. */
export type Grip = { kind: "move" } | { kind: "turn" } | { kind: "resize"; su: -1 | 0 | 1; sv: -1 | 0 | 1 };

/** Reach around edges and knobs, screen pixels. */
const REACH_PX = 8;
/** Distance of the turning knob from the right edge of the cuboid, screen pixels. */
export const KNOB_PX = 22;
/** Room around the cuboid, metres. */
const MARGIN_M = 1.2;

/** Window of a side view: metres from the cuboid's centre, and pixels. */
export interface SideWindow {
  width: number;
  height: number;
  /** Screen pixels per metre. */
  scale: number;
}

/** Magnification at which the cuboid and some room around it fill the view. */
export function fitScale(
  box: CuboidShape,
  axes: SideAxes,
  width: number,
  height: number,
  zoom: number,
): number {
  const u = box.size[axes.u] + 2 * MARGIN_M;
  const v = box.size[axes.v] + 2 * MARGIN_M;
  return Math.min(width / u, height / v) * zoom;
}

export function toScreen(window: SideWindow, u: number, v: number): Point {
  return [window.width / 2 + u * window.scale, window.height / 2 - v * window.scale];
}

export function toPlane(window: SideWindow, [x, y]: Point): [number, number] {
  return [(x - window.width / 2) / window.scale, (window.height / 2 - y) / window.scale];
}

export function gripAt(box: CuboidShape, axes: SideAxes, window: SideWindow, screen: Point): Grip | null {
  const hu = (box.size[axes.u] / 2) * window.scale;
  const hv = (box.size[axes.v] / 2) * window.scale;
  const x = screen[0] - window.width / 2;
  const y = window.height / 2 - screen[1];
  if (Math.hypot(x - hu - KNOB_PX, y) <= REACH_PX) return { kind: "turn" };
  if (Math.abs(x) > hu + REACH_PX || Math.abs(y) > hv + REACH_PX) return null;
  const su = sideAt(x, hu);
  const sv = sideAt(y, hv);
  return su === 0 && sv === 0 ? { kind: "move" } : { kind: "resize", su, sv };
}

/** Which of two parallel sides is within reach. On a small cuboid the inside must stay reachable. */
function sideAt(at: number, half: number): -1 | 0 | 1 {
  const distance = Math.abs(at) - half;
  const inward = Math.min(REACH_PX, Math.max(3, half / 2));
  if (distance > REACH_PX || distance < -inward) return 0;
  return at > 0 ? 1 : -1;
}

/** The cuboid after dragging a grip from one place of the plane to another; both are metres from its centre. */
export function dragged(
  box: CuboidShape,
  axes: SideAxes,
  grip: Grip,
  from: [number, number],
  to: [number, number],
): CuboidShape {
  const du = to[0] - from[0];
  const dv = to[1] - from[1];
  if (grip.kind === "move") {
    const shift: Vec3 = [0, 0, 0];
    shift[axes.u] = du;
    shift[axes.v] = dv;
    return { ...box, center: toWorld(box, shift) };
  }
  if (grip.kind === "turn") {
    const angle = Math.atan2(to[1], to[0]) - Math.atan2(from[1], from[0]);
    return turn(box, axes.spin, angle * axes.spinSign);
  }
  let next = box;
  if (grip.su !== 0) next = moveFace(next, axes.u, grip.su, du * grip.su);
  if (grip.sv !== 0) next = moveFace(next, axes.v, grip.sv, dv * grip.sv);
  return next;
}

export function gripCursor(grip: Grip | null): string {
  if (!grip) return "default";
  if (grip.kind === "move") return "move";
  if (grip.kind === "turn") return "grab";
  if (grip.su === 0) return "ns-resize";
  if (grip.sv === 0) return "ew-resize";
  return grip.su === grip.sv ? "nesw-resize" : "nwse-resize";
}
