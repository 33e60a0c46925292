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
  /** Rings that are cut out. */
  holes?: Point[][];
}

/** Box turned about its centre; angles are radians, clockwise on the screen. */
export interface RotatedBoxShape {
  type: "rotated_box";
  cx: number;
  cy: number;
  w: number;
  h: number;
  angle: number;
}

export interface EllipseShape {
  type: "ellipse";
  cx: number;
  cy: number;
  rx: number;
  ry: number;
  angle: number;
}

/** Open line. */
export interface PolylineShape {
  type: "polyline";
  points: Point[];
}

export interface PointsShape {
  type: "points";
  points: Point[];
}

export type JointState = "visible" | "hidden" | "absent";

export interface Joint {
  at: Point;
  state: JointState;
}

/** One joint for each of the class's template, in its order. */
export interface SkeletonShape {
  type: "skeleton";
  joints: Joint[];
}

/** Pixels as COCO's run lengths: column after column, the first run counts zeros. */
export interface MaskShape {
  type: "mask";
  /** Height and width of the image. */
  size: [number, number];
  /** COCO's compressed text. */
  counts: string;
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

export type Shape =
  | BoxShape
  | PolygonShape
  | CuboidShape
  | TagShape
  | RotatedBoxShape
  | EllipseShape
  | PolylineShape
  | PointsShape
  | SkeletonShape
  | MaskShape;
export type ShapeKind = Shape["type"];

export interface FrameRef {
  stream: number;
  index: number;
}

export type Author =
  | { kind: "human"; user: string }
  | { kind: "model"; name: string; version: string }
  /** Merged out of what people drew independently. */
  | { kind: "rule"; rule: string };

export type AttributeValue = boolean | string | number;

/** How an annotation stands to others; what is left out is as if nobody had said anything. */
export interface Arrangement {
  /** Annotations with the same number belong together. */
  group?: number | null;
  /** Larger lies above smaller. */
  z?: number;
  /** The same thing on several frames. */
  track?: string | null;
  /** Calculated between two frames of its track on which a person set it. */
  interpolated?: boolean;
  /** What it has to do with other objects; each relation is kept with the one that it goes out from. */
  relations?: readonly Relation[];
}

/** A relation from the object that holds it to another one. */
export interface Relation {
  id: string;
  /** Id of its type in the protocol. */
  type: string;
  /** The object that it goes to. */
  to: string;
}

/** A type of relations that the protocol knows. */
export interface RelationType {
  id: string;
  name: string;
  /** `false`: both objects stand to it alike. */
  directed?: boolean;
  /** Classes that it may go out from and lead to; any where none is named. */
  from?: string[];
  to?: string[];
  retired?: boolean;
}

export interface Annotation {
  id: string;
  version: number;
  class: string;
  frame?: FrameRef | null;
  shape: Shape;
  attributes?: Record<string, AttributeValue>;
  author: Author;
  score?: number | null;
  arrangement?: Arrangement;
  /** Its reader is in doubt about it. */
  unclear?: Unclear | null;
}

/** A reader's doubt about one mark. */
export interface Unclear {
  confidence?: "guess" | "possible" | "probable" | null;
  reason?: string | null;
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
  skeleton?: SkeletonTemplate | null;
}

export interface SkeletonTemplate {
  joints: string[];
  /** Pairs of joints, counted from 0. */
  bones: [number, number][];
}

/** Millimetres between rows and between columns. */
export interface Spacing {
  row: number;
  column: number;
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
/** Most pixels of an image on which masks are painted: a 16,384 by 16,384 image. */
export const MASK_PIXELS_MAX = 2 ** 28;

export const SHAPE_NAMES: Record<ShapeKind, string> = {
  box: "box",
  polygon: "polygon",
  cuboid: "cuboid",
  tag: "tag",
  rotated_box: "turned box",
  ellipse: "ellipse",
  polyline: "line",
  points: "points",
  skeleton: "skeleton",
  mask: "mask",
};

/** Key of a frame for maps; `item` stands for annotations that lie on no frame. */
export function frameKey(frame: FrameRef | null | undefined): string {
  return frame ? `${frame.stream}:${frame.index}` : "item";
}

export function sameFrame(a: FrameRef | null | undefined, b: FrameRef | null | undefined): boolean {
  return frameKey(a) === frameKey(b);
}
