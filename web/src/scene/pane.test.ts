/** Relations over a scene: an arrow wherever both ends are on screen. */
import { describe, expect, it } from "vitest";
import { Editor } from "@/canvas/editor";
import { relate } from "@/canvas/relations";
import type { Annotation, Point, RelationType, Vec3 } from "@/canvas/types";
import { drawSceneRelations } from "./pane";

const TOWS: RelationType = { id: "tows", name: "tows", directed: true };
const FRAME = { stream: 0, index: 0 };

const cuboid = (id: string, center: Vec3): Annotation => ({
  id,
  version: 1,
  class: "car",
  frame: FRAME,
  shape: { type: "cuboid", center, size: [4, 2, 1.5], rotation: [0, 0, 0, 1] },
  author: { kind: "human", user: "u1" },
});

/** A context that keeps the lines that are drawn, and does nothing else. */
function paper() {
  const lines: Point[][] = [];
  const known: Record<string, unknown> = {
    moveTo: (x: number, y: number) => lines.push([[x, y]]),
    lineTo: (x: number, y: number) => lines.at(-1)?.push([x, y]),
    measureText: () => ({ width: 20 }),
  };
  const g = new Proxy(known, {
    get: (of, name: string) => of[name] ?? (() => undefined),
    set: () => true,
  });
  return { g: g as unknown as CanvasRenderingContext2D, lines };
}

function world() {
  let n = 0;
  const editor = new Editor({
    classes: [{ id: "car", name: "Car", color: "#ff0000", shapes: ["cuboid"], attributes: [] }],
    relations: [TOWS],
    user: "u1",
    newId: () => `n${++n}`,
    frames: () => 1,
    say: () => undefined,
  });
  editor.setFrame(FRAME);
  editor.document.load([cuboid("a", [1, 2, 0]), cuboid("b", [5, 7, 0]), cuboid("c", [9, 9, 0])]);
  const get = (id: string) => editor.document.get(id) as Annotation;
  return { editor, get };
}

const above = ([x, y]: Vec3): Point => [10 * x, 10 * y];

describe("relations over a scene", () => {
  it("go from the middle of one cuboid to that of the other, with a head", () => {
    const { editor, get } = world();
    expect(relate(editor, get("a"), get("b"), TOWS)).toBe(true);
    const { g, lines } = paper();
    drawSceneRelations(g, editor, above);
    expect(lines).toContainEqual([
      [10, 20],
      [50, 70],
    ]);
    // Two sides of a head, beginning where the arrow ends.
    expect(lines.filter(([from]) => from?.[0] === 50 && from[1] === 70).length).toBeGreaterThanOrEqual(2);
  });

  it("are not drawn to what is behind the camera or hidden", () => {
    const { editor, get } = world();
    relate(editor, get("a"), get("b"), TOWS);
    const behind = paper();
    drawSceneRelations(behind.g, editor, (center) => (center[0] === 5 ? null : above(center)));
    expect(behind.lines).toEqual([]);
    editor.toggleHidden(["b"]);
    const hidden = paper();
    drawSceneRelations(hidden.g, editor, above);
    expect(hidden.lines).toEqual([]);
  });
});
