/**
 * Tracks: one thing over several frames. A person sets it on key frames; on the frames between two of them it is
 * calculated, and calculated again whenever one of the two changes.
 */
import type { Change } from "./document";
import type { Editor } from "./editor";
import { between } from "./interpolate";
import type { Annotation } from "./types";
import { sameFrame } from "./types";

/** Most frames that one step fills, so that a slip of the hand stays small. */
export const PROPAGATE_MAX = 1_000;

/** The members of a track on one stream, in the order of their frames. */
export function members(editor: Editor, track: string, stream: number): Annotation[] {
  return editor.document
    .inTrack(track)
    .filter((a) => a.frame?.stream === stream)
    .sort((a, b) => (a.frame?.index ?? 0) - (b.frame?.index ?? 0));
}

const isKey = (a: Annotation) => !a.arrangement?.interpolated;

/**
 * What follows from changes: the calculated frames on both sides of each changed member of a track. A calculated one that
 * a person changed has become a key frame by it.
 */
export function following(editor: Editor, changes: Change[]): Change[] {
  const changed = new Map(changes.map((change) => [change.id, change]));
  const made = new Map<string, Change>();
  for (const change of changes) {
    const record = change.after ?? change.before;
    const track = record?.arrangement?.track;
    if (!record?.frame || !track) continue;
    if (
      change.after?.arrangement?.interpolated &&
      change.before &&
      change.before.shape !== change.after.shape
    ) {
      const { interpolated: _no, ...arrangement } = change.after.arrangement;
      change.after = { ...change.after, arrangement };
    }
    const line = members(editor, track, record.frame.stream)
      .map((a) => (changed.has(a.id) ? (changed.get(a.id)?.after ?? null) : a))
      .filter((a): a is Annotation => a !== null);
    if (change.after && !line.some((a) => a.id === change.id)) line.push(change.after);
    line.sort((a, b) => (a.frame?.index ?? 0) - (b.frame?.index ?? 0));
    for (const next of recalculated(line)) {
      const own = changed.get(next.id);
      // What has ceased to be a key frame by this change is calculated like its neighbours.
      if (own?.after && own.before && isKey(own.before) && own.before.shape === own.after.shape)
        own.after = { ...own.after, shape: next.shape };
      const before = editor.document.get(next.id);
      if (before && !changed.has(next.id) && !editor.isLocked(next.id))
        made.set(next.id, { id: next.id, before, after: { ...next, author: editor.me() } });
    }
  }
  return [...made.values()];
}

/** The calculated members whose shape is another one now. */
function recalculated(line: Annotation[]): Annotation[] {
  const found: Annotation[] = [];
  line.forEach((a, i) => {
    if (isKey(a) || !a.frame) return;
    const previous = line.slice(0, i).reverse().find(isKey);
    const next = line.slice(i + 1).find(isKey);
    if (!previous?.frame || !next?.frame) return;
    const t = (a.frame.index - previous.frame.index) / (next.frame.index - previous.frame.index);
    const shape = between(previous.shape, next.shape, t);
    if (shape && JSON.stringify(shape) !== JSON.stringify(a.shape)) found.push({ ...a, shape });
  });
  return found;
}

/**
 * Copies the selection to the next `count` frames of its stream, as one track each. The last copy is a key frame, those
 * before it are calculated: moving any of them moves what lies between. Frames where the track is already are left.
 */
export function propagate(editor: Editor, count: number): number {
  const { frame } = editor;
  const targets = editor.editable(editor.selection()).filter((a) => a.frame && sameFrame(a.frame, frame));
  if (!frame || targets.length === 0) return 0;
  const last = Math.min(editor.frameCount(frame.stream) - 1, frame.index + Math.min(PROPAGATE_MAX, count));
  const changes: Change[] = [];
  for (const before of targets) {
    const track = before.arrangement?.track ?? editor.freshId();
    const { interpolated: _no, ...stood } = before.arrangement ?? {};
    const plain = { ...stood, track };
    // Where it starts from is where a person set it.
    if (!before.arrangement?.track || before.arrangement.interpolated)
      changes.push({ id: before.id, before, after: { ...before, arrangement: plain, author: editor.me() } });
    const taken = new Set(members(editor, track, frame.stream).map((a) => a.frame?.index));
    for (let index = frame.index + 1; index <= last; index += 1) {
      if (taken.has(index)) continue;
      const key = index === last || taken.has(index + 1);
      const stands = key ? plain : { ...plain, interpolated: true };
      const after = editor.fresh({ ...before, arrangement: stands, frame: { stream: frame.stream, index } });
      changes.push({ id: after.id, before: null, after });
    }
  }
  const made = changes.filter((change) => change.before === null).length;
  if (made > 0) editor.apply(`propagate ${editor.nameOf(targets)}`, changes, frame);
  return made;
}

/**
 * Fills the frames between the selected object and the nearest key frame of its track before it, or, for two selected
 * objects of one class on two frames, makes them a track and fills what lies between. Returns the frames filled.
 */
export function interpolate(editor: Editor): number {
  const target = editor.editable(editor.selection())[0];
  if (!target?.frame) return 0;
  const track = target.arrangement?.track;
  if (!track) return 0;
  const { stream } = target.frame;
  const line = members(editor, track, stream);
  const keys = line.filter(isKey);
  const changes: Change[] = [];
  const have = new Map(line.map((a) => [a.frame?.index, a]));
  for (let i = 1; i < keys.length; i += 1) {
    const [a, b] = [keys[i - 1] as Annotation, keys[i] as Annotation];
    const [from, to] = [a.frame?.index ?? 0, b.frame?.index ?? 0];
    for (let index = from + 1; index < to && changes.length < PROPAGATE_MAX; index += 1) {
      const shape = between(a.shape, b.shape, (index - from) / (to - from));
      if (!shape || have.has(index)) continue;
      const arrangement = { ...a.arrangement, track, interpolated: true };
      const after = editor.fresh({ ...a, shape, arrangement, frame: { stream, index } });
      changes.push({ id: after.id, before: null, after });
    }
  }
  if (changes.length > 0) editor.apply(`interpolate ${editor.nameOf([target])}`, changes, target.frame);
  return changes.length;
}

/** Makes the selection key frames of their tracks, or calculated ones again where there is something to calculate from. */
export function toggleKey(editor: Editor): void {
  const targets = editor.editable(editor.selection()).filter((a) => a.arrangement?.track);
  const toggled = targets.filter((a) => !isKey(a) || isBetweenKeys(editor, a));
  if (toggled.length < targets.length)
    editor.say("The first and the last key frame of a track are where it begins and ends: they stay set.");
  const changes = toggled.map((before) => {
    const { interpolated, ...rest } = before.arrangement ?? {};
    const arrangement = interpolated ? rest : { ...rest, interpolated: true };
    return { id: before.id, before, after: { ...before, arrangement, author: editor.me() } };
  });
  editor.apply(`set the key frame of ${editor.nameOf(toggled)}`, changes, editor.frame);
}

function isBetweenKeys(editor: Editor, { arrangement, frame }: Annotation): boolean {
  if (!arrangement?.track || !frame) return false;
  const keys = members(editor, arrangement.track, frame.stream).filter(isKey);
  const at = (a: Annotation | undefined) => a?.frame?.index ?? frame.index;
  return at(keys[0]) < frame.index && frame.index < at(keys.at(-1));
}

/** The next (or previous) key frame of the selected track, seen from the frame on screen. */
export function nextKey(editor: Editor, direction: 1 | -1): Annotation | null {
  const target = editor.selection().find((a) => a.arrangement?.track && a.frame);
  const track = target?.arrangement?.track;
  if (!target?.frame || !track) return null;
  const at = editor.frame?.index ?? target.frame.index;
  const keys = members(editor, track, target.frame.stream).filter(isKey);
  const ahead = keys.filter((a) => ((a.frame?.index ?? at) - at) * direction > 0);
  return (direction > 0 ? ahead[0] : ahead.at(-1)) ?? null;
}
