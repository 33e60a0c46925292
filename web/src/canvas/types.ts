/**
 * The words of the annotation surface. The JSON shapes are those of the server's annotation records;
 * image coordinates are pixels as floating point, x right, y down, (0,0) = outer corner of the first pixel.
 */

export type Point = [number, number];
export type Vec3 = [number, number, number];
/** Unit quaternion in the order w, x, y, z. */
export type Quat = [number, number, number, number];

export interface BoxShape {
  type: "box";
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface PolygonShape {
  type: "polygon";
  points: Point[];
}

/** Oriented box in the vehicle frame: x forward, y left, z up, metres. */
export interface CuboidShape {
  type: "cuboid";
  center: Vec3;
  size: Vec3;
  rotation: Quat;
}

/** The class holds for the whole frame or item. */
export interface TagShape {
  type: "tag";
}

export type Shape = BoxShape | PolygonShape | CuboidShape | TagShape;
export type ShapeKind = Shape["type"];

export interface FrameRef {
  stream: number;
  index: number;
}

export type Author = { kind: "human"; user: string } | { kind: "model"; name: string; version: string };

export type AttributeValue = boolean | string | number;

export interface Annotation {
  id: string;
  version: number;
  class: string;
  frame?: FrameRef | null;
  shape: Shape;
  attributes?: Record<string, AttributeValue>;
  author: Author;
  score?: number | null;
}

export type AttributeKind = "flag" | "number" | { choice: string[] };

export interface AttributeDef {
  id: string;
  name: string;
  kind: AttributeKind;
  required?: boolean;
}

export interface ClassDef {
  id: string;
  name: string;
  /** `#rrggbb`. */
  color: string;
  shapes: ShapeKind[];
  attributes?: AttributeDef[];
  retired?: boolean;
}

/** Axis-aligned extent in image pixels. */
export interface Bounds {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

/** Smallest width or height of a box that a person may leave behind, image pixels. */
export const BOX_MIN_PX = 1;
/** Most points that one polygon may have; the server refuses more. */
export const POLYGON_POINTS_MAX = 20_000;

/** Key of a frame for maps; `item` stands for annotations that lie on no frame. */
export function frameKey(frame: FrameRef | null | undefined): string {
  return frame ? `${frame.stream}:${frame.index}` : "item";
}

export function sameFrame(a: FrameRef | null | undefined, b: FrameRef | null | undefined): boolean {
  return frameKey(a) === frameKey(b);
}
