import { describe, expect, it } from "vitest";
import type { AnnotationVersion } from "@/api/types";
import { Editor } from "@/canvas/editor";
import type { Annotation, ClassDef } from "@/canvas/types";
import { changes, restore, versionsOf } from "./versions";

const CLASSES: ClassDef[] = [
  {
    id: "scratch",
    name: "Scratch",
    color: "#ff0000",
    shapes: ["box"],
    attributes: [{ id: "deep", name: "Deep", kind: "flag" }],
  },
  { id: "dent", name: "Dent", color: "#00ff00", shapes: ["box"] },
  { id: "gone", name: "Gone", color: "#0000ff", shapes: ["box"], retired: true },
];
const FRAME = { stream: 0, index: 0 };

const mark = (version: number, x: number, more: Partial<Annotation> = {}): Annotation => ({
  id: "m",
  version,
  class: "scratch",
  frame: FRAME,
  shape: { type: "box", x, y: 1, w: 5, h: 5 },
  author: { kind: "human", user: "u" },
  ...more,
});

const wire = (
  version: number,
  annotation: Annotation | null,
  author_name: string | null = "Ann Reader",
): AnnotationVersion =>
  ({ read: "r", stage: 0, version, at: 1_000_000 * version, author_name, annotation }) as AnnotationVersion;

function editorWith(now: Annotation, readOnly = false): Editor {
  const made = new Editor({ classes: CLASSES, user: "u", readOnly });
  made.document.load([now]);
  made.setFrame(FRAME);
  return made;
}

describe("what changed from version to version", () => {
  it("is said in words, newest first, with who and which one is as it is now", () => {
    const draft = mark(1, 2, { author: { kind: "model", name: "finder", version: "3" }, score: 0.7 });
    const moved = mark(2, 9);
    const named = mark(3, 9, { class: "dent", attributes: { deep: true } });
    const now = mark(4, 9);
    const list = versionsOf(
      [wire(1, draft, null), wire(2, moved), wire(3, named), wire(4, now)],
      now,
      CLASSES,
    );
    expect(list.map((entry) => entry.changed)).toEqual([
      ["Dent → Scratch", "Deep: yes → –"],
      ["Scratch → Dent", "deep: – → yes"],
      ["shape"],
      ["first version"],
    ]);
    expect(list.map((entry) => entry.who)).toEqual(["Ann Reader", "Ann Reader", "Ann Reader", "finder 3"]);
    expect(list.map((entry) => entry.current)).toEqual([true, false, true, false]);
  });

  it("says removals, and does not take another order of keys for a change", () => {
    expect(changes(mark(1, 2), null, CLASSES)).toEqual(["removed"]);
    const turned = mark(2, 2, { shape: { h: 5, w: 5, y: 1, x: 2, type: "box" } });
    expect(changes(mark(1, 2), turned, CLASSES)).toEqual([]);
  });
});

describe("going back to a version", () => {
  const first = mark(1, 2, { class: "dent", attributes: {}, author: { kind: "human", user: "other" } });
  const now = mark(5, 40, { attributes: { deep: true } });
  const [version] = versionsOf([wire(1, first)], now, CLASSES);
  if (!version) throw new Error("no version");

  it("is one step by the person who does it, and undo takes it back", () => {
    const editor = editorWith(now);
    expect(restore(editor, "m", version)).toBe(true);
    const found = editor.document.get("m") as Annotation;
    expect(changes(found, first, CLASSES)).toEqual([]);
    expect(found.author).toEqual({ kind: "human", user: "u" });
    // Its number is the server's to give: never that of the old version.
    expect(found.version).toBe(5);
    expect(editor.history.undoLabel).toBe("restore version 1 of Scratch");
    editor.undo();
    expect(changes(editor.document.get("m") as Annotation, now, CLASSES)).toEqual([]);
    editor.redo();
    expect(changes(editor.document.get("m") as Annotation, first, CLASSES)).toEqual([]);
  });

  it("is not for what is locked, read only, removed or of a retired class", () => {
    const locked = editorWith(now);
    locked.toggleLocked(["m"]);
    expect(restore(locked, "m", version)).toBe(false);
    expect(restore(editorWith(now, true), "m", version)).toBe(false);
    expect(restore(editorWith(now), "other", version)).toBe(false);
    expect(restore(editorWith(now), "m", { ...version, annotation: null })).toBe(false);
    const retired = { ...version, annotation: { ...first, class: "gone" } };
    expect(restore(editorWith(now), "m", retired)).toBe(false);
  });
});
