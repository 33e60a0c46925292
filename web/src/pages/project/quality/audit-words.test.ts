import { describe, expect, it } from "vitest";
import type { OntologyClass } from "@/api/types";
import type { Annotation, Shape } from "@/canvas/types";
import {
  cuboidWords,
  kindWords,
  labelWords,
  pictureOf,
  placeWords,
  unseenWords,
  unsigned,
} from "./audit-words";

const classes: OntologyClass[] = [
  {
    id: "nodule",
    name: "Nodule",
    color: "#f2a65a",
    shapes: ["box"],
    attributes: [
      { id: "texture", name: "Texture", kind: { choice: ["solid", "ground glass"] } },
      { id: "calcified", name: "Calcified", kind: "flag" },
    ],
  },
  {
    id: "pose",
    name: "Pose",
    color: "#ffffff",
    shapes: ["skeleton"],
    skeleton: { joints: ["head"], bones: [] },
  },
];
const label = (shape: Shape, more: Partial<Annotation> = {}): Annotation => ({
  id: "a",
  version: 1,
  class: "nodule",
  frame: { stream: 0, index: 3 },
  shape,
  author: { kind: "human", user: "u" },
  ...more,
});
const box: Shape = { type: "box", x: 0, y: 0, w: 10, h: 20 };
const cuboid: Shape = { type: "cuboid", center: [1, 2, 3], size: [4, 2, 1.5], rotation: [1, 0, 0, 0] };
const places = [2, 3, 4].map((index) => ({ stream: 0, index }));

describe("a label of an audit in words", () => {
  it("says where it lies: on which of the pictures, on none of them, on the whole item", () => {
    expect(pictureOf(label(box), places)).toBe(1);
    expect(placeWords(label(box), places)).toBe("frame 2");
    const { frame: _frame, ...whole } = label({ type: "tag" });
    expect(pictureOf(whole, places)).toBeNull();
    expect(placeWords(whole, places)).toBe("whole item");
    expect(placeWords(label(cuboid, { frame: { stream: 1, index: 0 } }), places)).toBe(
      "frame 1, of which there is no picture here",
    );
  });

  it("names every attribute, one without an answer and one that the protocol lost", () => {
    const said = label(box, { attributes: { calcified: true, old: 3 } });
    expect(labelWords(said, [said], classes, [])).toEqual(["Texture: no answer", "Calcified: yes", "old: 3"]);
  });

  it("says doubt, joints, tracks and relations", () => {
    const pose = label(
      {
        type: "skeleton",
        joints: [
          { at: [0, 0], state: "hidden" },
          { at: [1, 1], state: "absent" },
        ],
      },
      {
        class: "pose",
        unclear: { confidence: "guess" },
        arrangement: { track: "t", relations: [{ id: "r", type: "of", to: "b" }] },
      },
    );
    const other = label(box, { id: "b", arrangement: { track: "t" } });
    expect(labelWords(pose, [pose, other], classes, [{ id: "of", name: "part of" }])).toEqual([
      "head hidden, joint 2 absent",
      "unclear, little more than a guess",
      "the same thing as 1 other label (a track)",
      "part of → 2: Nodule",
    ]);
  });

  it("measures shapes and cuboids with their units", () => {
    expect(kindWords(label(box))).toBe("box, 10×20");
    expect(kindWords(label({ type: "points", points: [[0, 0]] }))).toBe("1 point");
    expect(kindWords(label({ type: "tag" }))).toBe("tag");
    expect(cuboidWords(cuboid)).toBe(
      "centre 1.00, 2.00, 3.00 m; length, width, height 4.00 × 2.00 × 1.50 m; heading 0.0°",
    );
  });

  it("does not say whose it is", () => {
    const drafted = label(box, { author: { kind: "model", name: "m", version: "1" }, score: 0.4 });
    expect(unsigned(drafted)).not.toHaveProperty("score");
    expect(JSON.stringify(unsigned(drafted))).not.toContain("model");
  });

  it("says in words what no picture shows", () => {
    expect(unseenWords([label(box)], places, 3)).toEqual([]);
    expect(unseenWords([label(cuboid)], places, 3)[0]).toContain("neither the point cloud");
    expect(unseenWords([label(box, { frame: { stream: 9, index: 0 } })], places, 3)).toEqual([
      "1 of the labels lies on a frame of which there is no picture here.",
    ]);
    expect(unseenWords([label(box)], places, 40)[0]).toContain("tiles of a slide");
  });
});
