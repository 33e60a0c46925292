import type { Editor } from "@/canvas/editor";
import { drawBetween } from "@/canvas/relations-layer";
import { labelOf } from "@/canvas/shapes-layer";
import type { Annotation, CuboidShape, Point, Vec3 } from "@/canvas/types";

const LABEL_FONT = "500 11px system-ui, sans-serif";
const DRAFT_DASH = [6, 4];

/** A transparent canvas over one view: outlines, handles and labels are drawn here, points by the graphics card below. */
export class Overlay {
  readonly canvas = document.createElement("canvas");
  width = 1;
  height = 1;
  private readonly observer: ResizeObserver;

  constructor(
    readonly container: HTMLElement,
    onResize: () => void,
  ) {
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;touch-action:none";
    this.canvas.setAttribute("aria-hidden", "true");
    container.append(this.canvas);
    this.observer = new ResizeObserver(() => {
      this.measure();
      onResize();
    });
    this.observer.observe(container);
    this.measure();
  }

  /** Clears and gives the context in CSS pixels. */
  begin(): CanvasRenderingContext2D {
    const g = this.canvas.getContext("2d") as CanvasRenderingContext2D;
    const ratio = window.devicePixelRatio || 1;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    return g;
  }

  at(event: MouseEvent): Point {
    const frame = this.canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  destroy(): void {
    this.observer.disconnect();
    this.canvas.remove();
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.container;
    const ratio = window.devicePixelRatio || 1;
    this.width = Math.max(1, clientWidth);
    this.height = Math.max(1, clientHeight);
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
  }
}

/** A cuboid on screen: its record and the shape that a drag may be showing instead of the stored one. */
export interface Shown {
  annotation: Annotation;
  box: CuboidShape;
  color: string;
  selected: boolean;
  hovered: boolean;
}

/** The cuboids to draw, the selected one last. */
export function shownCuboids(editor: Editor): Shown[] {
  const list: Shown[] = [];
  for (const annotation of editor.visibleObjects()) {
    const shape = editor.shapeOf(annotation);
    if (shape.type !== "cuboid") continue;
    list.push({
      annotation,
      box: shape,
      color: editor.classOf(annotation.class)?.color ?? "#c0c8d4",
      selected: editor.isSelected(annotation.id),
      hovered: editor.hovered === annotation.id,
    });
  }
  return list.sort((a, b) => Number(a.selected) - Number(b.selected));
}

/** Draws relations between cuboids of this frame; `project` says where a place of the scene is on the screen, if it is there. */
export function drawSceneRelations(
  g: CanvasRenderingContext2D,
  editor: Editor,
  project: (center: Vec3) => Point | null,
): void {
  const here = new Map(shownCuboids(editor).map((shown) => [shown.annotation.id, shown.box.center]));
  drawBetween(g, editor, (annotation) => {
    const center = here.get(annotation.id);
    return center ? project(center) : null;
  });
}

/** The cuboids of the model's draft beside the read: to look at, never to pick. */
export function draftCuboids(editor: Editor): Shown[] {
  return editor.draftHere().flatMap((annotation) =>
    annotation.shape.type === "cuboid"
      ? [
          {
            annotation,
            box: annotation.shape,
            color: editor.classOf(annotation.class)?.color ?? "#c0c8d4",
            selected: false,
            hovered: false,
          },
        ]
      : [],
  );
}

/** Outlines of one cuboid: solid for a person's mark, dashed for a model's draft. */
export function strokeLines(g: CanvasRenderingContext2D, lines: Point[][], shown: Shown): void {
  g.beginPath();
  for (const [first, ...rest] of lines) {
    if (!first) continue;
    g.moveTo(...first);
    for (const point of rest) g.lineTo(...point);
  }
  const width = shown.selected ? 2.25 : shown.hovered ? 2 : 1.25;
  g.setLineDash(shown.annotation.author.kind === "model" ? DRAFT_DASH : []);
  g.strokeStyle = "rgba(8, 10, 14, 0.6)";
  g.lineWidth = width + 1.5;
  g.stroke();
  g.strokeStyle = shown.color;
  g.lineWidth = width;
  g.stroke();
  g.setLineDash([]);
}

export function drawLabel(
  g: CanvasRenderingContext2D,
  [x, y]: Point,
  shown: Shown,
  editor: Editor,
  extra = "",
): void {
  const text = labelOf(shown.annotation, editor) + extra;
  g.font = LABEL_FONT;
  const width = g.measureText(text).width + 14;
  g.fillStyle = "rgba(13, 16, 22, 0.82)";
  g.beginPath();
  g.roundRect(x - width / 2, y - 8, width, 16, 3);
  g.fill();
  g.fillStyle = shown.color;
  g.fillRect(x - width / 2, y - 6, 3, 12);
  g.fillStyle = "#e6ebf2";
  g.textBaseline = "middle";
  g.textAlign = "left";
  g.fillText(text, x - width / 2 + 8, y + 0.5);
}

export function drawKnob(g: CanvasRenderingContext2D, [x, y]: Point, color: string, round: boolean): void {
  g.beginPath();
  if (round) g.arc(x, y, 5, 0, Math.PI * 2);
  else g.rect(x - 3.5, y - 3.5, 7, 7);
  g.fillStyle = "#f4f7fb";
  g.fill();
  g.strokeStyle = color;
  g.lineWidth = 1.5;
  g.stroke();
}
