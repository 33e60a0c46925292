import { clampPoint, distance } from "../geometry";
import type { ActionId } from "../keymap";
import { type MeasureKind, measured } from "../measure";
import type { Tool, ToolContext, ToolOption, ToolPointer } from "../tool";
import type { FrameRef, Point } from "../types";
import { sameFrame } from "../types";

interface Measurement {
  kind: MeasureKind;
  points: Point[];
  frame: FrameRef | null;
}

const KINDS: { value: MeasureKind; label: string }[] = [
  { value: "length", label: "Length" },
  { value: "angle", label: "Angle" },
  { value: "area", label: "Area" },
];
/** Points after which a measurement is complete by itself. */
const COMPLETE: Record<MeasureKind, number> = { length: 2, angle: 3, area: Number.POSITIVE_INFINITY };
const LEAST: Record<MeasureKind, number> = { length: 2, angle: 3, area: 3 };
/** Measurements kept on screen. */
const KEPT_MAX = 50;

/**
 * Measures lengths, angles and areas on the image. Measurements are looked at, not handed in; they stay on their frame until
 * they are taken back or cleared. A length is also measured by one drag.
 */
export class MeasureTool implements Tool {
  readonly id = "measure";
  readonly title = "Measure";
  readonly action = "tool.measure";
  readonly cursor = "crosshair";
  readonly icon = "M3 15L15 3l6 6L9 21zM7 11l2 2M10 8l3 3M13 5l2 2";
  private kind: MeasureKind = "length";
  private points: Point[] = [];
  private pointer: Point | null = null;
  private kept: Measurement[] = [];

  deactivate(context: ToolContext): void {
    this.points = [];
    context.redraw();
  }

  pointerDown(event: ToolPointer, context: ToolContext): void {
    if (event.button !== 0) return;
    const first = this.points[0];
    if (
      this.kind === "area" &&
      first &&
      this.points.length >= 3 &&
      distance(first, event.image) <= context.reach()
    ) {
      this.finish(context);
      return;
    }
    this.add(event, context);
  }

  pointerMove(event: ToolPointer, context: ToolContext): void {
    this.pointer = clampPoint(event.image, context.size.width, context.size.height);
    if (this.points.length > 0) context.redraw();
  }

  pointerUp(event: ToolPointer, context: ToolContext): void {
    const [first] = this.points;
    if (
      this.kind === "length" &&
      first &&
      this.points.length === 1 &&
      distance(first, event.image) > context.reach()
    )
      this.add(event, context);
  }

  doubleClick(_event: ToolPointer, context: ToolContext): void {
    if (this.kind === "area") this.finish(context);
  }

  onAction(action: ActionId, context: ToolContext): boolean {
    if (action === "finish" && this.points.length > 0) this.finish(context);
    else if (action === "cancel" && this.points.length > 0) this.points = [];
    else if (action === "undo" && this.points.length > 0) this.points.pop();
    else if ((action === "undo" || action === "delete") && this.kept.length > 0) this.kept.pop();
    else return false;
    context.redraw();
    context.optionsChanged();
    return true;
  }

  options(context: ToolContext): ToolOption[] {
    return [
      {
        kind: "choice",
        id: "measure",
        label: "Measures",
        choices: KINDS,
        value: this.kind,
        set: (value) => {
          this.kind = value as MeasureKind;
          this.points = [];
          context.optionsChanged();
          context.redraw();
        },
      },
      {
        kind: "text",
        id: "unit",
        text: context.editor.spacing ? "in millimetres" : "no spacing known: in pixels",
      },
      {
        kind: "act",
        id: "clear",
        label: "Clear",
        disabled: this.kept.length === 0,
        run: () => {
          this.kept = [];
          context.optionsChanged();
          context.redraw();
        },
      },
    ];
  }

  draw(g: CanvasRenderingContext2D, context: ToolContext): void {
    const { frame, spacing } = context.editor;
    for (const one of this.kept)
      if (sameFrame(one.frame, frame))
        drawOne(g, context, one.kind, one.points, measured(one.kind, one.points, spacing));
    if (this.points.length === 0) return;
    const points = this.pointer ? [...this.points, this.pointer] : this.points;
    drawOne(g, context, this.kind, points, measured(this.kind, points, spacing));
  }

  private add(event: ToolPointer, context: ToolContext): void {
    this.points.push(clampPoint(event.image, context.size.width, context.size.height));
    if (this.points.length >= COMPLETE[this.kind]) this.finish(context);
    context.redraw();
  }

  private finish(context: ToolContext): void {
    const { kind, points } = this;
    this.points = [];
    if (points.length < LEAST[kind]) return;
    this.kept = [...this.kept, { kind, points, frame: context.editor.frame }].slice(-KEPT_MAX);
    context.editor.say(
      `${KINDS.find((one) => one.value === kind)?.label}: ${measured(kind, points, context.editor.spacing)}`,
    );
    context.optionsChanged();
    context.redraw();
  }
}

function drawOne(
  g: CanvasRenderingContext2D,
  { viewport }: ToolContext,
  kind: MeasureKind,
  points: Point[],
  text: string,
): void {
  const screen = points.map((point) => viewport.toScreen(point));
  g.save();
  for (const [color, width] of [
    ["rgba(0, 0, 0, 0.75)", 4],
    ["#ffd84d", 1.75],
  ] as const) {
    g.beginPath();
    for (const [x, y] of screen) g.lineTo(x, y);
    if (kind === "area") g.closePath();
    g.strokeStyle = color;
    g.lineWidth = width;
    g.stroke();
  }
  for (const [x, y] of screen) {
    g.beginPath();
    g.arc(x, y, 3, 0, Math.PI * 2);
    g.fillStyle = "#ffd84d";
    g.fill();
  }
  const [x, y] = screen.at(kind === "angle" ? 1 : -1) ?? [0, 0];
  g.font = "600 12px system-ui, sans-serif";
  g.lineWidth = 3;
  g.lineJoin = "round";
  g.strokeStyle = "rgba(0, 0, 0, 0.8)";
  g.strokeText(text, x + 9, y - 7);
  g.fillStyle = "#ffe9a0";
  g.fillText(text, x + 9, y - 7);
  g.restore();
}
