/** Versions of one object: what changed from one to the next, and going back to one as a new version. */
import type { AnnotationVersion, RemovedAnnotation } from "@/api/types";
import { unclearWords } from "@/canvas/answers";
import type { Editor } from "@/canvas/editor";
import type { Annotation, ClassDef } from "@/canvas/types";
import { sameFrame } from "@/canvas/types";
import { annotationFromWire } from "./work";

/** A version as the panel shows it. */
export interface Version {
  key: string;
  version: number;
  at: number;
  who: string;
  /** The annotation as it was; nothing where this version removed it. */
  annotation: Annotation | null;
  /** What is different from the version before. */
  changed: string[];
  /** It says what the object says now. */
  current: boolean;
}

/** What was taken out of the read, as the panel shows it. */
export interface Removed {
  annotation: Annotation;
  name: string;
  color: string;
  at: number;
  who: string;
}

/** What was taken out and is not in the read now. `present`: whether an object is on screen. */
export function removedOf(
  found: readonly RemovedAnnotation[],
  present: (id: string) => boolean,
  classes: readonly ClassDef[],
): Removed[] {
  return found
    .filter((entry) => !present(entry.annotation.id))
    .map((entry) => {
      const annotation = { ...annotationFromWire(entry.annotation), version: entry.version };
      const known = classes.find((one) => one.id === annotation.class);
      return {
        annotation,
        name: known?.name ?? annotation.class,
        color: known?.color ?? "#c0c8d4",
        at: entry.at,
        who: entry.author_name ?? "Somebody",
      };
    });
}

/** Puts an object back as it was when it was taken out, one step that undo takes back; whether it could. */
export function putBack(editor: Editor, { annotation, name }: Removed): boolean {
  const entry = editor.classOf(annotation.class);
  if (editor.readOnly || editor.document.get(annotation.id)) return false;
  if (!entry || entry.retired) {
    editor.say(`${name} is a class that is no longer given.`);
    return false;
  }
  const { score: _score, ...rest } = annotation;
  const after = { ...rest, author: editor.me() };
  editor.apply(`put back ${name}`, [{ id: annotation.id, before: null, after }], annotation.frame);
  editor.select([annotation.id]);
  return true;
}

/** Newest first, each with what changed. `now`: the object as it is on screen. */
export function versionsOf(
  found: readonly AnnotationVersion[],
  now: Annotation | undefined,
  classes: readonly ClassDef[],
): Version[] {
  let before: Annotation | null = null;
  const list = found.map((entry, index): Version => {
    const annotation = entry.annotation ? annotationFromWire(entry.annotation) : null;
    const changed = changes(before, annotation, classes);
    before = annotation;
    return {
      key: `${entry.read}/${entry.version}/${index}`,
      version: entry.version,
      at: entry.at,
      who: whoOf(entry, annotation),
      annotation,
      changed,
      current: annotation !== null && now !== undefined && changes(annotation, now, classes).length === 0,
    };
  });
  return list.reverse();
}

function whoOf(entry: AnnotationVersion, annotation: Annotation | null): string {
  if (entry.author_name) return entry.author_name;
  const author = annotation?.author;
  if (author?.kind === "model") return `${author.name} ${author.version}`;
  return author?.kind === "rule" ? "Agreed by readers" : "Somebody before";
}

/** In words, what of an object is different. */
export function changes(
  before: Annotation | null,
  after: Annotation | null,
  classes: readonly ClassDef[],
): string[] {
  if (!after) return ["removed"];
  if (!before) return ["first version"];
  const name = (id: string) => classes.find((entry) => entry.id === id)?.name ?? id;
  const words: string[] = [];
  if (before.class !== after.class) words.push(`${name(before.class)} → ${name(after.class)}`);
  if (!same(before.shape, after.shape))
    words.push(
      before.shape.type === after.shape.type ? "shape" : `${before.shape.type} → ${after.shape.type}`,
    );
  if (!sameFrame(before.frame, after.frame)) words.push("frame");
  const stood = ({ arrangement }: Annotation) => ({ ...arrangement, relations: null });
  if (!same(stood(before), stood(after))) words.push("order or group");
  if (!same(before.arrangement?.relations ?? [], after.arrangement?.relations ?? [])) words.push("relations");
  if (!same(before.unclear ?? null, after.unclear ?? null))
    words.push(after.unclear ? unclearWords(after.unclear) : "not unclear any more");
  const fields = classes.find((entry) => entry.id === after.class)?.attributes ?? [];
  const keys = new Set([...Object.keys(before.attributes ?? {}), ...Object.keys(after.attributes ?? {})]);
  for (const key of [...keys].sort()) {
    const [old, new_] = [before.attributes?.[key], after.attributes?.[key]];
    if (old === new_) continue;
    const label = fields.find((field) => field.id === key)?.name ?? key;
    words.push(`${label}: ${said(old)} → ${said(new_)}`);
  }
  return words;
}

const said = (value: unknown) =>
  value === undefined ? "–" : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);

/** Whether two plain values are the same, whatever the order of their keys. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return (a ?? null) === (b ?? null);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) =>
    same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** Makes the object what it was in this version: a new version, one step that can be undone. Whether anything was changed. */
export function restore(editor: Editor, id: string, { version, annotation }: Version): boolean {
  const target = editor.document.get(id);
  if (!target || !annotation || editor.editable([target]).length === 0) return false;
  const entry = editor.classOf(annotation.class);
  if (!entry || (entry.retired && annotation.class !== target.class)) {
    editor.say(`Version ${version} has a class that is no longer given.`);
    return false;
  }
  editor.change(`restore version ${version} of`, [target], (now) => {
    const { frame: _frame, arrangement: _arrangement, unclear: _unclear, ...rest } = now;
    const { frame, arrangement, unclear } = annotation;
    return {
      ...rest,
      class: annotation.class,
      shape: annotation.shape,
      attributes: annotation.attributes ?? {},
      ...(frame ? { frame } : {}),
      ...(arrangement ? { arrangement } : {}),
      ...(unclear ? { unclear } : {}),
    };
  });
  return editor.document.get(id) !== target;
}
