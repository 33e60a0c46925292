import { roundLength, type Viewport } from "./viewport";

const INK = "rgba(226, 232, 240, 0.9)";
const SHADOW = "rgba(0, 0, 0, 0.75)";
/** Largest scale bar, screen pixels. */
const BAR_MAX_PX = 140;
/** Direction cosines below this do not add a letter. */
const LETTER_MIN = 0.25;

/** Bottom left: a bar of a round length, or the plain statement that lengths cannot be known. */
export function drawScaleBar(
  g: CanvasRenderingContext2D,
  viewport: Viewport,
  mmPerPixel: number | null,
): void {
  const y = viewport.height - 18;
  const x = 14;
  g.save();
  g.font = "11px system-ui, sans-serif";
  g.textBaseline = "alphabetic";
  if (!mmPerPixel || !(mmPerPixel > 0)) {
    text(g, "no spacing", x, y);
    g.restore();
    return;
  }
  const mm = roundLength((BAR_MAX_PX / viewport.scale) * mmPerPixel);
  const length = (mm / mmPerPixel) * viewport.scale;
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
  text(g, mm >= 10 ? `${mm / 10} cm` : `${mm} mm`, x + length + 8, y + 1);
  g.restore();
}

/** Letters of one direction in patient space (LPS: x to the left, y to the back, z to the head). */
export function directionLetters(vector: readonly number[]): string {
  const axes = [
    { value: vector[0] ?? 0, plus: "L", minus: "R" },
    { value: vector[1] ?? 0, plus: "P", minus: "A" },
    { value: vector[2] ?? 0, plus: "H", minus: "F" },
  ];
  return axes
    .filter(({ value }) => Math.abs(value) >= LETTER_MIN)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .map(({ value, plus, minus }) => (value > 0 ? plus : minus))
    .join("");
}

/** Where the right and the lower edge of the image point to, and so also their opposites. */
export function drawOrientation(
  g: CanvasRenderingContext2D,
  viewport: Viewport,
  orientation: number[] | undefined,
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
