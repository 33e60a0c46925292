/** What is done about a shape that the server would refuse: put right with a word about it, or not taken. */
import { clipToImage, crosses, uncross } from "./area";
import { maskExtent } from "./bits";
import { chainLength, clampPoint, cleanPolygon, polygonArea, shapeArea, shapeBounds } from "./geometry";
import {
  BOX_MIN_PX,
  type EllipseShape,
  type PointsShape,
  type PolygonShape,
  type PolylineShape,
  type RotatedBoxShape,
  type Shape,
} from "./types";

export interface Size {
  width: number;
  height: number;
}

/** The shapes to take instead (one, or none), and what the person is told when it is not simply theirs. */
export interface Repaired {
  shape: Shape | null;
  note: string | null;
}

/** How far a shape may reach beyond its image, pixels: the server's tolerance. */
const BEYOND_PX = 0.5;

export const NOTES = {
  outside: "It lay outside of the image and was not kept.",
  clipped: "What reached beyond the image was cut off.",
  moved: "It reached beyond the image and was moved inside.",
  crossed: "The outline crossed itself and was untangled.",
  parts: "The outline crossed itself: its largest part was kept.",
  refused: "The outline would cross itself: it was left as it was.",
  empty: "It encloses no area and was not kept.",
} as const;

/** Puts a shape right for an image of this size; without a size only what is wrong in itself. */
export function repair(shape: Shape, size: Size | null): Repaired {
  switch (shape.type) {
    case "polygon":
      return repairPolygon(shape, size);
    case "box": {
      if (!size) return sized(shape, shape.w, shape.h);
      const [left, top] = clampPoint([shape.x, shape.y], size.width, size.height);
      const [right, bottom] = clampPoint([shape.x + shape.w, shape.y + shape.h], size.width, size.height);
      const inside = { ...shape, x: left, y: top, w: right - left, h: bottom - top };
      if (inside.w === shape.w && inside.h === shape.h && left === shape.x && top === shape.y)
        return sized(shape, shape.w, shape.h);
      if (inside.w <= 0 || inside.h <= 0) return refused(NOTES.outside);
      return { ...sized(inside, inside.w, inside.h), note: NOTES.clipped };
    }
    case "rotated_box":
    case "ellipse": {
      const [w, h] = shape.type === "ellipse" ? [2 * shape.rx, 2 * shape.ry] : [shape.w, shape.h];
      const checked = sized(shape, w, h);
      return checked.shape && size ? movedInside(shape, size) : checked;
    }
    case "polyline":
    case "points":
      return repairChain(shape, size);
    case "mask":
      return maskExtent(shape) ? taken(shape) : refused(NOTES.empty);
    case "skeleton":
      return size && isOutside(shape, size)
        ? {
            shape: {
              ...shape,
              joints: shape.joints.map((j) => ({ ...j, at: clampPoint(j.at, size.width, size.height) })),
            },
            note: NOTES.moved,
          }
        : taken(shape);
    default:
      return taken(shape);
  }
}

/** Whether the server would refuse the shape; cheap enough to be asked after each drag. */
export function isSound(shape: Shape, size: Size | null): boolean {
  if (size && isOutside(shape, size)) return false;
  if (shape.type === "polygon") return shapeArea(shape) > 0 && !crosses(shape);
  return true;
}

const taken = (shape: Shape): Repaired => ({ shape, note: null });
const refused = (note: string): Repaired => ({ shape: null, note });

function sized(shape: Shape, w: number, h: number): Repaired {
  return w > 0 && h > 0 && Math.max(w, h) >= BOX_MIN_PX ? taken(shape) : refused(NOTES.empty);
}

function isOutside(shape: Shape, { width, height }: Size): boolean {
  const bounds = shapeBounds(shape);
  return (
    bounds !== null &&
    (bounds.minX < -BEYOND_PX ||
      bounds.minY < -BEYOND_PX ||
      bounds.maxX > width + BEYOND_PX ||
      bounds.maxY > height + BEYOND_PX)
  );
}

/** A turned shape cannot be cut and stay one: it is moved, or refused where it is larger than the image. */
function movedInside(shape: RotatedBoxShape | EllipseShape, size: Size): Repaired {
  const bounds = shapeBounds(shape);
  if (!bounds || !isOutside(shape, size)) return taken(shape);
  if (bounds.maxX <= 0 || bounds.maxY <= 0 || bounds.minX >= size.width || bounds.minY >= size.height)
    return refused(NOTES.outside);
  const shift = (min: number, max: number, side: number) =>
    min < 0 ? -min : max > side ? Math.max(-min, side - max) : 0;
  const moved = {
    ...shape,
    cx: shape.cx + shift(bounds.minX, bounds.maxX, size.width),
    cy: shape.cy + shift(bounds.minY, bounds.maxY, size.height),
  };
  return isOutside(moved, size) ? refused(NOTES.outside) : { shape: moved, note: NOTES.moved };
}

function repairChain(shape: PolylineShape | PointsShape, size: Size | null): Repaired {
  if (shape.type === "polyline" && !(chainLength(shape.points) > 0)) return refused(NOTES.empty);
  if (!size || !isOutside(shape, size)) return taken(shape);
  const points = shape.points.map((p) => clampPoint(p, size.width, size.height));
  if (shape.type === "polyline" && !(chainLength(points) > 0)) return refused(NOTES.outside);
  return { shape: { ...shape, points }, note: NOTES.clipped };
}

function repairPolygon(shape: PolygonShape, size: Size | null): Repaired {
  const points = cleanPolygon(shape.points);
  if (points.length < 3 || polygonArea(points) <= 0) {
    // A bow tie may enclose areas that cancel each other out.
    if (points.length < 4 || !crosses({ ...shape, points })) return refused(NOTES.empty);
  }
  const clean: PolygonShape = points.length === shape.points.length ? shape : { ...shape, points };
  const crossed = crosses(clean);
  const outside = size !== null && isOutside(clean, size);
  if (!crossed && !outside) return taken(clean);
  const plain = crossed ? uncross(clean) : [clean];
  const inside =
    size && outside ? plain.flatMap((piece) => clipToImage(piece, size.width, size.height)) : plain;
  inside.sort((a, b) => shapeArea(b) - shapeArea(a));
  const largest = inside[0];
  if (!largest) return refused(outside ? NOTES.outside : NOTES.empty);
  const note = crossed ? (inside.length > 1 ? NOTES.parts : NOTES.crossed) : NOTES.clipped;
  return { shape: largest, note };
}
