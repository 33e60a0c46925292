import type { VoiTable } from "./lut";

/** An overlay plane over a frame, decoded. */
export interface OverlayPlane {
  group: number;
  rows: number;
  columns: number;
  /** Row and column of the image on which its first pixel lies. */
  top: number;
  left: number;
  /** It marks a region of interest; otherwise it draws. */
  region: boolean;
  /** Row by row without padding, the least significant bit of a byte first. */
  bits: Uint8Array;
}

/** What of the image stays; rows and columns of pixels, the edges too. */
export type Shutter =
  | { kind: "rectangle"; left: number; right: number; top: number; bottom: number }
  | { kind: "circle"; x: number; y: number; radius: number }
  | { kind: "polygon"; corners: [number, number][] }
  | { kind: "plane"; group: number };

/** What lies over a frame, ready to be drawn. */
export interface FrameDisplay {
  overlays: OverlayPlane[];
  shutters: Shutter[];
  /** Gray of what is covered, 0 to 255. */
  shutterGray: number;
  table: VoiTable | null;
}

/** The answer of `/frames/{f}/display`. */
export interface DisplayAnswer {
  overlays: (Omit<OverlayPlane, "bits"> & { bits: string })[];
  shutters: Shutter[];
  shutter_value?: number | null;
  voi_table?: { first: number; bits: number; values: number[] } | null;
}

/** Colour of the planes, as bytes of an RGBA pixel: what draws is yellow, what marks a region is blue. */
const DRAWN: [number, number, number, number] = [255, 214, 102, 235];
const REGION: [number, number, number, number] = [96, 190, 255, 120];

/** Reads the answer. Planes with too few bits are left out. */
export function displayOf(answer: DisplayAnswer): FrameDisplay {
  const overlays = answer.overlays.flatMap((plane) => {
    const bits = Uint8Array.from(atob(plane.bits), (char) => char.charCodeAt(0));
    return bits.length * 8 >= plane.rows * plane.columns ? [{ ...plane, bits }] : [];
  });
  const table = answer.voi_table;
  return {
    overlays,
    shutters: answer.shutters,
    shutterGray: Math.round((answer.shutter_value ?? 0) / 257),
    table:
      table && table.values.length > 0
        ? { first: table.first, bits: table.bits, values: Uint16Array.from(table.values) }
        : null,
  };
}

/** Whether the plane has a bit at its own row and column. */
export function bitAt(plane: OverlayPlane, row: number, column: number): boolean {
  const at = row * plane.columns + column;
  return (((plane.bits[at >> 3] as number) >> (at & 7)) & 1) === 1;
}

/** Writes a plane as RGBA, 4 bytes per pixel; `color` where it has a bit. */
export function paintPlane(plane: OverlayPlane, color: readonly number[], out: Uint8ClampedArray): void {
  for (let row = 0; row < plane.rows; row += 1)
    for (let column = 0; column < plane.columns; column += 1)
      if (bitAt(plane, row, column)) out.set(color, (row * plane.columns + column) * 4);
}

/** Draws shutters and planes over an image of `width` by `height` in image coordinates. Pictures of planes are kept. */
export class DisplayLayer {
  private readonly pictures = new Map<OverlayPlane, HTMLCanvasElement>();

  constructor(
    private readonly display: FrameDisplay,
    private readonly width: number,
    private readonly height: number,
    /** Height of a pixel over its width: a circle is round on the screen. */
    private readonly aspect: number,
  ) {}

  draw(g: CanvasRenderingContext2D): void {
    const { display } = this;
    const gray = `rgb(${display.shutterGray} ${display.shutterGray} ${display.shutterGray})`;
    for (const shutter of display.shutters) {
      if (shutter.kind === "plane") {
        const plane = display.overlays.find((entry) => entry.group === shutter.group);
        const cover = display.shutterGray;
        if (plane) g.drawImage(this.picture(plane, [cover, cover, cover, 255]), plane.left, plane.top);
      } else {
        g.fillStyle = gray;
        g.fill(coverPath(shutter, this.width, this.height, this.aspect), "evenodd");
      }
    }
    const covering = new Set(display.shutters.flatMap((s) => (s.kind === "plane" ? [s.group] : [])));
    g.imageSmoothingEnabled = false;
    for (const plane of display.overlays) {
      if (covering.has(plane.group)) continue;
      g.drawImage(this.picture(plane, plane.region ? REGION : DRAWN), plane.left, plane.top);
    }
  }

  private picture(plane: OverlayPlane, color: readonly number[]): HTMLCanvasElement {
    const known = this.pictures.get(plane);
    if (known) return known;
    const canvas = document.createElement("canvas");
    canvas.width = plane.columns;
    canvas.height = plane.rows;
    const g = canvas.getContext("2d") as CanvasRenderingContext2D;
    const image = g.createImageData(plane.columns, plane.rows);
    paintPlane(plane, color, image.data);
    g.putImageData(image, 0, 0);
    this.pictures.set(plane, canvas);
    return canvas;
  }
}

/** The whole image with what stays cut out, for an even-odd fill. */
function coverPath(
  shutter: Exclude<Shutter, { kind: "plane" }>,
  width: number,
  height: number,
  aspect: number,
): Path2D {
  const path = new Path2D();
  path.rect(0, 0, width, height);
  if (shutter.kind === "rectangle") {
    const { left, right, top, bottom } = shutter;
    path.rect(left, top, right + 1 - left, bottom + 1 - top);
  } else if (shutter.kind === "circle") {
    const { x, y, radius } = shutter;
    path.moveTo(x + 0.5 + radius, y + 0.5);
    path.ellipse(x + 0.5, y + 0.5, radius, radius / aspect, 0, 0, Math.PI * 2);
  } else {
    shutter.corners.forEach(([x, y], i) => {
      if (i === 0) path.moveTo(x + 0.5, y + 0.5);
      else path.lineTo(x + 0.5, y + 0.5);
    });
    path.closePath();
  }
  return path;
}
