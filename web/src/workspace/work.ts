import type {
  Dispute,
  Item,
  MarkAnswer,
  Protocol,
  Read,
  ReviewNote,
  Task,
  Annotation as WireAnnotation,
  Work,
} from "@/api/types";
import type { Editor } from "@/canvas/editor";
import { seriesFacts } from "@/canvas/series";
import { type Annotation, type AttributeDef, type FrameRef, type Spacing, sameFrame } from "@/canvas/types";
import { sameContent } from "./autosave";

/** A read as the workspace needs it. */
export interface ReadInfo {
  id: string;
  revision: number;
  annotations: Annotation[];
  contentHash: string | null;
  /** Printed name of the person, or name and version of the model. */
  author: string;
}

/** A task opened: the loose ends of the wire tied up in one place. */
export interface OpenWork {
  task: Task;
  item: Item;
  protocol: Protocol;
  /** The read that the person writes; at a signing stage there is none of their own. */
  read: ReadInfo | null;
  /** The read that is reviewed or signed. */
  subject: ReadInfo | null;
  /** Why it came back, when it did. */
  returned: ReviewNote | null;
  /** The model's draft, where it may be seen now. */
  draft: ReadInfo | null;
  /** There is a draft that the person may ask for. */
  draftOnRequest: boolean;
  /** Reads that differ, at an adjudication stage. */
  dispute: Dispute | null;
  meaning: string | null;
  /** The model that draws by clicks, where one is registered. */
  clickModel: { name: string; version: string } | null;
  /** The round of rework that it belongs to. */
  campaign: { name: string; classes: string[] } | null;
  /** What the person lacks since they claimed; they may finish, not sign. */
  notQualified: { code: string; message: string } | null;
}

export function openWork(work: Work): OpenWork {
  return {
    task: work.task,
    item: work.item,
    protocol: work.protocol,
    read: work.read ? readInfo(work.read) : null,
    subject: work.subject ? readInfo(work.subject) : null,
    returned: work.returned ?? null,
    draft: work.draft ? readInfo(work.draft) : null,
    draftOnRequest: work.draft_on_request,
    campaign: work.campaign ?? null,
    notQualified: work.not_qualified ?? null,
    dispute: work.dispute ?? null,
    meaning: work.meaning ?? null,
    clickModel: work.click_model ?? null,
  };
}

export function readInfo(read: Read): ReadInfo {
  return {
    id: read.id,
    revision: read.revision,
    annotations: read.annotations.map(annotationFromWire),
    contentHash: read.content_hash ?? null,
    author: read.author_name,
  };
}

export function annotationFromWire(wire: WireAnnotation): Annotation {
  return wire as Annotation;
}

/** A required attribute of an object. */
export interface OpenAnswer {
  annotation: Annotation;
  attribute: AttributeDef;
}

const answersOf = new WeakMap<Editor, { revision: number; open: readonly OpenAnswer[] }>();

/** Required attributes without an answer, in the order of the objects. Counted once per change of the document. */
export function unanswered(editor: Editor): readonly OpenAnswer[] {
  const { document } = editor;
  const known = answersOf.get(editor);
  if (known?.revision === document.revision) return known.open;
  const required = new Map(
    editor.classes.map((entry) => [entry.id, (entry.attributes ?? []).filter((one) => one.required)]),
  );
  const open: OpenAnswer[] = [];
  for (const annotation of document.all())
    for (const attribute of required.get(annotation.class) ?? [])
      if (annotation.attributes?.[attribute.id] === undefined) open.push({ annotation, attribute });
  answersOf.set(editor, { revision: document.revision, open });
  return open;
}

/** The rows of the list of objects: those of the frame on screen first. */
export interface ObjectRows {
  rows: readonly Annotation[];
  /** How many lie on the frame on screen or on the item. */
  here: number;
  /** Where an object stands. */
  places: ReadonlyMap<string, number>;
}

const rowsOf = new WeakMap<Editor, ObjectRows & { revision: number; frame: FrameRef | null }>();

/** Put in order once per change of the document or frame: a selection among thousands must not do it again. */
export function objectRows(editor: Editor): ObjectRows {
  const { document, frame } = editor;
  const known = rowsOf.get(editor);
  if (known?.revision === document.revision && known.frame === frame) return known;
  const here = editor.objects();
  const elsewhere = frame ? document.all().filter((a) => a.frame && !sameFrame(a.frame, frame)) : [];
  const rows = elsewhere.length > 0 ? [...here, ...elsewhere] : here;
  const places = new Map(rows.map((row, place) => [row.id, place]));
  const made = { rows, here: here.length, places, revision: document.revision, frame };
  rowsOf.set(editor, made);
  return made;
}

/** Whether the reviewer's copy says something else than what was handed in. */
export function differsFrom(subject: readonly Annotation[], now: readonly Annotation[]): boolean {
  const theirs = new Map(subject.map((annotation) => [annotation.id, annotation]));
  return (
    theirs.size !== now.length ||
    now.some((annotation) => !sameContent(annotation, theirs.get(annotation.id)))
  );
}

/** Mark by mark what a reviewer answered: said, or shown by correcting or removing it. What nobody looked at has no answer. */
export function markAnswers(
  subject: readonly Annotation[],
  now: readonly Annotation[],
  checked: ReadonlySet<string>,
  wrong: ReadonlySet<string>,
): MarkAnswer[] {
  const mine = new Map(now.map((annotation) => [annotation.id, annotation]));
  return subject.flatMap((mark): MarkAnswer[] => {
    const own = mine.get(mark.id);
    if (!own) return [{ annotation: mark.id, verdict: "wrong" }];
    if (!sameContent(mark, own)) return [{ annotation: mark.id, verdict: "fixed" }];
    if (wrong.has(mark.id)) return [{ annotation: mark.id, verdict: "wrong" }];
    return checked.has(mark.id) ? [{ annotation: mark.id, verdict: "right" }] : [];
  });
}

/** How often somebody else must look: objects that a reviewer has not confirmed yet. */
export function unchecked(objects: readonly Annotation[], checked: ReadonlySet<string>): Annotation[] {
  return objects.filter((annotation) => !checked.has(annotation.id));
}
/** Millimetres between the pixels of a stream, in the patient; nothing where nobody knows or where they lie on the detector. */
export function spacingOf(item: Item, stream: number): Spacing | null {
  const found = item.streams[stream];
  if (!found) return null;
  const facts = seriesFacts(found, item.facts);
  return typeof facts.ruler === "string" || facts.ruler.caveat ? null : facts.spacing;
}
