/** Relations as records have them, and what keeps them from leading nowhere. */
import type { AnnotationDocument, Change } from "./document";
import type { Annotation, Relation } from "./types";

export const relationsOf = (annotation: Annotation | null | undefined): readonly Relation[] =>
  annotation?.arrangement?.relations ?? [];

/** The object with other relations; without any it is spelled as if there had never been one. */
export function withRelations(annotation: Annotation, relations: readonly Relation[]): Annotation {
  const { relations: _old, ...rest } = annotation.arrangement ?? {};
  const { arrangement: _all, ...plain } = annotation;
  const arrangement = relations.length > 0 ? { ...rest, relations: [...relations] } : rest;
  return Object.keys(arrangement).length > 0 ? { ...plain, arrangement } : plain;
}

/** Takes away relations that lead nowhere: what two saved apart from each other may leave behind. The ids that were changed. */
export function dropDangling(records: Map<string, Annotation>): string[] {
  const changed: string[] = [];
  for (const [id, record] of records) {
    const relations = relationsOf(record);
    const kept = relations.filter((one) => records.has(one.to));
    if (kept.length === relations.length) continue;
    records.set(id, withRelations(record, kept));
    changed.push(id);
  }
  return changed;
}

/**
 * The changes without relations that would lead nowhere after them. A step that is taken back or done again finds the read as somebody
 * else may have left it meanwhile; of what one alone did, nothing is ever changed by this.
 */
export function consistent(document: AnnotationDocument, changes: Change[]): Change[] {
  const holders = document.related();
  if (holders.length === 0 && !changes.some(({ after }) => relationsOf(after).length > 0)) return changes;
  const after = new Map(changes.map((change) => [change.id, change.after]));
  const isThere = (id: string) => (after.has(id) ? Boolean(after.get(id)) : document.has(id));
  const sound = (record: Annotation) => {
    const kept = relationsOf(record).filter((one) => isThere(one.to));
    return kept.length === relationsOf(record).length ? record : withRelations(record, kept);
  };
  const made = changes.map((change) => {
    const record = change.after && sound(change.after);
    return record === change.after ? change : { ...change, after: record };
  });
  for (const before of holders) {
    const record = after.has(before.id) ? before : sound(before);
    if (record !== before) made.push({ id: before.id, before, after: record });
  }
  return made;
}
