import { type Annotation, type FrameRef, frameKey } from "./types";

/** One annotation before and after; `null` means that it is not there. */
export interface Change {
  id: string;
  before: Annotation | null;
  after: Annotation | null;
}

/** `local`: somebody here did it and it has to be saved. `remote`: it came from the server. */
export type Origin = "local" | "remote";

export interface DocumentEvent {
  changes: Change[];
  origin: Origin;
}

type Listener = (event: DocumentEvent) => void;

/**
 * The annotations of one read. Values are immutable: a change replaces the record, so that a listener may
 * compare by identity. An annotation that comes back by undo takes its old place in the order again.
 */
export class AnnotationDocument {
  private readonly records = new Map<string, Annotation>();
  private readonly places = new Map<string, number>();
  private readonly frames = new Map<string, Set<string>>();
  private readonly tracks = new Map<string, Set<string>>();
  private readonly holders = new Set<string>();
  private readonly listeners = new Set<Listener>();
  private readonly lists = new Map<string, readonly Annotation[]>();
  private nextPlace = 0;
  /** Counts every change; cheap to compare for memoised views. */
  revision = 0;

  get size(): number {
    return this.records.size;
  }

  get(id: string): Annotation | undefined {
    return this.records.get(id);
  }

  has(id: string): boolean {
    return this.records.has(id);
  }

  /** All annotations in the order in which they were first seen. */
  all(): readonly Annotation[] {
    return this.cached("all", () => this.sorted(this.records.keys()));
  }

  /** Annotations that lie on this frame (or, without one, on the item), in order. */
  onFrame(frame: FrameRef | null | undefined): readonly Annotation[] {
    const key = frameKey(frame);
    return this.cached(`on ${key}`, () => this.sorted(this.frames.get(key) ?? []));
  }

  /** The members of a track on all frames. */
  inTrack(track: string): Annotation[] {
    return this.sorted(this.tracks.get(track) ?? []);
  }

  /** The objects that relations go out from, in order. */
  related(): readonly Annotation[] {
    return this.cached("related", () => this.sorted(this.holders));
  }

  countOnFrame(frame: FrameRef | null | undefined): number {
    return this.frames.get(frameKey(frame))?.size ?? 0;
  }

  /** Applies the `after` side of each change and tells the listeners once. */
  apply(changes: Change[], origin: Origin = "local"): void {
    if (changes.length === 0) return;
    for (const { id, after } of changes) {
      this.detach(id);
      if (after) this.attach(after);
    }
    this.revision += 1;
    this.lists.clear();
    for (const listener of [...this.listeners]) listener({ changes, origin });
  }

  /** Takes over what the server has; ids that it does not name disappear. */
  load(annotations: Annotation[]): void {
    const incoming = new Map(annotations.map((annotation) => [annotation.id, annotation]));
    const changes: Change[] = [];
    for (const [id, before] of this.records) {
      if (!incoming.has(id)) changes.push({ id, before, after: null });
    }
    for (const [id, after] of incoming) {
      changes.push({ id, before: this.records.get(id) ?? null, after });
    }
    this.apply(changes, "remote");
  }

  /** Notes the versions that the server gave to what it saved. */
  setVersions(versions: Record<string, number>): void {
    const changes: Change[] = [];
    for (const [id, version] of Object.entries(versions)) {
      const before = this.records.get(id);
      if (before && before.version !== version) changes.push({ id, before, after: { ...before, version } });
    }
    this.apply(changes, "remote");
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Lists are asked for at every drawing and change only with the document. */
  private cached(name: string, make: () => Annotation[]): readonly Annotation[] {
    const known = this.lists.get(name);
    if (known) return known;
    const made = make();
    this.lists.set(name, made);
    return made;
  }

  private sorted(ids: Iterable<string>): Annotation[] {
    const list: Annotation[] = [];
    for (const id of ids) {
      const record = this.records.get(id);
      if (record) list.push(record);
    }
    return list.sort((a, b) => this.place(a.id) - this.place(b.id));
  }

  private place(id: string): number {
    return this.places.get(id) ?? 0;
  }

  private attach(annotation: Annotation): void {
    this.records.set(annotation.id, annotation);
    if (!this.places.has(annotation.id)) this.places.set(annotation.id, this.nextPlace++);
    const key = frameKey(annotation.frame);
    const members = this.frames.get(key);
    if (members) members.add(annotation.id);
    else this.frames.set(key, new Set([annotation.id]));
    if (annotation.arrangement?.relations?.length) this.holders.add(annotation.id);
    const track = annotation.arrangement?.track;
    if (track) this.tracks.set(track, (this.tracks.get(track) ?? new Set()).add(annotation.id));
  }

  private detach(id: string): void {
    const record = this.records.get(id);
    if (!record) return;
    this.records.delete(id);
    this.holders.delete(id);
    this.frames.get(frameKey(record.frame))?.delete(id);
    if (record.arrangement?.track) this.tracks.get(record.arrangement.track)?.delete(id);
  }
}
