/**
 * Drawing masks at the gate, without a framework: a cross that the arrow keys move, two corners, whole pixels. Masks are
 * in pixels of the picture, x to the right, y down, (0, 0) at the outer corner of the first pixel.
 */
import type { GateMask, GateProposal, MaskDraft, MaskRect } from "@/api/types";

export type Size = { width: number; height: number };
export type Point = [x: number, y: number];
/** The cross, and the corner that is held once the first one is set. */
export type Drawing = { at: Point; corner: Point | null };

/** Steps of an arrow key, in parts of the longer edge: plain, and with Shift (one pixel). */
const STEPS_ACROSS = 50;

export const beginDrawing = (size: Size): Drawing => ({
  at: [Math.floor(size.width / 2), Math.floor(size.height / 2)],
  corner: null,
});

export const stepOf = (size: Size, fine: boolean): number =>
  fine ? 1 : Math.max(1, Math.round(Math.max(size.width, size.height) / STEPS_ACROSS));

const within = (value: number, end: number) => Math.max(0, Math.min(end, Math.round(value)));

export function moveCross(drawing: Drawing, dx: number, dy: number, size: Size): Drawing {
  const [x, y] = drawing.at;
  return { ...drawing, at: [within(x + dx, size.width), within(y + dy, size.height)] };
}

/** Enter: the first time it sets a corner, the second time it is the opposite one. */
export function setCorner(drawing: Drawing, size: Size): { drawing: Drawing; done: MaskRect | null } {
  if (!drawing.corner) return { drawing: { ...drawing, corner: drawing.at }, done: null };
  const done = rectBetween(drawing.corner, drawing.at, size);
  return done ? { drawing: { ...drawing, corner: null }, done } : { drawing, done: null };
}

/** The rectangle between two corners in whole pixels inside of the picture; `null` if it would cover nothing. */
export function rectBetween(a: Point, b: Point, size: Size): MaskRect | null {
  const left = within(Math.floor(Math.min(a[0], b[0])), size.width);
  const right = within(Math.ceil(Math.max(a[0], b[0])), size.width);
  const top = within(Math.floor(Math.min(a[1], b[1])), size.height);
  const bottom = within(Math.ceil(Math.max(a[1], b[1])), size.height);
  if (right <= left || bottom <= top) return null;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Where a point on the screen lies in a picture that is shown whole and centred in its box. */
export function toPicture(point: Point, box: Size, picture: Size): Point {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const left = (box.width - picture.width * scale) / 2;
  const top = (box.height - picture.height * scale) / 2;
  return [(point[0] - left) / scale, (point[1] - top) / scale];
}

export const drafts = (masks: GateMask[]): MaskDraft[] =>
  masks.map(({ id, frame, rect }) => ({ id, frame, rect }));

const holds = (outer: MaskRect, inner: MaskRect) =>
  outer.x <= inner.x &&
  outer.y <= inner.y &&
  outer.x + outer.width >= inner.x + inner.width &&
  outer.y + outer.height >= inner.y + inner.height;

/** Proposals that no mask covers yet. */
export const openProposals = (proposals: GateProposal[], masks: GateMask[]): GateProposal[] =>
  proposals.filter((one) => !masks.some((mask) => mask.frame === one.frame && holds(mask.rect, one.rect)));

/** The masks with those proposals taken as masks. */
export const withProposals = (masks: GateMask[], proposals: GateProposal[]): MaskDraft[] => [
  ...drafts(masks),
  ...openProposals(proposals, masks).map(({ frame, rect }) => ({ frame, rect })),
];

/** Frames of the stream that a frame belongs to, so that text on every frame is masked at once. */
export function framesBeside(frame: number, streams: number[]): number[] {
  let first = 0;
  for (const length of streams) {
    if (frame < first + length) return Array.from({ length }, (_, index) => first + index);
    first += length;
  }
  return [frame];
}

/** The masks with a new one on these frames. */
export const withMask = (masks: GateMask[], frames: number[], rect: MaskRect): MaskDraft[] => [
  ...drafts(masks),
  ...frames.map((frame) => ({ frame, rect })),
];

export const withoutMask = (masks: GateMask[], id: string): MaskDraft[] =>
  drafts(masks.filter((mask) => mask.id !== id));
