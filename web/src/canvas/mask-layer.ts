import { Bits } from "./bits";
import { Tiles } from "./tiles";
import type { MaskShape } from "./types";
import type { Viewport } from "./viewport";

/** Shapes are never changed in place, so a picture of one stays true for as long as the shape lives. */
const pictures = new WeakMap<MaskShape, Tiles>();

/** The picture of a mask in this colour, tiles made as they are seen. */
export function maskPicture(shape: MaskShape, color: string): Tiles {
  const known = pictures.get(shape);
  if (known?.color === color) return known;
  const made = new Tiles(Bits.fromShape(shape), color);
  pictures.set(shape, made);
  return made;
}

/** Takes over a picture that was painted while the mask was. */
export function keepPicture(shape: MaskShape, picture: Tiles): void {
  pictures.set(shape, picture);
}

/** Draws a mask in its class's colour. */
export function drawMask(
  g: CanvasRenderingContext2D,
  shape: MaskShape,
  color: string,
  alpha: number,
  viewport: Viewport,
): void {
  maskPicture(shape, color).draw(g, alpha, viewport);
}
