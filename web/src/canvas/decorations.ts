import { directionLetters } from "./space";
import type { Point } from "./types";
import { roundLength, type Viewport } from "./viewport";

const INK = "rgba(226, 232, 240, 0.9)";
const SHADOW = "rgba(0, 0, 0, 0.75)";
/** Largest scale bar, screen pixels. */
const BAR_MAX_PX = 140;
/** What the distance between pixels means; where it is not in the patient, that is said beside the bar. */
export interface Ruler {
  /** Millimetres from column to column. */
  mm: number;
  /** What a length is not: `at the detector`, `in the marked region` …; empty for lengths in the patient. */
  caveat: string;
}

/** Bottom left: a bar of a round length, or why there is none. */
export function drawScaleBar(g: CanvasRenderingContext2D, viewport: Viewport, ruler: Ruler | string): void {
  const y = viewport.height - 18;
  const x = 14;
  g.save();
  g.font = "11px system-ui, sans-serif";
  g.textBaseline = "alphabetic";
  if (typeof ruler === "string") {
    text(g, ruler, x, y);
    g.restore();
    return;
  }
  const mm = roundLength((BAR_MAX_PX / viewport.scale) * ruler.mm);
  const length = (mm / ruler.mm) * viewport.scale;
  for (const [color, width] of [
    [SHADOW, 4],
    [INK, 2],
  ] as const) {
    g.strokeStyle = color;
    g.lineWidth = width;
    g.beginPath();
    g.moveTo(x, y - 5);
    g.lineTo(x, y);
    g.lineTo(x + length, y);
    g.lineTo(x + length, y - 5);
    g.stroke();
  }
  const words = ruler.caveat ? `${lengthWords(mm)} ${ruler.caveat}` : lengthWords(mm);
  text(g, words, x + length + 8, y + 1);
  g.restore();
}

/** A length in the unit that people say it in. */
export function lengthWords(mm: number): string {
  if (mm >= 10) return `${mm / 10} cm`;
  if (mm >= 1) return `${mm} mm`;
  // A power of ten has a tail in binary.
  return `${Number((mm * 1000).toPrecision(3))} µm`;
}

/** A line from edge to edge of another image, in that image's colour, with a gap where the crosshair is. */
export function drawReferenceLine(
  g: CanvasRenderingContext2D,
  viewport: Viewport,
  [a, b]: [Point, Point],
  color: string,
): void {
  const [from, to] = [viewport.toScreen(a), viewport.toScreen(b)];
  g.save();
  g.setLineDash([5, 4]);
  for (const [ink, width] of [
    [SHADOW, 3],
    [color, 1.25],
  ] as const) {
    g.strokeStyle = ink;
    g.lineWidth = width;
    g.beginPath();
    g.moveTo(...from);
    g.lineTo(...to);
    g.stroke();
  }
  g.restore();
}

/** Free room around the place that a crosshair points to, screen pixels: the place itself stays visible. */
const CROSSHAIR_GAP_PX = 12;

/** Two lines through a place; each in the colour of the plane that it stands for. */
export function drawCrosshair(
  g: CanvasRenderingContext2D,
  viewport: Viewport,
  at: Point,
  colors: { across: string; down: string },
): void {
  const [x, y] = viewport.toScreen(at);
  const { width, height } = viewport;
  const lines: [string, number, number, number, number][] = [
    [colors.across, 0, y, x - CROSSHAIR_GAP_PX, y],
    [colors.across, x + CROSSHAIR_GAP_PX, y, width, y],
    [colors.down, x, 0, x, y - CROSSHAIR_GAP_PX],
    [colors.down, x, y + CROSSHAIR_GAP_PX, x, height],
  ];
  g.save();
  for (const [color, x1, y1, x2, y2] of lines) {
    for (const [ink, thick] of [
      [SHADOW, 3],
      [color, 1.25],
    ] as const) {
      g.strokeStyle = ink;
      g.lineWidth = thick;
      g.beginPath();
      g.moveTo(x1, y1);
      g.lineTo(x2, y2);
      g.stroke();
    }
  }
  g.restore();
}

/** Where the right and the lower edge of the image point to, and so also their opposites. Six cosines: row, column. */
export function drawOrientation(
  g: CanvasRenderingContext2D,
  viewport: Viewport,
  orientation: readonly number[] | undefined,
): void {
  if (orientation?.length !== 6 || !orientation.every(Number.isFinite)) return;
  const row = orientation.slice(0, 3);
  const column = orientation.slice(3);
  const opposite = (vector: number[]) => vector.map((value) => -value);
  const { width, height } = viewport;
  g.save();
  g.font = "600 14px system-ui, sans-serif";
  g.textBaseline = "middle";
  g.textAlign = "center";
  text(g, directionLetters(row), width - 16, height / 2);
  text(g, directionLetters(opposite(row)), 16, height / 2);
  text(g, directionLetters(column), width / 2, height - 16);
  text(g, directionLetters(opposite(column)), width / 2, 16);
  g.restore();
}

function text(g: CanvasRenderingContext2D, value: string, x: number, y: number): void {
  g.lineWidth = 3;
  g.lineJoin = "round";
  g.strokeStyle = SHADOW;
  g.strokeText(value, x, y);
  g.fillStyle = INK;
  g.fillText(value, x, y);
}
