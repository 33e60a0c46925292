import { Bits } from "./bits";
import type { MaskShape } from "./types";
import type { Viewport } from "./viewport";

/** From this magnification on the pixels of a mask are shown as squares, as those of the image are. */
const SHARP_FROM_SCALE = 2;

interface Picture {
  canvas: HTMLCanvasElement;
  color: string;
}

/** Shapes are never changed in place, so a picture of one stays true for as long as the shape lives. */
const pictures = new WeakMap<MaskShape, Picture>();

/** Draws a mask in its class's colour. */
export function drawMask(
  g: CanvasRenderingContext2D,
  shape: MaskShape,
  color: string,
  alpha: number,
  viewport: Viewport,
): void {
  const bits = Bits.fromShape(shape);
  if (bits.width === 0) return;
  let picture = pictures.get(shape);
  if (!picture || picture.color !== color) {
    picture = { canvas: paint(bits, color), color };
    pictures.set(shape, picture);
  }
  drawBitsPicture(g, picture.canvas, bits, alpha, viewport);
}

/** Draws a picture that covers the window of some bits. */
export function drawBitsPicture(
  g: CanvasRenderingContext2D,
  picture: HTMLCanvasElement,
  bits: { left: number; top: number; width: number; height: number },
  alpha: number,
  viewport: Viewport,
): void {
  const [x, y] = viewport.toScreen([bits.left, bits.top]);
  const before = g.globalAlpha;
  g.globalAlpha = before * alpha;
  g.imageSmoothingEnabled = viewport.scale < SHARP_FROM_SCALE;
  g.drawImage(picture, x, y, bits.width * viewport.scale, bits.height * viewport.scaleY);
  g.globalAlpha = before;
}

function paint(bits: Bits, color: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = bits.width;
  canvas.height = bits.height;
  const g = canvas.getContext("2d") as CanvasRenderingContext2D;
  const image = g.createImageData(bits.width, bits.height);
  fillPixels(image, bits, color, 0, 0, bits.width, bits.height);
  g.putImageData(image, 0, 0);
  return canvas;
}

/** Colours of the pixels of a part of the bits: `from` counts within their window. */
export function fillPixels(
  image: ImageData,
  bits: Bits,
  color: string,
  fromX: number,
  fromY: number,
  width: number,
  height: number,
): void {
  const packed = packedColor(color);
  const pixels = new Uint32Array(image.data.buffer);
  for (let x = 0; x < width; x += 1) {
    const start = (x + fromX) * bits.height + fromY;
    for (let y = 0; y < height; y += 1) pixels[y * width + x] = bits.data[start + y] ? packed : 0;
  }
}

/** `#rrggbb` as the four bytes of a pixel, opaque. */
function packedColor(color: string): number {
  const value = Number.parseInt(color.slice(1, 7), 16) || 0;
  const bytes = new Uint8Array([value >> 16, (value >> 8) & 255, value & 255, 255]);
  return new Uint32Array(bytes.buffer)[0] as number;
}
