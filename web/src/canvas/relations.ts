/**
 * Relations between objects. A relation is kept with the object that it goes out from: whatever is done to that object takes it
 * along, and what follows from a change for others (an object that is gone takes its relations with it) is part of the same step.
 */
import { isAnswer } from "./answers";
import type { Change } from "./document";
import type { Editor } from "./editor";
import { type Command, EditCommand } from "./history";
import { relationsOf, withRelations } from "./related";
import type { Annotation, Relation, RelationType } from "./types";

/** Most relations in one read; the server refuses more. */
export const RELATIONS_MAX = 10_000;

/** A relation with both of its ends. */
export interface Related {
  relation: Relation;
  from: Annotation;
  to: Annotation;
}

/** Whether a type may go from an object of one class to one of another. Undirected, either may come first. */
export function allows(type: RelationType, from: string, to: string): boolean {
  const takes = (classes: readonly string[] | undefined, id: string) =>
    !classes?.length || classes.includes(id);
  const way = (a: string, b: string) => takes(type.from, a) && takes(type.to, b);
  return way(from, to) || (type.directed === false && way(to, from));
}

/** The types that two objects can be related by, in this direction. */
export function typesFor(editor: Editor, from: Annotation, to: Annotation): RelationType[] {
  if (from.id === to.id || [from, to].some(isAnswer)) return [];
  return editor.relationTypes.filter((type) => !type.retired && allows(type, from.class, to.class));
}

/** All relations of the read, each with both ends. */
export function allRelations(editor: Editor): Related[] {
  const found: Related[] = [];
  for (const from of editor.document.related())
    for (const relation of relationsOf(from)) {
      const to = editor.document.get(relation.to);
      if (to) found.push({ relation, from, to });
    }
  return found;
}

/** Relations that an object has, going out from it or leading to it. */
export function relationsAt(editor: Editor, id: string): Related[] {
  return allRelations(editor).filter(({ from, to }) => from.id === id || to.id === id);
}

/** Whether two objects are related by a type already; undirected, whichever comes first. */
function isThere(type: RelationType, from: Annotation, to: Annotation): boolean {
  const has = (a: Annotation, b: Annotation) =>
    relationsOf(a).some((one) => one.type === type.id && one.to === b.id);
  return has(from, to) || (type.directed === false && has(to, from));
}

/** Relates two objects, one undoable step. Why it cannot be is said; whether it was done. */
export function relate(editor: Editor, from: Annotation, to: Annotation, type: RelationType): boolean {
  const refuse = (text: string) => {
    editor.say(text);
    return false;
  };
  if (editor.readOnly) return false;
  if (from.id === to.id) return refuse("An object cannot be related to itself.");
  if (!typesFor(editor, from, to).includes(type))
    return refuse(`“${type.name}” does not go from ${editor.nameOf([from])} to ${editor.nameOf([to])}.`);
  if (isThere(type, from, to)) return refuse(`These two are related by “${type.name}” already.`);
  const [holder] = editor.editable([from]);
  if (!holder) return refuse("The object is locked or hidden.");
  const count = editor.document.related().reduce((sum, one) => sum + relationsOf(one).length, 0);
  if (count >= RELATIONS_MAX)
    return refuse(`A read takes ${RELATIONS_MAX.toLocaleString()} relations at most.`);
  const relation: Relation = { id: editor.freshId(), type: type.id, to: to.id };
  editor.change(`relate (${type.name})`, [holder], (a) => withRelations(a, [...relationsOf(a), relation]));
  return true;
}

/** Takes a relation away, one undoable step. */
export function unrelate(editor: Editor, { from, relation }: Related): void {
  const now = editor.document.get(from.id);
  if (!now) return;
  editor.change("remove a relation of", [now], (a) =>
    withRelations(
      a,
      relationsOf(a).filter((one) => one.id !== relation.id),
    ),
  );
}

/**
 * The changes with what follows from them for relations: those of objects that are gone go with them, copies have none of their
 * original's, and those that a class no longer takes are removed.
 */
export function settled(editor: Editor, changes: Change[]): Change[] {
  const { document } = editor;
  const holders = document.related();
  if (holders.length === 0 && !changes.some(({ after }) => relationsOf(after).length > 0)) return changes;
  const after = new Map(changes.map((change) => [change.id, change.after]));
  const now = (id: string) => (after.has(id) ? after.get(id) : document.get(id));
  const owner = new Map<string, string>();
  for (const holder of holders)
    for (const relation of relationsOf(holder)) if (now(holder.id)) owner.set(relation.id, holder.id);
  let misfits = 0;
  const stays = (record: Annotation) => (relation: Relation) => {
    const to = now(relation.to);
    if (!to || to.id === record.id || (owner.get(relation.id) ?? record.id) !== record.id) return false;
    const type = editor.relationTypes.find((one) => one.id === relation.type);
    const fits = type !== undefined && allows(type, record.class, to.class);
    if (!fits) misfits += 1;
    return fits;
  };
  const settledOf = (record: Annotation): Annotation => {
    const kept = relationsOf(record).filter(stays(record));
    return kept.length === relationsOf(record).length ? record : withRelations(record, kept);
  };
  const made = changes.map((change) => {
    if (!change.after) return change;
    const record = settledOf(change.after);
    return record === change.after ? change : { ...change, after: record };
  });
  for (const before of holders) {
    if (after.has(before.id)) continue;
    const record = settledOf(before);
    if (record === before) continue;
    const { score: _score, ...rest } = record;
    made.push({ id: before.id, before, after: { ...rest, author: editor.me() } });
  }
  if (misfits > 0)
    editor.say(
      `${misfits} ${misfits === 1 ? "relation does" : "relations do"} not fit the class any more: removed.`,
    );
  return made;
}

/** The same for a command, so that whoever makes one need not think of it. */
export function settledCommand(editor: Editor, command: Command): Command {
  if (!(command instanceof EditCommand)) return command;
  const changes = settled(editor, command.changes);
  if (changes === command.changes) return command;
  return new EditCommand(command.label, changes, command.frame, command.mergeKey);
}
