/** Relations over an image or a scene: an arrow between the middles of two objects, with the name of its type. */
import type { Editor } from "./editor";
import { shapeBounds } from "./geometry";
import { allRelations } from "./relations";
import type { Annotation, Point } from "./types";
import { sameFrame } from "./types";
import type { Viewport } from "./viewport";

const COLOR = "#9fd3ff";
const SHADOW = "rgba(8, 10, 14, 0.7)";
const FONT = "500 11px system-ui, sans-serif";
const HEAD_PX = 9;
/** More relations than this on the view are drawn without their names. */
const NAMES_MAX = 60;

/** Middle of what an object covers, image pixels; nothing for what has no place in the image. */
export function middleOf(editor: Editor, annotation: Annotation): Point | null {
  if (annotation.frame && !sameFrame(annotation.frame, editor.frame)) return null;
  const bounds = shapeBounds(editor.shapeOf(annotation));
  return bounds && [(bounds.minX + bounds.maxX) / 2, (bounds.minY + bounds.maxY) / 2];
}

/** Draws the relations between objects on an image. */
export function drawRelations(g: CanvasRenderingContext2D, editor: Editor, viewport: Viewport): void {
  drawBetween(g, editor, (annotation) => {
    const middle = middleOf(editor, annotation);
    return middle && viewport.toScreen(middle);
  });
}

/**
 * Draws the relations between objects that have a place on the screen. Those at a selected or pointed-at object are drawn
 * stronger.
 */
export function drawBetween(
  g: CanvasRenderingContext2D,
  editor: Editor,
  place: (annotation: Annotation) => Point | null,
): void {
  const shown = allRelations(editor).flatMap(({ relation, from, to }) => {
    if (editor.isHidden(from.id) || editor.isHidden(to.id)) return [];
    const [a, b] = [place(from), place(to)];
    if (!a || !b) return [];
    const strong = [from.id, to.id].some((id) => editor.isSelected(id) || editor.hovered === id);
    const type = editor.relationTypes.find((one) => one.id === relation.type);
    return [{ a, b, strong, type }];
  });
  for (const { a, b, strong, type } of shown) {
    g.globalAlpha = strong ? 1 : 0.6;
    drawArrow(g, a, b, type?.directed ?? true, strong ? 2.25 : 1.5);
  }
  if (shown.length <= NAMES_MAX)
    for (const { a, b, strong, type } of shown) {
      g.globalAlpha = strong ? 1 : 0.8;
      drawName(g, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], type?.name ?? "");
    }
  g.globalAlpha = 1;
}

/** A line from one place to another on the screen, with a head where it is directed. */
export function drawArrow(
  g: CanvasRenderingContext2D,
  [ax, ay]: Point,
  [bx, by]: Point,
  directed: boolean,
  width: number,
): void {
  const angle = Math.atan2(by - ay, bx - ax);
  g.setLineDash([]);
  for (const [color, wide] of [
    [SHADOW, width + 2],
    [COLOR, width],
  ] as const) {
    g.beginPath();
    g.moveTo(ax, ay);
    g.lineTo(bx, by);
    if (directed)
      for (const side of [-0.45, 0.45]) {
        g.moveTo(bx, by);
        g.lineTo(bx - HEAD_PX * Math.cos(angle + side), by - HEAD_PX * Math.sin(angle + side));
      }
    g.strokeStyle = color;
    g.lineWidth = wide;
    g.stroke();
  }
}

function drawName(g: CanvasRenderingContext2D, [x, y]: Point, text: string): void {
  if (!text) return;
  g.font = FONT;
  const width = g.measureText(text).width + 10;
  g.fillStyle = "rgba(13, 16, 22, 0.82)";
  g.beginPath();
  g.roundRect(Math.round(x - width / 2), Math.round(y - 8), width, 16, 8);
  g.fill();
  g.fillStyle = COLOR;
  g.textAlign = "left";
  g.textBaseline = "middle";
  g.fillText(text, Math.round(x - width / 2) + 5, Math.round(y) + 0.5);
}
