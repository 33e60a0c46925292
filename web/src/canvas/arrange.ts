/** Objects together: groups, order, joined into one and cut into several. Each is one undoable step. */
import { combineAreas, slice } from "./area";
import { Bits } from "./bits";
import type { Change } from "./document";
import type { Editor } from "./editor";
import { islands } from "./flood";
import type { Annotation, Arrangement, Point, Shape } from "./types";
import { sameFrame } from "./types";

function arranged(annotation: Annotation, change: Partial<Arrangement>): Annotation {
  const { group, z, ...rest } = { ...annotation.arrangement, ...change };
  const arrangement: Arrangement = {
    ...rest,
    ...(group === null || group === undefined ? {} : { group }),
    ...(z ? { z } : {}),
  };
  const { arrangement: _old, ...plain } = annotation;
  return Object.keys(arrangement).length > 0 ? { ...plain, arrangement } : plain;
}

function rearrange(
  editor: Editor,
  label: string,
  targets: Annotation[],
  change: (a: Annotation) => Partial<Arrangement>,
) {
  const changes = targets.map((before) => ({
    id: before.id,
    before,
    after: arranged(before, change(before)),
  }));
  if (changes.length > 0) editor.apply(`${label} ${editor.nameOf(targets)}`, changes, editor.frame);
}

/** Everything that stands in a group with one of these. */
export function withGroup(editor: Editor, ids: Iterable<string>): string[] {
  const chosen = new Set(ids);
  const groups = new Set<number>();
  for (const id of chosen) {
    const group = editor.document.get(id)?.arrangement?.group;
    if (group !== null && group !== undefined) groups.add(group);
  }
  if (groups.size > 0)
    for (const a of editor.visibleObjects())
      if (
        a.arrangement?.group !== null &&
        a.arrangement?.group !== undefined &&
        groups.has(a.arrangement.group)
      )
        chosen.add(a.id);
  return [...chosen];
}

export function group(editor: Editor): void {
  const targets = editor.editable(editor.selection());
  if (targets.length < 2) {
    editor.say("Select two or more objects to group them.");
    return;
  }
  const next = editor.document.all().reduce((most, a) => Math.max(most, a.arrangement?.group ?? 0), 0) + 1;
  rearrange(editor, "group", targets, () => ({ group: next }));
}

export function ungroup(editor: Editor): void {
  const targets = editor.editable(editor.selection()).filter((a) => a.arrangement?.group);
  rearrange(editor, "ungroup", targets, () => ({ group: null }));
}

/** Puts the selection above (or below) everything else on the frame. */
export function restack(editor: Editor, direction: 1 | -1): void {
  const targets = editor.editable(editor.selection());
  const chosen = new Set(targets.map((a) => a.id));
  const others = editor.objects().filter((a) => !chosen.has(a.id));
  const edge = others.reduce(
    (most, a) =>
      direction > 0 ? Math.max(most, a.arrangement?.z ?? 0) : Math.min(most, a.arrangement?.z ?? 0),
    0,
  );
  rearrange(editor, direction > 0 ? "bring to the front" : "send to the back", targets, () => ({
    z: edge + direction,
  }));
}

/** Makes one object of the selected ones: areas and masks by what they cover, points by adding up. */
export function merge(editor: Editor): void {
  const targets = editor.editable(editor.selection());
  const [first, ...rest] = targets;
  if (!first || rest.length === 0) {
    editor.say("Select two or more objects to merge them.");
    return;
  }
  let shape: Shape | null = first.shape;
  for (const next of rest) shape = shape && joined(shape, next.shape, editor);
  if (!shape) {
    editor.say("These do not make one object: areas have to touch, and all must be of one kind.");
    return;
  }
  const entry = editor.classOf(first.class);
  if (!entry?.shapes.includes(shape.type)) {
    editor.say(`The class ${entry?.name ?? first.class} does not take what they make together.`);
    return;
  }
  const { score: _score, ...kept } = first;
  const changes: Change[] = [
    { id: first.id, before: first, after: { ...kept, shape, author: editor.me() } },
    ...rest.map((before) => ({ id: before.id, before, after: null })),
  ];
  editor.apply(`merge ${editor.nameOf(targets)}`, changes, first.frame);
  editor.select([first.id]);
}

function joined(a: Shape, b: Shape, editor: Editor): Shape | null {
  if (a.type === "mask" && b.type === "mask" && editor.limits) {
    const { width, height } = editor.limits;
    const whole = Bits.fromShape(a).cut({ minX: 0, minY: 0, maxX: width, maxY: height });
    return whole.combine(Bits.fromShape(b), 1).toShape(width, height);
  }
  if (a.type === "points" && b.type === "points")
    return { type: "points", points: [...a.points, ...b.points] };
  if (a.type === "polyline" && b.type === "polyline")
    return { type: "polyline", points: [...a.points, ...b.points] };
  const pieces = combineAreas(a, b, "join");
  return pieces.length === 1 ? (pieces[0] as Shape) : null;
}

/** Cuts the selected areas and masks along a line. Returns how many objects there are of them now. */
export function sliceAlong(editor: Editor, line: Point[]): number {
  const targets = editor.editable(editor.selection());
  const changes: Change[] = [];
  let made = 0;
  for (const before of targets) {
    const pieces = before.shape.type === "mask" ? sliceMask(before.shape, line) : slice(before.shape, line);
    if (pieces.length < 2) continue;
    const [first, ...rest] = pieces as [Shape, ...Shape[]];
    const { score: _score, ...kept } = before;
    changes.push({ id: before.id, before, after: { ...kept, shape: first, author: editor.me() } });
    for (const shape of rest) {
      const { arrangement, ...plain } = before;
      const z = arrangement?.z ? { arrangement: { z: arrangement.z } } : {};
      const after = editor.fresh({ ...plain, ...z, shape });
      changes.push({ id: after.id, before: null, after });
    }
    made += pieces.length;
  }
  if (changes.length > 0) editor.apply(`slice ${editor.nameOf(targets)}`, changes, editor.frame);
  else editor.say("The line runs through none of the selected areas.");
  return made;
}

/** The changes that take the pixels of a mask away from the other masks on its frame. */
export function cutFromOthers(editor: Editor, painted: Annotation, bits: Bits): Change[] {
  const others = editor.editable(editor.objects()).filter((a) => a.id !== painted.id);
  const changes: Change[] = [];
  for (const before of others) {
    if (before.shape.type !== "mask" || !sameFrame(before.frame, painted.frame)) continue;
    const [height, width] = before.shape.size;
    const left = Bits.fromShape(before.shape).copy();
    const count = left.count();
    left.combine(bits.cut(windowOf(left)), 0);
    if (left.count() === count) continue;
    const shape = left.toShape(width, height);
    changes.push({ id: before.id, before, after: shape && { ...before, shape, author: editor.me() } });
  }
  return changes;
}

function windowOf({ left, top, width, height }: Bits) {
  return { minX: left, minY: top, maxX: left + width, maxY: top + height };
}

function sliceMask(shape: Extract<Shape, { type: "mask" }>, line: Point[]): Shape[] {
  const bits = Bits.fromShape(shape);
  const [height, width] = shape.size;
  const window: Shape = { type: "box", x: bits.left, y: bits.top, w: bits.width, h: bits.height };
  const sides = slice(window, line);
  if (sides.length < 2) return [];
  const parts = sides.map((side) => {
    const cover = new Bits(bits.left, bits.top, bits.width, bits.height).fillRings([side.points], 1);
    for (let i = 0; i < cover.data.length; i += 1)
      cover.data[i] = (cover.data[i] as number) & (bits.data[i] as number);
    return cover.toShape(width, height);
  });
  return parts.filter((part) => part !== null);
}

/** Makes an object of each island of the selected masks, and of each point of the selected points. */
export function split(editor: Editor): void {
  const targets = editor.editable(editor.selection());
  const changes: Change[] = [];
  for (const before of targets) {
    const pieces = islandsOf(before.shape);
    if (pieces.length < 2) continue;
    const [first, ...rest] = pieces as [Shape, ...Shape[]];
    changes.push({ id: before.id, before, after: { ...before, shape: first, author: editor.me() } });
    for (const shape of rest) {
      const after = editor.fresh({ ...before, arrangement: {}, shape });
      changes.push({ id: after.id, before: null, after });
    }
  }
  if (changes.length > 0) editor.apply(`split ${editor.nameOf(targets)}`, changes, editor.frame);
  else editor.say("Only masks of several islands and several points can be split; slice cuts along a line.");
}

function islandsOf(shape: Shape): Shape[] {
  if (shape.type === "points") return shape.points.map((point) => ({ type: "points", points: [point] }));
  if (shape.type !== "mask") return [];
  const [height, width] = shape.size;
  return islands(Bits.fromShape(shape))
    .map((bits) => bits.toShape(width, height))
    .filter((part) => part !== null);
}
