/** Doubts about labels in words. Every number names what it is a part of. */
import type { Doubt, LabelErrors, LabelSearch } from "@/api/label-errors";
import type { OntologyClass } from "@/api/types";
import { count, percent, plural, title } from "@/format";

export const KINDS = [
  { value: "missing", label: "Forgotten" },
  { value: "class", label: "Another class" },
  { value: "place", label: "Lies askew" },
  { value: "alone", label: "Seen by nobody else" },
  { value: "tag", label: "Another tag" },
] as const;

const named = (classes: OntologyClass[], id: string | null | undefined) =>
  classes.find((one) => one.id === id)?.name ?? id ?? "something";

/** A tag with what was chosen for it: `Surface (dirty)`. */
function tagWords(
  classes: OntologyClass[],
  id: string | null | undefined,
  choices: Doubt["choices"],
): string {
  const chosen = Object.values(choices ?? {}).map((choice) => title(choice).toLowerCase());
  return chosen.length > 0 ? `${named(classes, id)} (${chosen.join(", ")})` : named(classes, id);
}

function doubtedTag(doubt: Doubt, classes: OntologyClass[]): string {
  const own = tagWords(classes, doubt.class, doubt.choices);
  const other = tagWords(classes, doubt.predicted_class, doubt.predicted_choices);
  if (!doubt.class) return `Tag ${other} is missing?`;
  return doubt.predicted_class ? `${own}, or ${other}?` : `Tag ${own}: does it hold?`;
}

/** What is doubted: `Person is missing?` */
export function doubtWords(doubt: Doubt, classes: OntologyClass[]): string {
  const [own, other] = [named(classes, doubt.class), named(classes, doubt.predicted_class)];
  switch (doubt.kind) {
    case "missing":
      return `${other} is missing?`;
    case "class":
      return `${own}, or ${other}?`;
    case "place":
      return `${own} lies askew?`;
    case "tag":
      return doubtedTag(doubt, classes);
    default:
      return `${own}: is it there?`;
  }
}

/** What speaks for it. */
export function sourceWords(doubt: Doubt): string {
  const weight = percent(doubt.weight);
  if (doubt.source === "track") return `seen before and after this frame (${weight})`;
  if (doubt.kind === "tag") return `how probable the model holds each answer (${weight})`;
  return doubt.kind === "alone"
    ? `the model sees nothing there (${weight})`
    : `the model's draft (${weight})`;
}

/** `12 of 30 that were decided were sent back: 40.0 % (22.7 to 59.4)` */
export function hitWords(kind: LabelErrors["kinds"][number]): string | null {
  const { hits } = kind;
  if (!hits) return null;
  const decided = kind.right + kind.sent_back;
  const high = (100 * hits.high).toFixed(1);
  const low = (100 * hits.low).toFixed(1);
  return `${count(kind.sent_back)} of ${count(decided)} that were decided were sent back: ${percent(hits.share)} (${low} to ${high})`;
}

/** How far a search is, or what it looked at. */
export function searchWords(search: LabelSearch): string {
  if (search.state === "looking")
    return `${count(search.looked)} of ${plural(search.items, "accepted item")} looked at`;
  const compared = `${count(search.compared)} of them with a model's draft to hold them against`;
  return `${plural(search.looked, "accepted item")} looked at, ${compared}; ${plural(search.found, "doubt")} found`;
}
