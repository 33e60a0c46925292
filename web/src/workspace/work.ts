import type {
  Dispute,
  Item,
  Protocol,
  Read,
  ReviewNote,
  Task,
  Annotation as WireAnnotation,
  Work,
} from "@/api/types";
import type { Editor } from "@/canvas/editor";
import { seriesFacts } from "@/canvas/series";
import type { Annotation, AttributeDef, Spacing } from "@/canvas/types";
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
    dispute: work.dispute ?? null,
    meaning: work.meaning ?? null,
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

/** Required attributes without an answer, in the order of the objects. */
export function unanswered(editor: Editor): { annotation: Annotation; attribute: AttributeDef }[] {
  return editor.document
    .all()
    .flatMap((annotation) =>
      (editor.classOf(annotation.class)?.attributes ?? [])
        .filter((attribute) => attribute.required && annotation.attributes?.[attribute.id] === undefined)
        .map((attribute) => ({ annotation, attribute })),
    );
}

/** Whether the reviewer's copy says something else than what was handed in. */
export function differsFrom(subject: readonly Annotation[], now: readonly Annotation[]): boolean {
  const theirs = new Map(subject.map((annotation) => [annotation.id, annotation]));
  return (
    theirs.size !== now.length ||
    now.some((annotation) => !sameContent(annotation, theirs.get(annotation.id)))
  );
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
