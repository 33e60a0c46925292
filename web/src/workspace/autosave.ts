import type { AnnotationDocument } from "@/canvas/document";
import { dropDangling, relationsOf } from "@/canvas/related";
import type { Annotation } from "@/canvas/types";

/** A change waits this long for others before it is sent, milliseconds; with the trip it stays under two seconds. */
export const SAVE_DELAY_MS = 1_000;
/** Waits between tries without a connection, milliseconds; the last one repeats. */
export const RETRY_MS = [2_000, 4_000, 8_000, 15_000];
/** Most changes in one request; the server takes 10,000. */
export const CHANGES_PER_SAVE_MAX = 5_000;

export type WireChange = { op: "put"; annotation: Annotation } | { op: "remove"; id: string };

export interface SaveAnswer {
  revision: number;
  annotations_versions: Record<string, number>;
}

/** What the queue needs of the server; a fake one in tests. */
export interface SaveTransport {
  save(revision: number, changes: WireChange[]): Promise<SaveAnswer>;
  /** The read as the server has it now. */
  load(): Promise<{ revision: number; annotations: Annotation[] }>;
}

/** How the queue reads an error. `transient`: no answer or a busy server; worth another try by itself. */
export interface SaveProblem {
  code: string;
  transient: boolean;
  message: string;
}

/** Where unsaved changes survive a crash, a reload or an expired login. */
export interface Journal {
  load(): Promise<JournalEntry | null>;
  store(entry: JournalEntry | null): Promise<void>;
}

export interface JournalEntry {
  /** Revision that the changes were made against. */
  revision: number;
  /** The annotation as it should be, or `null` when it was taken out. */
  changes: { id: string; annotation: Annotation | null }[];
}

export type SaveState =
  | { kind: "saved" }
  | { kind: "pending" | "saving"; changes: number }
  | { kind: "offline"; changes: number }
  | { kind: "merged"; changes: number; overlapping: number }
  | { kind: "refused"; changes: number; problem: SaveProblem };

export interface AutosaveOptions {
  document: AnnotationDocument;
  transport: SaveTransport;
  journal: Journal;
  revision: number;
  problemOf: (error: unknown) => SaveProblem;
  /** Timers are parameters so that tests need not wait. */
  schedule?: (run: () => void, ms: number) => () => void;
}

const timeout = (run: () => void, ms: number) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/**
 * Sends what changed, soon after it changed. One request is under way at a time; what changes meanwhile waits
 * for the next. When somebody else saved first, their read is loaded, the changes made here are laid over it and
 * sent again. Nothing is dropped: until the server has taken a change it is also in the journal.
 */
export class Autosave {
  private readonly dirty = new Set<string>();
  private inFlight = new Set<string>();
  /** What the server is known to have. */
  private readonly known = new Map<string, Annotation>();
  private readonly listeners = new Set<(state: SaveState) => void>();
  private readonly schedule: NonNullable<AutosaveOptions["schedule"]>;
  private readonly release: () => void;
  private revisionNow: number;
  private current: SaveState = { kind: "saved" };
  private cancelTimer: (() => void) | null = null;
  private running: Promise<void> | null = null;
  private failures = 0;
  private stopped = false;

  constructor(private readonly options: AutosaveOptions) {
    this.revisionNow = options.revision;
    this.schedule = options.schedule ?? timeout;
    for (const annotation of options.document.all()) this.known.set(annotation.id, annotation);
    this.release = options.document.subscribe(({ changes, origin }) => {
      if (origin === "remote") return;
      for (const { id } of changes) this.dirty.add(id);
      this.changed();
    });
  }

  get revision(): number {
    return this.revisionNow;
  }

  get state(): SaveState {
    return this.current;
  }

  /** Changes that the server has not confirmed. */
  get pending(): number {
    return new Set([...this.dirty, ...this.inFlight]).size;
  }

  subscribe(listener: (state: SaveState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes up what an earlier visit could not send. Returns how many changes that were. */
  async replay(): Promise<number> {
    const entry = await this.options.journal.load();
    if (!entry || entry.changes.length === 0) return 0;
    const { document } = this.options;
    document.apply(
      entry.changes.map(({ id, annotation }) => ({
        id,
        before: document.get(id) ?? null,
        after: annotation,
      })),
    );
    // What was related here may have been taken out elsewhere meanwhile.
    const records = new Map(document.all().map((annotation) => [annotation.id, annotation]));
    const changed = dropDangling(records).map((id) => ({
      id,
      before: document.get(id) ?? null,
      after: records.get(id) ?? null,
    }));
    document.apply(changed);
    return entry.changes.length;
  }

  /** Sends now and settles when nothing is left, or when that cannot be done at the moment. */
  async flush(): Promise<boolean> {
    this.cancelTimer?.();
    this.cancelTimer = null;
    while ((this.dirty.size > 0 || this.running) && !this.stopped) {
      await (this.running ?? this.send());
      if (this.current.kind === "offline" || this.current.kind === "refused") return false;
    }
    return this.pending === 0;
  }

  /** Tries again at once: the connection is back, or somebody signed in again. */
  retry(): void {
    this.failures = 0;
    this.later(0);
  }

  /** No more requests: the read is locked or the page is left. */
  stop(): void {
    this.stopped = true;
    this.cancelTimer?.();
    this.release();
  }

  private changed(): void {
    void this.keep();
    if (this.current.kind !== "offline" && this.current.kind !== "refused") {
      this.set({ kind: this.running ? "saving" : "pending", changes: this.pending });
      if (!this.cancelTimer && !this.running) this.later(SAVE_DELAY_MS);
    } else {
      this.set({ ...this.current, changes: this.pending });
      // A refused change may have been corrected by this one.
      if (this.current.kind === "refused" && !this.running) this.later(SAVE_DELAY_MS);
    }
  }

  private later(ms: number): void {
    if (this.stopped) return;
    this.cancelTimer?.();
    this.cancelTimer = this.schedule(() => {
      this.cancelTimer = null;
      void this.send();
    }, ms);
  }

  private send(): Promise<void> {
    if (this.running) return this.running;
    if (this.dirty.size === 0 || this.stopped) return Promise.resolve();
    this.running = this.attempt().finally(() => {
      this.running = null;
      if (this.dirty.size > 0 && (this.current.kind === "pending" || this.current.kind === "merged"))
        this.later(0);
    });
    return this.running;
  }

  private async attempt(): Promise<void> {
    const ids = this.ordered().slice(0, CHANGES_PER_SAVE_MAX);
    const changes = this.changesFor(ids);
    for (const id of ids) this.dirty.delete(id);
    this.inFlight = new Set(ids);
    try {
      if (changes.length > 0) {
        this.set({ kind: "saving", changes: this.pending });
        const sent = new Map(
          changes.map((c) => (c.op === "put" ? [c.annotation.id, c.annotation] : [c.id, null])),
        );
        this.accepted(sent, await this.options.transport.save(this.revisionNow, changes));
      }
      this.inFlight.clear();
      this.failures = 0;
      await this.keep();
      this.set(this.pending === 0 ? { kind: "saved" } : { kind: "pending", changes: this.pending });
    } catch (error) {
      for (const id of this.inFlight) this.dirty.add(id);
      this.inFlight.clear();
      await this.failed(this.options.problemOf(error));
    }
  }

  /**
   * What is to be sent. More than one request takes it in an order in which the server finds both ends of each relation at any
   * time: what has none first, then what has some, then what is taken out.
   */
  private ordered(): string[] {
    if (this.dirty.size <= CHANGES_PER_SAVE_MAX) return [...this.dirty];
    const rank = (id: string) => {
      const annotation = this.options.document.get(id);
      return annotation ? Math.min(1, relationsOf(annotation).length) : 2;
    };
    return [...this.dirty].sort((a, b) => rank(a) - rank(b));
  }

  private changesFor(ids: string[]): WireChange[] {
    const changes: WireChange[] = [];
    for (const id of ids) {
      const annotation = this.options.document.get(id);
      if (annotation) changes.push({ op: "put", annotation });
      // What was drawn and deleted before it was ever saved is nobody's business but the undo stack's.
      else if (this.known.has(id)) changes.push({ op: "remove", id });
    }
    return changes;
  }

  private accepted(sent: Map<string, Annotation | null>, answer: SaveAnswer): void {
    this.revisionNow = answer.revision;
    for (const [id, annotation] of sent) {
      if (annotation)
        this.known.set(id, { ...annotation, version: answer.annotations_versions[id] ?? annotation.version });
      else this.known.delete(id);
    }
    this.options.document.setVersions(answer.annotations_versions);
  }

  private async failed(problem: SaveProblem): Promise<void> {
    await this.keep();
    if (problem.code === "stale_revision") {
      await this.merge();
      return;
    }
    if (problem.transient) {
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] as number;
      this.failures += 1;
      this.set({ kind: "offline", changes: this.pending });
      this.later(wait);
      return;
    }
    this.set({ kind: "refused", changes: this.pending, problem });
  }

  /** Somebody saved first: takes their read and lays the changes made here over it. */
  private async merge(): Promise<void> {
    try {
      const latest = await this.options.transport.load();
      const theirs = new Map(latest.annotations.map((annotation) => [annotation.id, annotation]));
      const { document } = this.options;
      let overlapping = 0;
      for (const id of this.dirty) {
        if (!sameContent(this.known.get(id), theirs.get(id))) overlapping += 1;
        const mine = document.get(id);
        if (mine) theirs.set(id, { ...mine, version: theirs.get(id)?.version ?? mine.version });
        else theirs.delete(id);
      }
      // What one of us took out, the other may have related to something.
      for (const id of dropDangling(theirs)) this.dirty.add(id);
      this.known.clear();
      for (const annotation of latest.annotations) this.known.set(annotation.id, annotation);
      this.revisionNow = latest.revision;
      document.load([...theirs.values()]);
      this.set({ kind: "merged", changes: this.pending, overlapping });
    } catch (error) {
      const problem = this.options.problemOf(error);
      if (problem.transient) await this.failed(problem);
      else this.set({ kind: "refused", changes: this.pending, problem });
    }
  }

  private keep(): Promise<void> {
    const ids = new Set([...this.dirty, ...this.inFlight]);
    const changes = [...ids].map((id) => ({ id, annotation: this.options.document.get(id) ?? null }));
    // A journal that cannot be written (private window, full disk) must not stop the saving itself.
    return this.options.journal
      .store(changes.length > 0 ? { revision: this.revisionNow, changes } : null)
      .catch(() => {});
  }

  private set(state: SaveState): void {
    this.current = state;
    for (const listener of [...this.listeners]) listener(state);
  }
}

/** Whether two records say the same, whoever wrote them. */
export function sameContent(a: Annotation | null | undefined, b: Annotation | null | undefined): boolean {
  if (!a || !b) return !a && !b;
  const view = (x: Annotation) =>
    canonical([
      x.class,
      x.frame ?? null,
      x.shape,
      x.attributes ?? {},
      x.arrangement ?? {},
      x.unclear ?? null,
    ]);
  return view(a) === view(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  );
}
