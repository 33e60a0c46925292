/** The labels of an audit in words: everything that an auditor judges and that no picture shows. */
import type { OntologyClass } from "@/api/types";
import { ANSWER_CLASS, isAnswer, reasonWords, unclearWords } from "@/canvas/answers";
import { shapeWords } from "@/canvas/shape-words";
import {
  type Annotation,
  type CuboidShape,
  type FrameRef,
  SHAPE_NAMES,
  type SkeletonShape,
  sameFrame,
} from "@/canvas/types";
import { count, plural } from "@/format";
import { yawOf } from "@/scene/math";

type Named = { id: string; name: string };
const FULL_TURN_DEG = 360;

/** As an auditor is shown it: whose hand or which model it is of says nothing about whether it is right. */
export function unsigned({ score: _score, ...label }: Annotation): Annotation {
  return { ...label, author: { kind: "human", user: "" } };
}

/** Which of the pictures a label lies on, from 0; nothing where it holds for the whole item or lies on none of them. */
export function pictureOf(label: Annotation, places: readonly FrameRef[]): number | null {
  const { frame } = label;
  const found = frame ? places.findIndex((place) => sameFrame(place, frame)) : -1;
  return found < 0 ? null : found;
}

/** Where a label lies, in words. */
export function placeWords(label: Annotation, places: readonly FrameRef[]): string {
  if (!label.frame) return "whole item";
  const picture = pictureOf(label, places);
  return picture === null
    ? `frame ${label.frame.index + 1}, of which there is no picture here`
    : `frame ${picture + 1}`;
}

export const classOf = (label: Annotation, classes: readonly OntologyClass[]) =>
  classes.find((one) => one.id === label.class) ?? (isAnswer(label) ? ANSWER_CLASS : undefined);

/** The shape by its name, with its measure. */
export function kindWords({ shape }: Annotation): string {
  if (shape.type === "tag") return "tag";
  const measure = shapeWords(shape);
  // These say themselves what they are.
  const named = shape.type === "points" || shape.type === "polyline" || shape.type === "mask";
  return named ? measure : `${SHAPE_NAMES[shape.type]}, ${measure}`;
}

/** `12.30, -1.00, 0.50 m` and the rest that places a cuboid. */
export function cuboidWords({ center, size, rotation }: CuboidShape): string {
  const metres = (values: readonly number[], between: string) =>
    `${values.map((one) => one.toFixed(2)).join(between)} m`;
  const turn = (yawOf(rotation) * FULL_TURN_DEG) / (2 * Math.PI);
  return `centre ${metres(center, ", ")}; length, width, height ${metres(size, " × ")}; heading ${turn.toFixed(1)}°`;
}

/** Joints that are not simply visible; one that the template does not name goes by its number. */
function jointWords({ joints }: SkeletonShape, names: readonly string[]): string {
  const said = joints.flatMap((joint, at) =>
    joint.state === "visible" ? [] : `${names[at] ?? `joint ${at + 1}`} ${joint.state}`,
  );
  return said.length > 0 ? said.join(", ") : "all joints visible";
}

function valueWords(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === undefined || value === null || value === "" ? "no answer" : String(value);
}

/** Each attribute by its name, those that were not answered too; then values that the protocol no longer knows. */
function attributeWords(label: Annotation, attributes: readonly Named[]): string[] {
  const values = label.attributes ?? {};
  const known = attributes.map(({ id, name }) => `${name}: ${valueWords(values[id])}`);
  const others = Object.keys(values).filter((id) => !attributes.some((one) => one.id === id));
  return [...known, ...others.map((id) => `${id}: ${valueWords(values[id])}`)];
}

/** What a label says beside its class and its outline, a line each. */
export function labelWords(
  label: Annotation,
  labels: readonly Annotation[],
  classes: readonly OntologyClass[],
  relations: readonly Named[],
): string[] {
  if (isAnswer(label)) return [reasonWords(label.attributes)];
  const entry = classOf(label, classes);
  const { shape, arrangement, unclear } = label;
  const lines = attributeWords(label, entry?.attributes ?? []);
  if (shape.type === "cuboid") lines.push(cuboidWords(shape));
  if (shape.type === "skeleton") lines.push(jointWords(shape, entry?.skeleton?.joints ?? []));
  if (unclear) lines.push(unclearWords(unclear));
  if (arrangement?.track) {
    const same = labels.filter((one) => one.arrangement?.track === arrangement.track).length;
    lines.push(
      same > 1
        ? `the same thing as ${plural(same - 1, "other label", "other labels")} (a track)`
        : "a track of its own",
    );
  }
  for (const { type, to } of arrangement?.relations ?? []) {
    const at = labels.findIndex((one) => one.id === to);
    const other = labels[at];
    const name = relations.find((one) => one.id === type)?.name ?? type;
    if (other) lines.push(`${name} → ${at + 1}: ${classOf(other, classes)?.name ?? other.class}`);
  }
  return lines;
}

/** What of these labels no picture of the audit shows, each in a sentence. */
export function unseenWords(
  labels: readonly Annotation[],
  places: readonly FrameRef[],
  pictures: number,
): string[] {
  const words: string[] = [];
  const cuboids = labels.filter(({ shape }) => shape.type === "cuboid").length;
  if (cuboids > 0)
    words.push(
      "The audit shows neither the point cloud nor cuboids in the pictures of cameras: place, size and heading of cuboids are listed as numbers, and whether they fit the points cannot be judged here.",
    );
  if (pictures !== places.length) {
    words.push(
      "The pictures of this item are tiles of a slide, and its labels lie on the whole slide: they are listed and not drawn.",
    );
    return words;
  }
  const lost = labels.filter(
    ({ frame, shape }) =>
      frame &&
      shape.type !== "cuboid" &&
      shape.type !== "tag" &&
      !places.some((place) => sameFrame(place, frame)),
  ).length;
  if (lost > 0)
    words.push(
      lost === 1
        ? "1 of the labels lies on a frame of which there is no picture here."
        : `${count(lost)} of the labels lie on frames of which there is no picture here.`,
    );
  return words;
}
