import type { CuboidShape, Point, Quat, Vec3 } from "@/canvas/types";
import { add, corners, EDGES, headingLine, rotate, scale } from "./math";

/** What is nearer to the camera than this is cut away, metres. */
export const NEAR_M = 0.1;
/** Pieces of an edge where a lens bends it. */
const BENT_PIECES = 16;

export interface Calibration {
  fx: number;
  fy: number;
  cx: number;
  cy: number;
  /** Brown and Conrady's coefficients, or nothing for an image free of distortion. */
  lens: { k1: number; k2: number; p1: number; p2: number; k3: number } | null;
  /** From the scene (LiDAR) to the camera: z forward, x right, y down. */
  rotation: Quat;
  translation: Vec3;
}

type Wire = {
  camera?: { pinhole?: Record<string, unknown>; distortion?: Record<string, unknown> };
  lidar_to_camera?: { translation?: unknown; rotation?: unknown };
};

const finite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const list = (value: unknown, count: number): number[] | null =>
  Array.isArray(value) && value.length === count && value.every(finite) ? (value as number[]) : null;

/** Reads `Stream.properties.calibration` as the sensors crate writes it; nothing when it is absent or not usable. */
export function parseCalibration(value: unknown): Calibration | null {
  const root = value as Wire | null | undefined;
  const pinhole = root?.camera?.pinhole;
  const rotation = list(root?.lidar_to_camera?.rotation, 4);
  const translation = list(root?.lidar_to_camera?.translation, 3);
  if (!pinhole || !rotation || !translation) return null;
  const { fx, fy, cx, cy } = pinhole;
  if (!finite(fx) || !finite(fy) || !finite(cx) || !finite(cy) || fx <= 0 || fy <= 0) return null;
  const lens = root?.camera?.distortion;
  const of = (name: string): number => (finite(lens?.[name]) ? (lens?.[name] as number) : 0);
  const bent = lens?.model === "plumb_bob";
  return {
    fx,
    fy,
    cx,
    cy,
    lens: bent ? { k1: of("k1"), k2: of("k2"), p1: of("p1"), p2: of("p2"), k3: of("k3") } : null,
    rotation: rotation as Quat,
    translation: translation as Vec3,
  };
}

export const toCamera = (calibration: Calibration, p: Vec3): Vec3 =>
  add(rotate(calibration.rotation, p), calibration.translation);

/** Pixels of a point in the camera's own frame, which must be in front of it. */
export function toPixel({ fx, fy, cx, cy, lens }: Calibration, [px, py, pz]: Vec3): Point {
  let x = px / pz;
  let y = py / pz;
  if (lens) {
    const r2 = x * x + y * y;
    const radial = 1 + r2 * (lens.k1 + r2 * (lens.k2 + r2 * lens.k3));
    const bentX = x * radial + 2 * lens.p1 * x * y + lens.p2 * (r2 + 2 * x * x);
    y = y * radial + lens.p1 * (r2 + 2 * y * y) + 2 * lens.p2 * x * y;
    x = bentX;
  }
  return [fx * x + cx, fy * y + cy];
}

/** Pixels of a point of the scene, or nothing when it is not in front of the camera. */
export function project(calibration: Calibration, p: Vec3): Point | null {
  const inside = toCamera(calibration, p);
  return inside[2] < NEAR_M ? null : toPixel(calibration, inside);
}

/** A line of the scene as it appears: cut at the near plane, in pieces where the lens bends it. */
export function projectLine(calibration: Calibration, a: Vec3, b: Vec3): Point[] | null {
  const cut = clipNear(toCamera(calibration, a), toCamera(calibration, b));
  if (!cut) return null;
  const pieces = calibration.lens ? BENT_PIECES : 1;
  const points: Point[] = [];
  for (let i = 0; i <= pieces; i += 1) {
    const t = i / pieces;
    points.push(toPixel(calibration, add(scale(cut[0], 1 - t), scale(cut[1], t))));
  }
  return points;
}

function clipNear(a: Vec3, b: Vec3): [Vec3, Vec3] | null {
  if (a[2] < NEAR_M && b[2] < NEAR_M) return null;
  if (a[2] >= NEAR_M && b[2] >= NEAR_M) return [a, b];
  const t = (NEAR_M - a[2]) / (b[2] - a[2]);
  const middle: Vec3 = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), NEAR_M];
  return a[2] < NEAR_M ? [middle, b] : [a, middle];
}

/** Lines of a cuboid in the image: twelve edges and the heading, as far as they are in front of the camera. */
export function projectCuboid(calibration: Calibration, box: CuboidShape): Point[][] {
  const points = corners(box);
  const lines = EDGES.map(([a, b]) => projectLine(calibration, points[a] as Vec3, points[b] as Vec3));
  lines.push(projectLine(calibration, ...headingLine(box)));
  return lines.filter((line): line is Point[] => line !== null);
}

/** The box around what of a cuboid appears in an image of this size, or nothing when it is out of view. */
export function projectedBounds(calibration: Calibration, box: CuboidShape, width: number, height: number) {
  const points = projectCuboid(calibration, box).flat();
  if (points.length === 0) return null;
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  const bounds = {
    minX: Math.max(0, Math.min(...xs)),
    minY: Math.max(0, Math.min(...ys)),
    maxX: Math.min(width, Math.max(...xs)),
    maxY: Math.min(height, Math.max(...ys)),
  };
  return bounds.minX < bounds.maxX && bounds.minY < bounds.maxY ? bounds : null;
}
