/** An attribute as somebody fills it in, and the operation that it becomes. */
import type { OntologyOperation } from "@/api/ontology";
import type { OntologyClass } from "@/api/types";

export type Attribute = NonNullable<OntologyClass["attributes"]>[number];
export type KindWord = "choice" | "flag" | "number";

export interface AttributeDraft {
  /** Id of the attribute that is changed; empty for a new one. */
  id: string;
  name: string;
  kind: KindWord;
  /** One on each line. */
  choices: string;
  required: boolean;
  /** What labels get that had no answer, or one that is not named; empty: none. */
  otherwise: string;
  /** New choice by old one; empty: as `otherwise` says. */
  becomes: Record<string, string>;
}

export const EMPTY: AttributeDraft = {
  id: "",
  name: "",
  kind: "choice",
  choices: "",
  required: false,
  otherwise: "",
  becomes: {},
};

/** `Small truck` as an id. */
export const idOf = (name: string) =>
  name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");

export const choicesOf = (text: string): string[] => [
  ...new Set(
    text
      .split("\n")
      .map((part) => part.trim())
      .filter(Boolean),
  ),
];

const oldChoices = (known: Attribute | undefined): string[] =>
  known && typeof known.kind === "object" ? known.kind.choice : [];

/** A draft that begins with what an attribute takes now. */
export function draftOf(known: Attribute): AttributeDraft {
  const kind: KindWord = typeof known.kind === "object" ? "choice" : known.kind;
  return {
    ...EMPTY,
    id: known.id,
    name: known.name,
    kind,
    choices: oldChoices(known).join("\n"),
    required: known.required ?? false,
  };
}

/** Choices that people gave and that it will not take any more. */
export function gone(draft: AttributeDraft, known: Attribute | undefined): string[] {
  const kept = draft.kind === "choice" ? choicesOf(draft.choices) : [];
  return oldChoices(known).filter((choice) => !kept.includes(choice));
}

/** A value as the attribute takes it; `undefined` for what it does not take. */
function answerOf(draft: AttributeDraft, text: string): unknown {
  if (text === "") return undefined;
  if (draft.kind === "flag") return text === "true";
  if (draft.kind === "choice") return choicesOf(draft.choices).includes(text) ? text : undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** The operation, or what is still missing. */
export function operationOf(
  draft: AttributeDraft,
  one: OntologyClass,
): { operation: OntologyOperation } | { missing: string } {
  const known = one.attributes?.find((entry) => entry.id === draft.id);
  const id = known?.id ?? idOf(draft.name);
  if (!draft.name.trim() || !id) return { missing: "It needs a name." };
  if (!known && one.attributes?.some((entry) => entry.id === id))
    return { missing: "There is an attribute of this name: choose it to change it." };
  const choices = choicesOf(draft.choices);
  if (draft.kind === "choice" && choices.length < 2) return { missing: "It needs two choices or more." };
  if (draft.kind === "number" && draft.otherwise !== "" && answerOf(draft, draft.otherwise) === undefined)
    return { missing: "What older labels get is no number." };
  const values: Record<string, unknown> = {};
  for (const choice of gone(draft, known)) {
    const value = answerOf(draft, draft.becomes[choice] ?? "");
    if (value !== undefined) values[choice] = value;
  }
  const otherwise = answerOf(draft, draft.otherwise);
  return {
    operation: {
      op: "set_attribute",
      class: one.id,
      attribute: {
        id,
        name: draft.name.trim(),
        kind: draft.kind === "choice" ? { choice: choices } : draft.kind,
        required: draft.required,
      },
      rule: {
        ...(Object.keys(values).length > 0 ? { values } : {}),
        ...(otherwise === undefined ? {} : { otherwise }),
      },
    },
  };
}

/** What an attribute takes, in words. */
export function takes(attribute: Attribute): string {
  const kind =
    typeof attribute.kind === "object"
      ? `one of ${attribute.kind.choice.join(", ")}`
      : attribute.kind === "flag"
        ? "yes or no"
        : "a number";
  return attribute.required ? `${kind}; must be answered` : kind;
}
