import { describe, expect, it } from "vitest";
import type { CuboidShape, Vec3 } from "@/canvas/types";
import {
  type Calibration,
  NEAR_M,
  parseCalibration,
  project,
  projectCuboid,
  projectedBounds,
  projectLine,
} from "./camera";
import { colorize, lowLevel } from "./colors";
import {
  alongAxis,
  aroundAxis,
  corners,
  countInside,
  fromYaw,
  groundLevel,
  moveFace,
  multiply,
  rayHit,
  rayLevel,
  rotate,
  SIDE_MIN_M,
  toLocal,
  toWorld,
  turn,
  yawOf,
} from "./math";
import { Orbit } from "./orbit";
import { dragged, fitScale, gripAt, SIDE_AXES, toPlane, toScreen } from "./side-view";
import { overRectangle, standing, usualSize } from "./sizes";
import { decodeCloud, WireError } from "./wire";

const box = (over: Partial<CuboidShape> = {}): CuboidShape => ({
  type: "cuboid",
  center: [10, 2, 1],
  size: [4, 2, 1.5],
  rotation: fromYaw(0),
  ...over,
});
const close = (a: readonly number[], b: readonly number[]) => {
  expect(a).toHaveLength(b.length);
  a.forEach((value, i) => {
    expect(value).toBeCloseTo(b[i] as number, 5);
  });
};

/** The two points of the encoder's own reference test. */
function reference(): ArrayBuffer {
  const bytes = new Uint8Array(56 + 14);
  const view = new DataView(bytes.buffer);
  bytes.set([67, 83, 80, 67, 1, 0, 56, 0]);
  view.setUint32(8, 2, true);
  view.setUint32(16, 3, true);
  view.setFloat64(24, 0.01, true);
  view.setFloat64(32, 10, true);
  bytes.set([200, 1, 0, 0, 3, 253, 0, 255, 0, 0, 0, 0, 128, 64], 56);
  return bytes.buffer;
}

describe("wire format", () => {
  it("reads the reference bytes: differences, zigzag and wrapping included", () => {
    const cloud = decodeCloud(reference());
    expect(cloud).toMatchObject({ count: 2, origin: [10, 0, 0], dropped: 3, clamped: 0 });
    close([...cloud.positions], [1, -0.02, 0, 0.99, Math.fround(327.67), 0]);
    expect([...cloud.intensity]).toEqual([128, 64]);
  });

  it.each([
    ["magic", (v: DataView) => v.setUint8(0, 0), 0],
    ["version", (v: DataView) => v.setUint16(4, 2, true), 4],
    ["header", (v: DataView) => v.setUint16(6, 64, true), 6],
    ["count over the limit", (v: DataView) => v.setUint32(8, 0xffffffff, true), 8],
    ["count over the bytes", (v: DataView) => v.setUint32(8, 3, true), 70],
    ["scale", (v: DataView) => v.setFloat64(24, 0, true), 24],
    ["origin", (v: DataView) => v.setFloat64(40, Number.NaN, true), 40],
  ])("names the byte when the %s is off", (_what, spoil, offset) => {
    const buffer = reference();
    spoil(new DataView(buffer));
    expect(() => decodeCloud(buffer)).toThrowError(expect.objectContaining({ offset }));
  });

  it("refuses half a header", () => {
    expect(() => decodeCloud(new ArrayBuffer(55))).toThrow(WireError);
  });
});

describe("cuboids", () => {
  it("turn the way quaternions say", () => {
    close(rotate(fromYaw(Math.PI / 2), [1, 0, 0]), [0, 1, 0]);
    close(rotate(aroundAxis([1, 0, 0], Math.PI / 2), [0, 1, 0]), [0, 0, 1]);
    expect(yawOf(multiply(fromYaw(1), fromYaw(0.5)))).toBeCloseTo(1.5);
    const b = box({ rotation: multiply(fromYaw(0.7), aroundAxis([0, 1, 0], 0.3)) });
    close(toLocal(b, toWorld(b, [1, 2, 3])), [1, 2, 3]);
  });

  it("have their corners where size and heading put them", () => {
    const all = corners(box({ rotation: fromYaw(Math.PI / 2) }));
    expect(Math.min(...all.map((p) => p[0]))).toBeCloseTo(9);
    expect(Math.max(...all.map((p) => p[1]))).toBeCloseTo(4);
    expect(Math.max(...all.map((p) => p[2]))).toBeCloseTo(1.75);
  });

  it("count points inside, with origin and heading", () => {
    const b = box({ rotation: fromYaw(0.6) });
    const origin: Vec3 = [100, -50, 3];
    const local: Vec3[] = [
      [0, 0, 0],
      [1.99, 0.99, 0.74],
      [-2.01, 0, 0],
      [0, 1.01, 0],
      [0, 0, -0.76],
      [30, 0, 0],
    ];
    const positions = new Float32Array(
      local.flatMap((p) => toWorld(b, p).map((v, i) => v - (origin[i] as number))),
    );
    expect(countInside(b, positions, origin)).toBe(2);
  });

  it("move one face and keep the opposite one", () => {
    const b = box({ rotation: fromYaw(0.4) });
    const longer = moveFace(b, 0, -1, 1);
    expect(longer.size).toEqual([5, 2, 1.5]);
    close(toWorld(longer, [2.5, 0, 0]), toWorld(b, [2, 0, 0]));
    expect(moveFace(b, 2, 1, -99).size[2]).toBe(SIDE_MIN_M);
  });

  it("are hit by rays from outside and inside", () => {
    expect(rayHit(box(), [0, 2, 1], [1, 0, 0])).toBeCloseTo(8);
    expect(rayHit(box(), [10, 2, 1], [1, 0, 0])).toBeCloseTo(2);
    expect(rayHit(box(), [0, 5, 1], [1, 0, 0])).toBeNull();
    expect(rayHit(box(), [20, 2, 1], [1, 0, 0])).toBeNull();
  });

  it("give rays a level and an axis", () => {
    close(rayLevel([0, 0, 10], [0.6, 0, -0.8], 2) ?? [], [6, 0, 2]);
    expect(rayLevel([0, 0, 10], [1, 0, 0], 0)).toBeNull();
    expect(rayLevel([0, 0, 10], [0, 0, 1], 0)).toBeNull();
    expect(alongAxis([0, 0, 0], [1, 0, 0], [5, 0, 10], [0, 0, -1])).toBeCloseTo(5);
    expect(alongAxis([1, 0, 0], [0, 1, 0], [5, 3, 10], [-0.6, 0, -0.8])).toBeCloseTo(3);
    expect(alongAxis([0, 0, 0], [1, 0, 0], [5, 0, 10], [1, 0, 0])).toBeNull();
  });

  it("stand on the ground under them", () => {
    const positions = new Float32Array(
      Array.from({ length: 60 }, (_, i) => [5 + (i % 5) * 0.1, 5, i < 50 ? -1.7 : 0.5]).flat(),
    );
    expect(groundLevel(positions, [0, 0, 0], 5, 5, 2, 9)).toBeCloseTo(-1.7);
    expect(groundLevel(positions, [0, 0, 0], 50, 5, 2, 9)).toBe(9);
    expect(standing("car", 5, 5, -1.7, 0.2)).toMatchObject({
      center: [5, 5, -1.7 + 1.55 / 2],
      size: usualSize("car"),
    });
    expect(usualSize("pedestrian")[2]).toBe(1.75);
    expect(usualSize("something")).toEqual([1, 1, 1]);
  });

  it("are drawn as rectangles from above with the longer side as length", () => {
    const b = overRectangle([0, 0], [2, 5], 0, -1, 2);
    expect(b.size).toEqual([5, 2, 2]);
    expect(yawOf(b.rotation)).toBeCloseTo(Math.PI / 2);
    expect(b.center).toEqual([1, 2.5, 0]);
    const turned = overRectangle([0, 0], [Math.cos(0.5) * 4, Math.sin(0.5) * 4], 0.5, 0, 1);
    expect(turned.size[0]).toBeCloseTo(4);
    expect(turned.size[1]).toBeCloseTo(0);
  });
});

describe("side views", () => {
  const window = { width: 300, height: 200, scale: 20 };

  it("go to the screen and back with v upwards", () => {
    expect(toScreen(window, 1, 2)).toEqual([170, 60]);
    expect(toPlane(window, [170, 60])).toEqual([1, 2]);
  });

  it("grip sides, corners, inside and the knob", () => {
    const at = (u: number, v: number) => gripAt(box(), SIDE_AXES.top, window, toScreen(window, u, v));
    expect(at(0, 0)).toEqual({ kind: "move" });
    expect(at(2, 0)).toEqual({ kind: "resize", su: 1, sv: 0 });
    expect(at(-2, 1)).toEqual({ kind: "resize", su: -1, sv: 1 });
    expect(at(3.1, 0)).toEqual({ kind: "turn" });
    expect(at(0, 5)).toBeNull();
  });

  it("leave the inside of a small cuboid reachable", () => {
    const small = box({ size: [0.4, 0.4, 1.7] });
    expect(gripAt(small, SIDE_AXES.top, window, toScreen(window, 0, 0))).toEqual({ kind: "move" });
  });

  it("move in the cuboid's own axes", () => {
    const b = box({ rotation: fromYaw(Math.PI / 2) });
    close(dragged(b, SIDE_AXES.top, { kind: "move" }, [0, 0], [1, 0]).center, [10, 3, 1]);
    close(dragged(b, SIDE_AXES.side, { kind: "move" }, [0, 0], [0, 0.5]).center, [10, 2, 1.5]);
    close(dragged(b, SIDE_AXES.front, { kind: "move" }, [0, 0], [1, 0]).center, [9, 2, 1]);
  });

  it("resize the gripped faces only", () => {
    const next = dragged(box(), SIDE_AXES.top, { kind: "resize", su: 1, sv: -1 }, [2, -1], [3, -1.5]);
    expect(next.size).toEqual([5, 2.5, 1.5]);
    close(next.center, [10.5, 1.75, 1]);
  });

  it.each(["top", "side", "front"] as const)(
    "turn in the %s view so that the knob follows the pointer",
    (name) => {
      const axes = SIDE_AXES[name];
      const b = box();
      const next = dragged(b, axes, { kind: "turn" }, [3, 0], [0, 3]);
      // What pointed to the right of the view now points up.
      const unit = (axis: number): Vec3 => [axis === 0 ? 1 : 0, axis === 1 ? 1 : 0, axis === 2 ? 1 : 0];
      close(rotate(next.rotation, unit(axes.u)), rotate(b.rotation, unit(axes.v)));
    },
  );

  it("fit the cuboid with room around it", () => {
    const scale = fitScale(box(), SIDE_AXES.top, 640, 440, 1);
    expect(scale * 4).toBeLessThan(640);
    expect(scale * 2).toBeLessThan(440);
  });

  it("come home after four quarter turns", () => {
    let b = box();
    for (let i = 0; i < 4; i += 1) b = turn(b, 2, Math.PI / 2);
    expect(Math.abs(yawOf(b.rotation))).toBeCloseTo(0);
    expect(Math.hypot(...b.rotation)).toBeCloseTo(1);
  });
});

describe("camera", () => {
  // Vehicle x forward, y left, z up to camera z forward, x right, y down.
  const wire = {
    camera: { pinhole: { fx: 700, fy: 710, cx: 600, cy: 180 }, distortion: { model: "none" } },
    lidar_to_camera: { translation: [0, 0, 0], rotation: [0.5, 0.5, -0.5, 0.5] },
  };
  const calibration = parseCalibration(wire) as Calibration;

  it("is read as the server writes it, and halves are refused", () => {
    expect(calibration.fx).toBe(700);
    expect(parseCalibration(null)).toBeNull();
    expect(
      parseCalibration({ ...wire, lidar_to_camera: { translation: [0, 0], rotation: [1, 0, 0, 0] } }),
    ).toBeNull();
    expect(parseCalibration({ ...wire, camera: { pinhole: { ...wire.camera.pinhole, fx: -1 } } })).toBeNull();
  });

  it("projects by the pinhole", () => {
    close(project(calibration, [10, 0, 0]) ?? [], [600, 180]);
    close(project(calibration, [10, -2, 1]) ?? [], [740, 109]);
    expect(project(calibration, [-1, 0, 0])).toBeNull();
  });

  it("cuts lines at the near plane instead of throwing them across the image", () => {
    const line = projectLine(calibration, [-5, -1, 0], [5, -1, 0]) ?? [];
    expect(line).toHaveLength(2);
    close(line[0] ?? [], [600 + 700 / NEAR_M, 180]);
    close(line[1] ?? [], [740, 180]);
    expect(projectLine(calibration, [-5, 0, 0], [-1, 0, 0])).toBeNull();
  });

  it("keeps a cuboid that is partly behind", () => {
    expect(projectCuboid(calibration, box({ center: [10, 0, 0] }))).toHaveLength(13);
    const passing = projectCuboid(calibration, box({ center: [1, 3, 0] }));
    expect(passing.length).toBeGreaterThan(4);
    expect(passing.length).toBeLessThan(13);
    expect(passing.flat(2).every(Number.isFinite)).toBe(true);
    expect(projectedBounds(calibration, box({ center: [10, 0, 0] }), 1200, 360)?.minX).toBeCloseTo(
      600 - 700 / 8,
    );
    expect(projectedBounds(calibration, box({ center: [-20, 0, 0] }), 1200, 360)).toBeNull();
  });

  it("bends lines with the lens", () => {
    const lens = { model: "plumb_bob", k1: -0.2, k2: 0, p1: 0, p2: 0, k3: 0 };
    const bent = parseCalibration({ ...wire, camera: { ...wire.camera, distortion: lens } }) as Calibration;
    expect(projectLine(bent, [5, 2, 1], [5, -2, 1])).toHaveLength(17);
    const [x] = project(bent, [10, -5, 0]) ?? [0];
    expect(x).toBeCloseTo(600 + 700 * 0.5 * (1 - 0.2 * 0.25));
  });
});

describe("looking around", () => {
  it("keeps the distance, the pole and the limits", () => {
    const orbit = new Orbit();
    orbit.turnBy(300, 9_999);
    const eye = orbit.eye();
    expect(Math.hypot(...eye.map((v, i) => v - (orbit.target[i] as number)))).toBeCloseTo(orbit.distance);
    expect(orbit.elevation).toBeLessThan(Math.PI / 2);
    orbit.zoomBy(1e9);
    expect(orbit.distance).toBe(1);
  });

  it("pans so that the ground follows the pointer", () => {
    const orbit = new Orbit();
    const [x, y] = orbit.target;
    // The eye is behind, looking forward: pulling down brings nearer what was farther ahead.
    orbit.panBy(0, 100, 500);
    expect(orbit.target[0]).toBeGreaterThan(x);
    // Pulling to the right shows more of the left.
    orbit.panBy(100, 0, 500);
    expect(orbit.target[1]).toBeGreaterThan(y);
  });

  it("colours by height from dark to light", () => {
    const positions = new Float32Array([0, 0, -2, 0, 0, 0, 0, 0, 9]);
    const colors = colorize("height", positions, new Uint8Array([0, 128, 255]), -2, 4);
    const light = (i: number) =>
      (colors[3 * i] as number) + (colors[3 * i + 1] as number) + (colors[3 * i + 2] as number);
    expect(light(0)).toBeLessThan(light(1));
    expect(light(1)).toBeLessThan(light(2));
    expect(colorize("intensity", positions, new Uint8Array([255, 0, 0]), 0, 1)[0]).toBeGreaterThan(200);
    expect(lowLevel(positions)).toBe(-2);
    expect(lowLevel(new Float32Array(0))).toBe(0);
  });
});
