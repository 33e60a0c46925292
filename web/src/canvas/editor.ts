import { ANSWER_CLASS, CANNOT_ASSESS, isAnswer } from "./answers";
import type { ClickModel } from "./click-model";
import { AnnotationDocument, type Change } from "./document";
import { moveShape, shapeBounds } from "./geometry";
import { type Command, EditCommand, History } from "./history";
import { settledCommand } from "./relations";
import { isSound, NOTES, repair } from "./repair";
import { toggle } from "./sets";
import { following } from "./tracks";
import type {
  Annotation,
  AttributeValue,
  Author,
  ClassDef,
  FrameRef,
  RelationType,
  Shape,
  Spacing,
} from "./types";
import { SHAPE_NAMES, sameFrame } from "./types";

/** How far a pasted object lies from its original on the same frame, image pixels (or tenths of a metre). */
const PASTE_SHIFT_PX = 12;
const PASTE_SHIFT_M = 1;

/** What changed, so that a listener redraws only what it has to. */
export type EditorEvent = "document" | "selection" | "view" | "frame" | "class" | "preview" | "hover";

export interface EditorOptions {
  classes: ClassDef[];
  /** Types of relations that the protocol knows. */
  relations?: RelationType[];
  /** Id of the person at the keyboard. */
  user: string;
  readOnly?: boolean;
  /** Makes ids; a parameter so that tests know them. */
  newId?: () => string;
  /** Number of frames of a stream. */
  frames?: (stream: number) => number;
  /** Millimetres between the pixels of a stream; nothing where nobody knows. */
  spacing?: (stream: number) => Spacing | null;
  /** Tells the person something about what they just did. */
  say?: (text: string) => void;
  /** A model that draws by clicks, where one is registered. */
  clickModel?: ClickModel | null;
}

/**
 * One read on screen: its document, its history and what is only view (selection, hidden, locked, hover).
 * The 2D stage, the scene and the panels all work on this and know nothing of each other.
 */
export class Editor {
  readonly document = new AnnotationDocument();
  readonly history = new History(this.document);
  readonly classes: ClassDef[];
  readonly relationTypes: readonly RelationType[];
  readonly user: string;
  readonly readOnly: boolean;
  /** The model's draft, drawn beside the read for comparison; it is no part of it and cannot be touched. */
  draft: readonly Annotation[] = [];
  /** An earlier version of an object, drawn over the image while somebody looks at it; no part of the read. */
  ghost: Annotation | null = null;
  frame: FrameRef | null = null;
  activeClass: string;
  hovered: string | null = null;
  /** Image size of the current frame, when known; moves and new shapes stay inside. */
  limits: { width: number; height: number } | null = null;
  /** Called after undo and redo, so that the host can show the frame on which it happened. */
  afterStep: ((command: Command) => void) | null = null;
  /** Tells the person something about what they just did. */
  readonly say: (text: string) => void;
  /** A model that draws by clicks; nothing where none is registered. */
  readonly clickModel: ClickModel | null;
  /** The object whose pixels a tool is painting right now; the tool draws it. */
  painting: string | null = null;
  private readonly newId: () => string;
  private readonly options: EditorOptions;
  private selected = new Set<string>();
  private readonly hiddenIds = new Set<string>();
  private readonly lockedIds = new Set<string>();
  private previews = new Map<string, Shape>();
  private clipboard: Annotation[] = [];
  private readonly listeners = new Set<(event: EditorEvent) => void>();

  constructor(options: EditorOptions) {
    this.options = options;
    this.classes = options.classes;
    this.relationTypes = options.relations ?? [];
    this.say = options.say ?? (() => {});
    this.clickModel = options.clickModel ?? null;
    this.user = options.user;
    this.readOnly = options.readOnly ?? false;
    this.newId = options.newId ?? (() => crypto.randomUUID());
    this.activeClass = this.usableClasses()[0]?.id ?? "";
    this.document.subscribe(({ changes }) => {
      for (const { id, after } of changes) if (!after) this.selected.delete(id);
      this.tell("document");
    });
    this.history.subscribe(() => this.tell("document"));
  }

  subscribe(listener: (event: EditorEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // --- classes

  usableClasses(): ClassDef[] {
    return this.classes.filter((entry) => !entry.retired);
  }

  classOf(id: string): ClassDef | undefined {
    return this.classes.find((entry) => entry.id === id) ?? (id === CANNOT_ASSESS ? ANSWER_CLASS : undefined);
  }

  /** The class for a new shape of this kind: the chosen one, else the first that takes the kind. */
  classForShape(kind: Shape["type"]): ClassDef | undefined {
    const usable = this.usableClasses().filter((entry) => entry.shapes.includes(kind));
    return usable.find((entry) => entry.id === this.activeClass) ?? usable[0];
  }

  /** Chooses the class for what is drawn next and gives it to what is selected. */
  chooseClass(id: string): void {
    const entry = this.classOf(id);
    if (!entry || entry.retired) return;
    this.activeClass = id;
    const fitting = this.editable(this.selection()).filter(
      (a) => entry.shapes.includes(a.shape.type) && a.class !== id && !isAnswer(a),
    );
    if (fitting.length > 0)
      this.change(`make ${entry.name}`, fitting, (a) => ({
        ...a,
        class: id,
        attributes: this.attributesKept(a, entry),
      }));
    this.tell("class");
  }

  // --- view state

  isHidden(id: string): boolean {
    return this.hiddenIds.has(id);
  }

  isLocked(id: string): boolean {
    return this.readOnly || this.lockedIds.has(id);
  }

  isSelected(id: string): boolean {
    return this.selected.has(id);
  }

  get selectedIds(): ReadonlySet<string> {
    return this.selected;
  }

  selection(): Annotation[] {
    return [...this.selected]
      .map((id) => this.document.get(id))
      .filter((a): a is Annotation => a !== undefined);
  }

  select(ids: Iterable<string>, add = false): void {
    const next = new Set(add ? this.selected : []);
    for (const id of ids) {
      if (add && this.selected.has(id)) next.delete(id);
      else if (this.document.has(id)) next.add(id);
    }
    this.selected = next;
    this.history.seal();
    this.tell("selection");
  }

  hover(id: string | null): void {
    if (this.hovered === id) return;
    this.hovered = id;
    this.tell("hover");
  }

  setFrame(frame: FrameRef | null): void {
    if (this.frame && sameFrame(this.frame, frame)) return;
    this.frame = frame;
    this.previews.clear();
    const still = this.selection().filter((a) => !a.frame || sameFrame(a.frame, frame));
    this.selected = new Set(still.map((a) => a.id));
    this.history.seal();
    this.tell("frame");
  }

  toggleHidden(ids: Iterable<string> = this.selected): void {
    toggle(this.hiddenIds, ids);
    this.tell("view");
  }

  toggleLocked(ids: Iterable<string> = this.selected): void {
    toggle(this.lockedIds, ids);
    this.tell("view");
  }

  showAll(): void {
    this.hiddenIds.clear();
    this.tell("view");
  }

  /** Next or previous object of the current frame, in order; starts at the first. */
  step(direction: 1 | -1): Annotation | null {
    const list = this.visibleObjects();
    if (list.length === 0) return null;
    const at = list.findIndex((a) => this.selected.has(a.id));
    const index =
      at < 0 ? (direction > 0 ? 0 : list.length - 1) : (at + direction + list.length) % list.length;
    const next = list[index] as Annotation;
    this.select([next.id]);
    return next;
  }

  /** Objects of the current frame, then those that hold for the whole item. */
  objects(): readonly Annotation[] {
    const own = this.document.onFrame(this.frame);
    return this.frame ? [...own, ...this.document.onFrame(null)] : own;
  }

  showDraft(annotations: readonly Annotation[]): void {
    this.draft = annotations;
    this.tell("view");
  }

  showGhost(version: Annotation | null): void {
    if (this.ghost === version) return;
    this.ghost = version;
    this.tell("hover");
  }

  /** What the model drafted on the frame on screen or for the whole item. */
  draftHere(): Annotation[] {
    return this.draft.filter((a) => !a.frame || sameFrame(a.frame, this.frame));
  }

  visibleObjects(): Annotation[] {
    return this.objects().filter((a) => !this.hiddenIds.has(a.id));
  }

  // --- previews: what a drag shows before it becomes a command

  /** The shape to draw: the one under the pointer while dragging, else the stored one. */
  shapeOf(annotation: Annotation): Shape {
    return this.previews.get(annotation.id) ?? annotation.shape;
  }

  get previewIds(): Iterable<string> {
    return this.previews.keys();
  }

  preview(shapes: Iterable<[string, Shape]>): void {
    this.previews = new Map(shapes);
    this.tell("preview");
  }

  setPainting(id: string | null): void {
    if (this.painting === id) return;
    this.painting = id;
    this.tell("preview");
  }

  cancelPreview(): void {
    if (this.previews.size === 0) return;
    this.previews.clear();
    this.tell("preview");
  }

  /** Makes the shown preview one undoable step. */
  commitPreview(label: string): void {
    const shapes = this.previews;
    this.previews = new Map();
    const targets = [...shapes.keys()]
      .map((id) => this.document.get(id))
      .filter((a): a is Annotation => a !== undefined);
    this.change(label, targets, (a) => ({ ...a, shape: shapes.get(a.id) ?? a.shape }));
    this.tell("preview");
  }

  // --- commands

  /** Draws a new object; what cannot stay as it was drawn is put right or refused, and the person is told. */
  create(
    drawn: Shape,
    frame: FrameRef | null = this.frame,
    also: (made: Annotation) => Change[] = () => [],
  ): Annotation | null {
    const entry = this.classForShape(drawn.type);
    if (this.readOnly) return null;
    if (!entry) {
      this.say(`No class of this protocol takes the shape “${SHAPE_NAMES[drawn.type]}”.`);
      return null;
    }
    const { shape, note } = repair(drawn, frame ? this.limits : null);
    if (note) this.say(note);
    if (!shape) return null;
    const annotation: Annotation = {
      id: this.newId(),
      version: 1,
      class: entry.id,
      ...(frame ? { frame } : {}),
      shape,
      author: this.me(),
    };
    this.run(
      new EditCommand(
        `draw ${entry.name}`,
        [{ id: annotation.id, before: null, after: annotation }, ...also(annotation)],
        frame,
      ),
    );
    this.select([annotation.id]);
    return annotation;
  }

  /** Takes a mark of somebody else over as one's own, on its own frame. */
  adopt(source: Annotation): Annotation | null {
    const entry = this.classOf(source.class);
    if (this.readOnly || !entry) return null;
    const { score: _score, ...rest } = structuredClone(source);
    const annotation: Annotation = { ...rest, id: this.newId(), version: 1, author: this.me() };
    const change = { id: annotation.id, before: null, after: annotation };
    this.run(new EditCommand(`take ${entry.name}`, [change], annotation.frame));
    this.select([annotation.id]);
    return annotation;
  }

  remove(targets: readonly Annotation[] = this.selection()): void {
    const list = this.editable(targets);
    if (list.length === 0) return;
    const changes: Change[] = list.map((before) => ({ id: before.id, before, after: null }));
    this.apply(`delete ${this.nameOf(list)}`, changes, list[0]?.frame);
  }

  /** Changes records; the person becomes the author of what they touch and a model's score falls away. */
  change(
    label: string,
    targets: Annotation[],
    edit: (annotation: Annotation) => Annotation,
    mergeKey?: string,
  ): void {
    const list = this.editable(targets);
    if (list.length === 0) return;
    const changes: Change[] = [];
    for (const before of list) {
      const edited = edit(before);
      const shape = edited.shape === before.shape ? before.shape : this.sound(before, edited.shape);
      const { score: _score, ...after } = { ...edited, shape };
      if (shape !== before.shape || edited.shape === before.shape)
        changes.push({ id: before.id, before, after: { ...after, author: this.me() } });
    }
    this.apply(`${label} ${this.nameOf(list)}`, changes, list[0]?.frame, mergeKey);
  }

  setAttribute(target: Annotation, attribute: string, value: AttributeValue | undefined): void {
    this.change(
      `set ${attribute} of`,
      [target],
      (a) => {
        const { [attribute]: _old, ...rest } = a.attributes ?? {};
        return { ...a, attributes: value === undefined ? rest : { ...rest, [attribute]: value } };
      },
      `attribute:${target.id}:${attribute}`,
    );
  }

  nudge(dx: number, dy: number): void {
    const targets = this.selection().filter((a) => shapeBounds(a.shape));
    const key = `nudge:${[...this.selected].join()}`;
    this.change(
      "nudge",
      targets,
      (a) => ({ ...a, shape: moveShape(a.shape, dx, dy, this.limits ?? undefined) }),
      key,
    );
  }

  copy(): void {
    this.clipboard = this.selection();
  }

  /** Pastes on the current frame: shifted when the original is there, in place on another frame. */
  paste(source: Annotation[] = this.clipboard): void {
    if (this.readOnly || source.length === 0) return;
    const copies = source.map((original) => {
      const { frame: _frame, arrangement, ...rest } = original;
      const onFrame = original.frame ? this.frame : null;
      const shape = sameFrame(original.frame, onFrame) ? this.shifted(rest.shape) : rest.shape;
      // A copy is another thing: it stands in no group and no track of the original, only as high.
      const z = arrangement?.z ? { arrangement: { z: arrangement.z } } : {};
      return this.fresh({ ...rest, ...(onFrame ? { frame: onFrame } : {}), ...z, shape });
    });
    this.run(
      new EditCommand(
        `paste ${this.nameOf(copies)}`,
        copies.map((after) => ({ id: after.id, before: null, after })),
        copies[0]?.frame,
      ),
    );
    this.select(copies.map((a) => a.id));
  }

  duplicate(): void {
    this.paste(this.selection());
  }

  run(command: Command): void {
    if (!this.readOnly) this.history.run(settledCommand(this, command));
  }

  /** Makes one undoable step of these changes and of what follows from them on other frames of a track. */
  apply(label: string, changes: Change[], frame?: FrameRef | null, mergeKey?: string): void {
    if (changes.length === 0) return;
    this.run(new EditCommand(label, [...changes, ...following(this, changes)], frame, mergeKey));
  }

  /** A record for something new of this class, as of the person at the keyboard. */
  fresh(from: Omit<Annotation, "id" | "version" | "author">): Annotation {
    const { score: _score, ...rest } = structuredClone(from);
    return { ...rest, id: this.newId(), version: 1, author: this.me() };
  }

  freshId(): string {
    return this.newId();
  }

  frameCount(stream: number): number {
    return this.options.frames?.(stream) ?? 1;
  }

  /** Millimetres between the pixels of the frame on screen; nothing where nobody knows. */
  get spacing(): Spacing | null {
    return (this.frame && this.options.spacing?.(this.frame.stream)) ?? null;
  }

  /** The shape that a change leaves: put right where that is possible, else as it was. */
  private sound(before: Annotation, shape: Shape): Shape {
    const limits = sameFrame(before.frame, this.frame) ? this.limits : null;
    if (isSound(shape, limits) || !isSound(before.shape, limits)) return shape;
    if (shape.type === "polygon" && isSound(shape, null) === false) {
      this.say(NOTES.refused);
      return before.shape;
    }
    const { shape: better, note } = repair(shape, limits);
    this.say(note ?? NOTES.refused);
    return better ?? before.shape;
  }

  undo(): Command | null {
    return this.stepped(() => this.history.undo());
  }

  redo(): Command | null {
    return this.stepped(() => this.history.redo());
  }

  /** What may be changed: not locked, not hidden, not read-only. */
  editable(targets: readonly Annotation[]): Annotation[] {
    return targets.filter((a) => !this.isLocked(a.id) && !this.hiddenIds.has(a.id));
  }

  private stepped(step: () => Command | null): Command | null {
    this.cancelPreview();
    const command = this.readOnly ? null : step();
    if (command) this.afterStep?.(command);
    return command;
  }

  private shifted(shape: Shape): Shape {
    if (shape.type === "cuboid") {
      const [x, y, z] = shape.center;
      return { ...shape, center: [x, y + PASTE_SHIFT_M, z] };
    }
    return moveShape(shape, PASTE_SHIFT_PX, PASTE_SHIFT_PX, this.limits ?? undefined);
  }

  attributesKept(annotation: Annotation, entry: ClassDef): Record<string, AttributeValue> {
    const known = new Set((entry.attributes ?? []).map((attribute) => attribute.id));
    return Object.fromEntries(Object.entries(annotation.attributes ?? {}).filter(([id]) => known.has(id)));
  }

  nameOf(list: Annotation[]): string {
    const first = list[0];
    if (!first) return "nothing";
    return list.length === 1 ? (this.classOf(first.class)?.name ?? first.class) : `${list.length} objects`;
  }

  me(): Author {
    return { kind: "human", user: this.user };
  }

  private tell(event: EditorEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
