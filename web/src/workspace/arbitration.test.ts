import { describe, expect, it } from "vitest";
import type { Dispute } from "@/api/types";
import { Editor } from "@/canvas/editor";
import type { ClassDef } from "@/canvas/types";
import { Arbitration, differenceWords } from "./arbitration";

const CLASSES = [
  { id: "lesion", name: "Lesion", color: "#ffffff", shapes: ["box"], attributes: [] },
] as unknown as ClassDef[];

const mark = (id: string, x: number) => ({
  id,
  class: "lesion",
  frame: { stream: 0, index: 3 },
  shape: { type: "box" as const, x, y: 2, w: 10, h: 10 },
  attributes: { certainty: "definite" },
});

const DISPUTE: Dispute = {
  comparison: "c",
  readers: 2,
  agreed: 1,
  handed_on: false,
  may_hand_on: true,
  findings: [
    {
      differences: ["outline"],
      overlap: 0.4,
      sides: [
        { reader: 1, mark: mark("a", 0) },
        { reader: 2, mark: mark("b", 5) },
      ],
    },
    { differences: ["missing"], overlap: null, sides: [{ reader: 2, mark: mark("c", 50) }] },
  ],
};

function opened() {
  const editor = new Editor({ classes: CLASSES, user: "me", readOnly: false });
  let told = 0;
  const asked: (readonly string[])[] = [];
  const arbitration = new Arbitration(
    DISPUTE,
    editor,
    () => {
      told += 1;
    },
    async (marks) => {
      asked.push(marks);
      const { id: _, ...middle } = mark("none", 2.5);
      return { ...middle, rule: "mean" };
    },
  );
  return { editor, arbitration, asked, told: () => told };
}

describe("deciding between reads", () => {
  it("begins with both readers' marks over the picture and nothing decided", () => {
    const { editor, arbitration } = opened();
    expect(editor.draft.map((a) => a.id)).toEqual(["a", "b", "c"]);
    expect(arbitration.open()).toEqual([0, 1]);
    arbitration.show(1);
    expect(editor.draft.map((a) => a.id)).toEqual(["a"]);
    arbitration.show("none");
    expect(editor.draft).toEqual([]);
  });

  it("sets two readers beside each other, also where one of them saw nothing", () => {
    const { arbitration } = opened();
    const both = arbitration.match(0, 1, 2);
    expect([both?.verdict, both?.a?.id, both?.b?.id, both?.overlap]).toEqual(["differs", "a", "b", 0.4]);
    const turned = arbitration.match(0, 2, 1);
    expect([turned?.a?.id, turned?.b?.id]).toEqual(["b", "a"]);
    const alone = arbitration.match(1, 1, 2);
    expect([alone?.verdict, alone?.a, alone?.b?.id]).toEqual(["only_b", null, "c"]);
    expect(arbitration.match(2, 1, 2)).toBeNull();
  });

  it("goes from finding to finding and stops at the ends", () => {
    const { arbitration } = opened();
    const seen: string[] = [];
    for (const by of [1, 1, -1, -1]) arbitration.step(by, (annotation) => seen.push(annotation.id));
    expect(seen).toEqual(["c", "c", "a", "a"]);
    expect(arbitration.current).toBe(0);
  });

  it("takes a reader's mark over as one's own, and the other one in its place", () => {
    const { editor, arbitration, told } = opened();
    arbitration.take(0, 1);
    const taken = editor.document.all();
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({
      class: "lesion",
      frame: { stream: 0, index: 3 },
      attributes: { certainty: "definite" },
      author: { kind: "human", user: "me" },
    });
    expect(taken[0]?.id).not.toBe("a");
    arbitration.take(0, 2);
    const [only, ...more] = editor.document.all();
    expect(more).toEqual([]);
    expect(only?.shape).toMatchObject({ x: 5 });
    expect(arbitration.open()).toEqual([1]);
    expect(told()).toBe(2);
  });

  it("counts what was taken and then undone or deleted as open again", () => {
    const { editor, arbitration } = opened();
    arbitration.take(0, 1);
    editor.undo();
    expect(arbitration.choice(0)).toBeNull();
    editor.redo();
    expect(arbitration.choice(0)).toMatchObject({ kind: "taken", reader: 1 });
    arbitration.leaveEmpty(0);
    expect(editor.document.size).toBe(0);
    arbitration.drawn(1);
    expect(arbitration.open()).toEqual([]);
  });

  it("says in words what readers differ in", () => {
    expect(differenceWords(["class", "outline"])).toBe("named differently, drawn differently");
  });

  it("takes the marks of both as one, and an undone one is no decision", async () => {
    const { editor, arbitration, asked } = opened();
    arbitration.take(0, 1);
    await arbitration.merge(0, [1, 2]);
    expect(asked).toEqual([["a", "b"]]);
    const [only, ...rest] = editor.document.all();
    expect(rest).toEqual([]);
    expect(only?.shape).toMatchObject({ x: 2.5 });
    expect(only?.author).toEqual({ kind: "human", user: "me" });
    expect(arbitration.choice(0)).toMatchObject({ kind: "merged", readers: [1, 2] });
    editor.undo();
    expect(arbitration.choice(0)).toBeNull();
    editor.redo();
    expect(arbitration.choice(0)?.kind).toBe("merged");
    await arbitration.merge(1, [1, 2]);
    expect(asked).toHaveLength(1);
    expect(arbitration.choice(1), "one mark is merged with nothing").toBeNull();
  });
});
