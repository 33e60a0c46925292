import type { AnnotationDocument, Change } from "./document";
import { consistent } from "./related";
import type { FrameRef } from "./types";

/** Steps that can be taken back. Older ones are forgotten. */
export const HISTORY_STEPS_MAX = 1_000;

/** Every change of the document is one of these, whichever tool or panel made it. */
export interface Command {
  /** What people read in "Undo …", such as `move Nodule`. */
  readonly label: string;
  /** The frame that has to be on screen for the change to be seen. */
  readonly frame?: FrameRef | null;
  /** Consecutive commands with the same key become one step (nudges, typed numbers). */
  readonly mergeKey?: string;
  do(document: AnnotationDocument): void;
  undo(document: AnnotationDocument): void;
  /** The step that stands for this one followed by `next`, or nothing when they cannot be joined. */
  merge?(next: Command): Command | null;
}

/** The command that covers create, change and remove: records before and after. */
export class EditCommand implements Command {
  constructor(
    readonly label: string,
    readonly changes: Change[],
    readonly frame?: FrameRef | null,
    readonly mergeKey?: string,
  ) {}

  do(document: AnnotationDocument): void {
    const changes = this.changes.map((change) => ({ ...change, before: document.get(change.id) ?? null }));
    document.apply(consistent(document, changes));
  }

  undo(document: AnnotationDocument): void {
    const changes = this.changes.map(({ id, before }) => {
      const now = document.get(id) ?? null;
      // The server may have counted the version up meanwhile; going back is a new version, never an old one.
      const after = before && now ? { ...before, version: now.version } : before;
      return { id, before: now, after };
    });
    document.apply(consistent(document, changes));
  }

  merge(next: Command): Command | null {
    if (!(next instanceof EditCommand) || !this.mergeKey || this.mergeKey !== next.mergeKey) return null;
    const joined = new Map(this.changes.map((change) => [change.id, change]));
    for (const change of next.changes) {
      const first = joined.get(change.id);
      joined.set(change.id, first ? { ...first, after: change.after } : change);
    }
    return new EditCommand(this.label, [...joined.values()], this.frame, this.mergeKey);
  }
}

/** Undo and redo over all frames of a read. */
export class History {
  private done: Command[] = [];
  private undone: Command[] = [];
  private sealed = true;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly document: AnnotationDocument,
    private readonly limit = HISTORY_STEPS_MAX,
  ) {}

  get undoLabel(): string | null {
    return this.done.at(-1)?.label ?? null;
  }

  get redoLabel(): string | null {
    return this.undone.at(-1)?.label ?? null;
  }

  run(command: Command): void {
    command.do(this.document);
    const last = this.done.at(-1);
    const joined = !this.sealed && last?.merge ? last.merge(command) : null;
    if (joined) this.done[this.done.length - 1] = joined;
    else this.done.push(command);
    if (this.done.length > this.limit) this.done.shift();
    this.undone = [];
    this.sealed = false;
    this.tell();
  }

  /** The next command starts a step of its own even when its merge key is the same. */
  seal(): void {
    this.sealed = true;
  }

  /** Takes the last step back and returns it, so that the host can show its frame. */
  undo(): Command | null {
    const command = this.done.pop();
    if (!command) return null;
    command.undo(this.document);
    this.undone.push(command);
    this.sealed = true;
    this.tell();
    return command;
  }

  redo(): Command | null {
    const command = this.undone.pop();
    if (!command) return null;
    command.do(this.document);
    this.done.push(command);
    this.sealed = true;
    this.tell();
    return command;
  }

  clear(): void {
    this.done = [];
    this.undone = [];
    this.sealed = true;
    this.tell();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
