import type { Match } from "./compare";
import { shapeBounds, shapeRings } from "./geometry";
import { BitmapSource } from "./image-layer";
import type { Annotation, Bounds, Point, Shape } from "./types";
import { ViewPane } from "./view-pane";
import type { Viewport } from "./viewport";

/** Colours of the two reads; they are told apart by their dashes as well. */
export const READ_COLORS = { a: "#4aa8ff", b: "#ffb454" } as const;
const DASH: Record<"a" | "b", number[]> = { a: [], b: [7, 4] };
const SHADOW = "rgba(8, 10, 14, 0.65)";

/** Least of the picture around a region that is looked at, image pixels. */
const CONTEXT_MIN_PX = 12;

export type Side = "a" | "b";

/** One picture with the marks of one read or of both over each other. */
export class CompareView {
  private readonly pane: ViewPane;
  private matches: readonly Match[] = [];
  private bitmap: ImageBitmap | null = null;

  constructor(
    container: HTMLElement,
    label: string,
    private readonly sides: readonly Side[],
    events: { scroll: (frames: number) => void },
  ) {
    this.pane = new ViewPane(container, label, {
      scroll: events.scroll,
      window: { get: () => null, set: () => {} },
      decorate: (g, viewport) => this.draw(g, viewport),
    });
  }

  get viewport(): Viewport {
    return this.pane.viewport;
  }

  /** The picture belongs to the view from here on. */
  setPicture(bitmap: ImageBitmap | null): void {
    this.bitmap?.close();
    this.bitmap = bitmap;
    this.pane.setImage(bitmap ? new BitmapSource(bitmap) : null);
  }

  /** Shows a region of the picture, with as much again around it on each side. A double click shows the whole. */
  lookAt({ minX, minY, maxX, maxY }: Bounds): void {
    const around = Math.max(maxX - minX, maxY - minY, CONTEXT_MIN_PX);
    this.pane.setHome({
      minX: minX - around,
      minY: minY - around,
      maxX: maxX + around,
      maxY: maxY + around,
    });
  }

  setMatches(matches: readonly Match[]): void {
    this.matches = matches;
    this.pane.redraw("overlay");
  }

  destroy(): void {
    this.pane.destroy();
    this.bitmap?.close();
  }

  private draw(g: CanvasRenderingContext2D, viewport: Viewport): void {
    for (const match of this.matches)
      for (const side of this.sides) {
        const mark = side === "a" ? match.a : match.b;
        if (mark) drawMark(g, viewport, mark, side, match.verdict === "same");
      }
  }
}

function drawMark(
  g: CanvasRenderingContext2D,
  viewport: Viewport,
  mark: Annotation,
  side: Side,
  agreed: boolean,
): void {
  const rings = outline(mark.shape).map((ring) => ring.map((point) => viewport.toScreen(point)));
  const path = new Path2D();
  for (const ring of rings) {
    ring.forEach(([x, y], i) => {
      if (i === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    });
    path.closePath();
  }
  g.save();
  g.globalAlpha = agreed ? 0.45 : 1;
  g.setLineDash(DASH[side]);
  for (const [color, width] of [
    [SHADOW, 4],
    [READ_COLORS[side], 2],
  ] as const) {
    g.strokeStyle = color;
    g.lineWidth = width;
    g.stroke(path);
  }
  g.restore();
}

/** The outlines of a shape in image coordinates; its extent where it has none of its own (points, masks). */
function outline(shape: Shape): Point[][] {
  const rings = shapeRings(shape);
  const bounds = rings.length > 0 ? null : shapeBounds(shape);
  if (!bounds) return rings;
  const { minX, minY, maxX, maxY } = bounds;
  return [
    [
      [minX, minY],
      [maxX, minY],
      [maxX, maxY],
      [minX, maxY],
    ],
  ];
}
