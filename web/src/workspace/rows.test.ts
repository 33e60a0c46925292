import { describe, expect, it } from "vitest";
import { Editor } from "@/canvas/editor";
import type { Annotation, ClassDef } from "@/canvas/types";
import { objectRows, unanswered } from "./work";

const CLASSES: ClassDef[] = [
  {
    id: "part",
    name: "Part",
    color: "#00ff00",
    shapes: ["box", "tag"],
    attributes: [{ id: "grade", name: "Grade", kind: "number", required: true }],
  },
];

const mark = (id: string, index: number | null): Annotation => ({
  id,
  version: 1,
  class: "part",
  ...(index === null ? {} : { frame: { stream: 0, index } }),
  shape: index === null ? { type: "tag" } : { type: "box", x: 1, y: 1, w: 5, h: 5 },
  author: { kind: "human", user: "u" },
});

function editor(count: number): Editor {
  const made = new Editor({ classes: CLASSES, user: "u" });
  made.document.load([...Array.from({ length: count }, (_, i) => mark(`m${i}`, i % 2)), mark("note", null)]);
  made.setFrame({ stream: 0, index: 1 });
  return made;
}

describe("the list of objects", () => {
  it("shows the frame on screen first, then the item's, then the others, and knows each place", () => {
    const { rows, here, places } = objectRows(editor(6));
    expect(rows.map((row) => row.id)).toEqual(["m1", "m3", "m5", "note", "m0", "m2", "m4"]);
    expect(here).toBe(4);
    for (const [place, row] of rows.entries()) expect(places.get(row.id)).toBe(place);
  });

  it("is put in order once for any number of selections, and anew for each change and frame", () => {
    const made = editor(40);
    const first = objectRows(made);
    const open = unanswered(made);
    expect(open).toHaveLength(41);
    made.select(["m3"]);
    made.select(["m5"], true);
    made.hover("m7");
    made.toggleHidden(["m9"]);
    expect(objectRows(made)).toBe(first);
    expect(unanswered(made)).toBe(open);

    made.setAttribute(made.document.get("m3") as Annotation, "grade", 4);
    expect(unanswered(made)).toHaveLength(40);
    expect(objectRows(made).rows.find((row) => row.id === "m3")?.attributes).toEqual({ grade: 4 });
    made.undo();
    expect(unanswered(made)).toHaveLength(41);

    made.setFrame({ stream: 0, index: 0 });
    expect(objectRows(made).rows[0]?.id).toBe("m0");
    made.remove([made.document.get("m0") as Annotation]);
    expect(objectRows(made).places.has("m0")).toBe(false);
  });
});
