/** Areas drawn into objects that are there, and pixels made into objects. Each is one undoable step. */
import { type AreaAct, combineAreas } from "./area";
import { Bits } from "./bits";
import { outlines, simplifyRing } from "./contour";
import type { Change } from "./document";
import type { Editor } from "./editor";
import { shapeRings } from "./geometry";
import type { Annotation, PolygonShape, Shape } from "./types";

/** What is drawn is a new object, or is joined with or cut from the selected one. */
export type DrawMode = "new" | "add" | "subtract";

export const DRAW_MODES: { value: DrawMode; label: string }[] = [
  { value: "new", label: "New" },
  { value: "add", label: "Add" },
  { value: "subtract", label: "Subtract" },
];

/** How far an outline made of pixels may be from their sides, pixels. */
const OUTLINE_TOLERANCE_PX = 0.75;

/** The one selected object that an area can be added to or cut from. */
export function areaTarget(editor: Editor): Annotation | null {
  const [target, another] = editor.editable(editor.selection());
  if (!target || another) return null;
  return target.shape.type === "mask" || shapeRings(target.shape).length > 0 ? target : null;
}

/** Draws an area: a new object, or into the selected one. */
export function drawArea(editor: Editor, area: PolygonShape, mode: DrawMode): void {
  if (mode === "new") {
    editor.create(area);
    return;
  }
  const target = areaTarget(editor);
  if (!target) {
    editor.say("Select the one area to add to or subtract from.");
    return;
  }
  if (target.shape.type === "mask") {
    const { width, height } = sizeOf(target.shape);
    const whole = Bits.fromShape(target.shape).cut({ minX: 0, minY: 0, maxX: width, maxY: height });
    whole.fillRings(shapeRings(area), mode === "add" ? 1 : 0);
    replace(
      editor,
      target,
      [whole.toShape(width, height)].filter((part) => part !== null),
      mode,
    );
    return;
  }
  const act: AreaAct = mode === "add" ? "join" : "cut";
  replace(editor, target, combineAreas(target.shape, area, act), mode);
}

/** Puts pieces in the place of an object: the first keeps its id, the others are new ones of its class. */
function replace(editor: Editor, target: Annotation, pieces: Shape[], mode: DrawMode): void {
  const [first, ...rest] = pieces;
  if (!first) {
    editor.say("Nothing would be left of the object: delete it instead.");
    return;
  }
  if (mode === "add" && rest.length > 0) {
    editor.say("The two do not touch: draw it as an object of its own.");
    return;
  }
  if (!editor.classOf(target.class)?.shapes.includes(first.type)) {
    editor.say("The class does not take what they make together.");
    return;
  }
  const { score: _score, ...kept } = target;
  const changes: Change[] = [
    { id: target.id, before: target, after: { ...kept, shape: first, author: editor.me() } },
  ];
  for (const shape of rest) {
    const after = editor.fresh({ ...target, arrangement: {}, shape });
    changes.push({ id: after.id, before: null, after });
  }
  editor.apply(
    `${mode === "add" ? "add to" : "subtract from"} ${editor.nameOf([target])}`,
    changes,
    target.frame,
  );
  editor.select([target.id]);
}

/** Makes pixels an object: a mask where a class takes one, else the outline of their largest part. */
export function drawPixels(editor: Editor, pixels: Bits, mode: DrawMode): void {
  const size = editor.limits;
  if (!size) return;
  const target = mode === "new" ? null : areaTarget(editor);
  if (mode !== "new" && !target) {
    editor.say("Select the one area to add to or subtract from.");
    return;
  }
  if (target && target.shape.type !== "mask") {
    const outline = outlineOf(pixels);
    if (outline) drawArea(editor, outline, mode);
    return;
  }
  const value = mode === "subtract" ? 0 : 1;
  if (target?.shape.type === "mask") {
    const whole = Bits.fromShape(target.shape).cut({ minX: 0, minY: 0, maxX: size.width, maxY: size.height });
    const shape = whole.combine(pixels, value).toShape(size.width, size.height);
    replace(editor, target, shape ? [shape] : [], mode);
    return;
  }
  const shape = pixels.toShape(size.width, size.height);
  if (!shape) return;
  const active = editor.classOf(editor.activeClass);
  const asMask = active?.shapes.includes("mask") || !active?.shapes.includes("polygon");
  const outline = asMask ? null : outlineOf(pixels);
  editor.create(outline ?? shape);
}

function outlineOf(pixels: Bits): PolygonShape | null {
  const extent = pixels.extent();
  const largest = extent && outlines(pixels.cut(extent))[0];
  if (!largest) return null;
  const holes = (largest.holes ?? []).map((hole) => simplifyRing(hole, OUTLINE_TOLERANCE_PX));
  const points = simplifyRing(largest.points, OUTLINE_TOLERANCE_PX);
  return holes.length > 0 ? { type: "polygon", points, holes } : { type: "polygon", points };
}

function sizeOf({ size: [height, width] }: { size: [number, number] }) {
  return { width, height };
}
