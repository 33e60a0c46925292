import { describe, expect, it } from "vitest";
import { Editor } from "./editor";
import { EditCommand } from "./history";
import type { Annotation, ClassDef } from "./types";

const CLASSES: ClassDef[] = [
  {
    id: "nodule",
    name: "Nodule",
    color: "#ff8800",
    shapes: ["box", "polygon"],
    attributes: [{ id: "solid", name: "Solid", kind: "flag", required: true }],
  },
  { id: "vessel", name: "Vessel", color: "#3388ff", shapes: ["polygon"] },
  { id: "old", name: "Old", color: "#777777", shapes: ["box"], retired: true },
];

function editor(readOnly = false) {
  let n = 0;
  const made = new Editor({ classes: CLASSES, user: "u1", readOnly, newId: () => `n${++n}` });
  made.setFrame({ stream: 0, index: 0 });
  return made;
}

const draft: Annotation = {
  id: "m1",
  version: 3,
  class: "nodule",
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x: 10, y: 10, w: 5, h: 5 },
  attributes: { solid: true },
  author: { kind: "model", name: "threshold", version: "1" },
  score: 0.8,
};

const boxAt = (x: number) => ({ type: "box" as const, x, y: 0, w: 4, h: 4 });

describe("commands", () => {
  it("take back and repeat in order, and keep an object's place", () => {
    const e = editor();
    const a = e.create(boxAt(0));
    const b = e.create(boxAt(10));
    e.remove([e.document.get(a?.id ?? "") as Annotation]);
    expect(e.document.all().map((x) => x.id)).toEqual([b?.id]);
    expect(e.history.undoLabel).toBe("delete Nodule");
    e.undo();
    expect(e.document.all().map((x) => x.id)).toEqual([a?.id, b?.id]);
    e.undo();
    e.undo();
    expect(e.document.size).toBe(0);
    expect(e.undo()).toBeNull();
    e.redo();
    e.redo();
    e.redo();
    expect(e.document.all().map((x) => x.id)).toEqual([b?.id]);
    expect(e.redo()).toBeNull();
  });

  it("forget what was undone once something new is done", () => {
    const e = editor();
    e.create(boxAt(0));
    e.undo();
    e.create(boxAt(20));
    expect(e.history.redoLabel).toBeNull();
  });

  it("join nudges into one step until the selection changes", () => {
    const e = editor();
    const a = e.create(boxAt(0));
    e.nudge(1, 0);
    e.nudge(1, 0);
    e.nudge(0, 2);
    expect(e.document.get(a?.id ?? "")?.shape).toMatchObject({ x: 2, y: 2 });
    e.select([a?.id ?? ""]);
    e.nudge(5, 0);
    e.undo();
    expect(e.document.get(a?.id ?? "")?.shape).toMatchObject({ x: 2, y: 2 });
    e.undo();
    expect(e.document.get(a?.id ?? "")?.shape).toMatchObject({ x: 0, y: 0 });
  });

  it("undo across frames says which frame it was", () => {
    const e = editor();
    e.create(boxAt(0));
    e.setFrame({ stream: 0, index: 7 });
    e.create(boxAt(0));
    e.undo();
    expect(e.undo()?.frame).toEqual({ stream: 0, index: 0 });
  });

  it("undo keeps the version that the server has given meanwhile", () => {
    const e = editor();
    const a = e.create(boxAt(0)) as Annotation;
    e.nudge(1, 0);
    e.document.setVersions({ [a.id]: 9 });
    e.undo();
    expect(e.document.get(a.id)).toMatchObject({ version: 9, shape: { x: 0 } });
  });

  it("keep at most the limit", () => {
    const e = editor();
    for (let i = 0; i < 1_005; i += 1) e.run(new EditCommand(`step ${i}`, []));
    let steps = 0;
    while (e.undo()) steps += 1;
    expect(steps).toBe(1_000);
  });
});

describe("authorship", () => {
  it("a touched draft becomes the person's and loses the score; undo gives it back to the model", () => {
    const e = editor();
    e.document.load([draft]);
    e.select(["m1"]);
    e.nudge(1, 1);
    const touched = e.document.get("m1");
    expect(touched?.author).toEqual({ kind: "human", user: "u1" });
    expect(touched && "score" in touched).toBe(false);
    e.undo();
    expect(e.document.get("m1")).toEqual(draft);
  });

  it("a copy is the person's own mark", () => {
    const e = editor();
    e.document.load([draft]);
    e.select(["m1"]);
    e.duplicate();
    const copy = e.selection()[0];
    expect(copy).toMatchObject({
      version: 1,
      author: { kind: "human", user: "u1" },
      shape: { x: 22, y: 22 },
    });
    expect(copy?.score).toBeUndefined();
  });

  it("a paste on another frame stays in place", () => {
    const e = editor();
    e.document.load([draft]);
    e.select(["m1"]);
    e.copy();
    e.setFrame({ stream: 0, index: 4 });
    e.paste();
    expect(e.selection()[0]).toMatchObject({ frame: { stream: 0, index: 4 }, shape: { x: 10, y: 10 } });
  });
});

describe("what may not be touched", () => {
  it("locked and hidden objects and read-only reads stay as they are", () => {
    const e = editor();
    e.document.load([draft]);
    e.select(["m1"]);
    e.toggleLocked();
    e.nudge(5, 5);
    e.remove();
    expect(e.document.get("m1")).toEqual(draft);
    e.toggleLocked();
    e.toggleHidden();
    e.remove();
    expect(e.document.has("m1")).toBe(true);
    const reader = editor(true);
    reader.document.load([draft]);
    reader.select(["m1"]);
    reader.remove();
    expect(reader.create(boxAt(0))).toBeNull();
    expect(reader.document.size).toBe(1);
  });

  it("a class is only given where its shapes fit, and takes along the attributes that it knows", () => {
    const e = editor();
    e.document.load([
      draft,
      {
        ...draft,
        id: "p",
        shape: {
          type: "polygon",
          points: [
            [0, 0],
            [4, 0],
            [4, 4],
          ],
        },
      },
    ]);
    e.select(["m1", "p"]);
    e.chooseClass("vessel");
    expect(e.document.get("m1")?.class).toBe("nodule");
    expect(e.document.get("p")).toMatchObject({ class: "vessel", attributes: {} });
    e.chooseClass("old");
    expect(e.activeClass).toBe("vessel");
    expect(e.classForShape("box")?.id).toBe("nodule");
  });
});

describe("document", () => {
  it("loads what the server has and drops what it has not, as remote changes", () => {
    const e = editor();
    const origins: string[] = [];
    e.document.subscribe((event) => origins.push(event.origin));
    e.document.load([draft]);
    e.document.load([{ ...draft, id: "m2" }]);
    expect(e.document.all().map((a) => a.id)).toEqual(["m2"]);
    expect(e.document.countOnFrame({ stream: 0, index: 0 })).toBe(1);
    expect(new Set(origins)).toEqual(new Set(["remote"]));
  });

  it("steps through the objects of the frame in both directions and skips hidden ones", () => {
    const e = editor();
    e.document.load(["a", "b", "c"].map((id) => ({ ...draft, id })));
    e.select(["b"]);
    e.toggleHidden();
    e.select([]);
    expect([e.step(1)?.id, e.step(1)?.id, e.step(1)?.id, e.step(-1)?.id]).toEqual(["a", "c", "a", "c"]);
  });

  it("a preview is shown but not stored until it is committed", () => {
    const e = editor();
    e.document.load([draft]);
    e.preview([["m1", boxAt(50)]]);
    expect(e.shapeOf(draft)).toMatchObject({ x: 50 });
    expect(e.document.get("m1")?.shape).toMatchObject({ x: 10 });
    e.cancelPreview();
    expect(e.shapeOf(draft)).toMatchObject({ x: 10 });
    e.preview([["m1", boxAt(60)]]);
    e.commitPreview("move");
    expect(e.document.get("m1")?.shape).toMatchObject({ x: 60 });
    expect(e.history.undoLabel).toBe("move Nodule");
  });
});
