/** Relations: what may be related, what goes with an object that goes, and the tool by hand and by keys. */
import { describe, expect, it } from "vitest";
import { Editor } from "./editor";
import { HitIndex } from "./hit-index";
import { dropDangling, relationsOf } from "./related";
import { allRelations, relate, relationsAt, settled, unrelate } from "./relations";
import type { ToolContext, ToolPointer } from "./tool";
import { RelationTool } from "./tools/relation";
import type { Annotation, ClassDef, Point, RelationType } from "./types";
import { Viewport } from "./viewport";

const CLASSES: ClassDef[] = [
  { id: "car", name: "Car", color: "#ff8800", shapes: ["box"] },
  { id: "wheel", name: "Wheel", color: "#3388ff", shapes: ["box"] },
];
const PART: RelationType = { id: "part_of", name: "part of", from: ["wheel"], to: ["car"] };
const BESIDE: RelationType = { id: "beside", name: "beside", directed: false };
const OLD: RelationType = { id: "old", name: "old", retired: true };

const object = (id: string, of: string, x: number): Annotation => ({
  id,
  version: 1,
  class: of,
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x, y: 10, w: 10, h: 10 },
  author: { kind: "human", user: "u1" },
});

function world(relations: RelationType[] = [PART, BESIDE, OLD]) {
  const said: string[] = [];
  let n = 0;
  const editor = new Editor({
    classes: CLASSES,
    relations,
    user: "u1",
    newId: () => `n${++n}`,
    frames: () => 8,
    say: (text) => said.push(text),
  });
  editor.setFrame({ stream: 0, index: 0 });
  editor.limits = { width: 100, height: 40 };
  editor.document.load([object("car", "car", 10), object("w1", "wheel", 30), object("w2", "wheel", 50)]);
  const get = (id: string) => editor.document.get(id) as Annotation;
  const told = () => allRelations(editor).map((one) => `${one.from.id} ${one.relation.type} ${one.to.id}`);
  return { editor, said, get, told };
}

describe("relating", () => {
  it("refuses what the server would refuse, and says why", () => {
    const { editor, said, get, told } = world();
    expect(relate(editor, get("w1"), get("car"), PART)).toBe(true);
    expect(relate(editor, get("w1"), get("car"), PART)).toBe(false);
    expect(said.at(-1)).toMatch(/already/);
    expect(relate(editor, get("car"), get("w1"), PART)).toBe(false);
    expect(said.at(-1)).toMatch(/does not go from Car to Wheel/);
    expect(relate(editor, get("w1"), get("w1"), BESIDE)).toBe(false);
    expect(said.at(-1)).toMatch(/itself/);
    expect(relate(editor, get("w1"), get("w2"), OLD)).toBe(false);
    expect(relate(editor, get("w1"), get("w2"), BESIDE)).toBe(true);
    // Undirected, it is the same whichever comes first.
    expect(relate(editor, get("w2"), get("w1"), BESIDE)).toBe(false);
    editor.toggleLocked(["w2"]);
    expect(relate(editor, get("w2"), get("car"), PART)).toBe(false);
    expect(told()).toEqual(["w1 part_of car", "w1 beside w2"]);
    expect(relationsAt(editor, "car")).toHaveLength(1);
  });

  it("is taken away and undone, each as one step", () => {
    const { editor, get, told } = world();
    relate(editor, get("w1"), get("car"), PART);
    const before = get("w1");
    unrelate(editor, relationsAt(editor, "car")[0] as never);
    expect(told()).toEqual([]);
    expect(get("w1").arrangement).toBeUndefined();
    editor.undo();
    expect(get("w1")).toEqual(before);
    editor.undo();
    expect(told()).toEqual([]);
    expect(editor.history.undoLabel).toBeNull();
  });
});

describe("what follows for relations", () => {
  it("an object that is deleted takes its relations along, in one step that undo brings back", () => {
    const { editor, get, told } = world();
    relate(editor, get("w1"), get("car"), PART);
    relate(editor, get("w2"), get("car"), PART);
    relate(editor, get("w1"), get("w2"), BESIDE);
    const all = told();
    const sent: [string, boolean][] = [];
    editor.document.subscribe(({ changes }) => {
      for (const { id, after } of changes) sent.push([id, after !== null]);
    });
    editor.remove([get("car")]);
    expect(told()).toEqual(["w1 beside w2"]);
    expect(sent).toEqual([
      ["car", false],
      ["w1", true],
      ["w2", true],
    ]);
    editor.undo();
    expect(told()).toEqual(all);
    editor.remove([get("w1")]);
    expect(told()).toEqual(["w2 part_of car"]);
    editor.undo();
    expect(told()).toEqual(all);
  });

  it("copies have none of their original's, on this frame and on the next ones", () => {
    const { editor, get, told } = world();
    relate(editor, get("w1"), get("car"), PART);
    editor.select(["w1"]);
    editor.duplicate();
    expect(told()).toEqual(["w1 part_of car"]);
    editor.adopt(get("w1"));
    expect(told()).toEqual(["w1 part_of car"]);
  });

  it("a class that does not take them loses them, with a word", () => {
    const { editor, said, get, told } = world();
    relate(editor, get("w1"), get("car"), PART);
    relate(editor, get("w1"), get("w2"), BESIDE);
    editor.select(["car"]);
    editor.chooseClass("wheel");
    expect(told()).toEqual(["w1 beside w2"]);
    expect(said.at(-1)).toMatch(/1 relation does not fit/);
    editor.undo();
    expect(told()).toEqual(["w1 part_of car", "w1 beside w2"]);
  });

  it("undo brings back no relation to what somebody else took out meanwhile, nor leaves one behind", () => {
    const { editor, get, told } = world();
    relate(editor, get("w1"), get("car"), PART);
    unrelate(editor, relationsAt(editor, "car")[0] as never);
    editor.document.load([get("w1"), get("w2")]);
    editor.undo();
    expect([told(), get("w1").arrangement]).toEqual([[], undefined]);
    // What I drew is taken back after somebody else related something to it.
    const made = editor.create({ type: "box", x: 70, y: 5, w: 9, h: 9 }) as Annotation;
    const relations = [{ id: "theirs", type: "beside", to: made.id }];
    editor.document.load([{ ...get("w1"), arrangement: { relations } }, get("w2"), made]);
    expect(told()).toEqual([`w1 beside ${made.id}`]);
    editor.undo();
    expect([editor.document.has(made.id), get("w1").arrangement]).toEqual([false, undefined]);
  });

  it("reads without relations keep their changes as they are", () => {
    const { editor, get } = world();
    const changes = [{ id: "car", before: get("car"), after: null }];
    expect(settled(editor, changes)).toBe(changes);
  });

  it("what two saved apart from each other is put right", () => {
    const { editor, get } = world();
    relate(editor, get("w1"), get("car"), PART);
    relate(editor, get("w1"), get("w2"), BESIDE);
    const records = new Map([get("w1"), get("w2")].map((one) => [one.id, one]));
    expect(dropDangling(records)).toEqual(["w1"]);
    expect(relationsOf(records.get("w1")).map((one) => one.to)).toEqual(["w2"]);
    expect(dropDangling(records)).toEqual([]);
  });
});

function held(relations?: RelationType[]) {
  const made = world(relations);
  const { editor } = made;
  const tool = new RelationTool();
  const under = ([x]: Point) =>
    editor.document.all().filter((a) => a.shape.type === "box" && x >= a.shape.x && x < a.shape.x + 10);
  const context: ToolContext = {
    editor,
    viewport: new Viewport(),
    index: new HitIndex(),
    size: { width: 100, height: 40 },
    hits: under,
    reach: () => 2,
    redraw: () => {},
    setCursor: () => {},
    window: { get: () => null, set: () => {} },
    grey: () => null,
    optionsChanged: () => {},
    chooseTool: () => {},
  };
  const click = (x: number) => {
    const at: ToolPointer = {
      image: [x, 12],
      screen: [x, 12],
      button: 0,
      shift: false,
      ctrl: false,
      alt: false,
    };
    tool.pointerDown(at, context);
  };
  const act = (action: Parameters<RelationTool["onAction"]>[0]) => tool.onAction(action, context);
  return { ...made, tool, context, click, act };
}

describe("the tool", () => {
  it("relates two objects by two clicks", () => {
    const { tool, context, click, told, said } = held();
    tool.activate(context);
    click(80);
    expect(said.at(-1)).toMatch(/Click the object/);
    click(32);
    click(80);
    expect(said.at(-1)).toMatch(/no object here/);
    click(32);
    expect(said.at(-1)).toMatch(/itself/);
    click(12);
    expect(told()).toEqual(["w1 part_of car"]);
    // The strip chooses among several types.
    click(32);
    const choice = tool.options(context).find((option) => option.kind === "choice");
    expect(choice?.kind === "choice" && choice.choices.map((one) => one.value)).toEqual([
      "part_of",
      "beside",
    ]);
    if (choice?.kind === "choice") choice.set("beside");
    click(12);
    expect(told()).toEqual(["w1 part_of car", "w1 beside car"]);
  });

  it("works by keys alone: what is selected is the first, steps choose the second, a number the type", () => {
    const { tool, context, act, editor, told } = held();
    editor.select(["w1"]);
    tool.activate(context);
    act("object.next");
    expect([...editor.selectedIds]).toEqual(["car"]);
    act("object.next");
    expect([...editor.selectedIds]).toEqual(["w2"]);
    act("object.previous");
    act("class.2");
    act("finish");
    expect(told()).toEqual(["w1 beside car"]);
    expect([...editor.selectedIds]).toEqual(["w1"]);
    // Nothing in hand: Enter takes what is selected, Escape lets go of it.
    act("finish");
    expect(act("cancel")).toBe(true);
    expect(act("cancel")).toBe(false);
    expect(act("object.next")).toBe(false);
  });

  it("is offered where the protocol knows a relation in use", () => {
    const offered = (relations: RelationType[]) => {
      const { tool, context } = held(relations);
      return tool.isOffered(context);
    };
    expect([offered([]), offered([OLD]), offered([BESIDE])]).toEqual([false, false, true]);
  });
});
