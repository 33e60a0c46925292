/** A guideline as lines of text, so that two versions can be compared: text, cards by class, pictures by what they show. */
import type { GuidelineDocument } from "@/api/guidelines";
import type { OntologyClass } from "@/api/types";
import { words } from "@/format";

export function spelled(document: GuidelineDocument, classes: OntologyClass[]): string {
  const name = (id: string) => classes.find((one) => one.id === id)?.name ?? id;
  const lines = (document.text ?? "").trim().split("\n");
  for (const card of document.cards ?? []) {
    lines.push("", `## ${name(card.class)}`, ...(card.text ?? "").trim().split("\n"));
    for (const example of card.examples ?? [])
      lines.push(
        `[${words(example.kind)} example] ${example.caption || "without a caption"} (${example.id})`,
      );
  }
  return lines.join("\n");
}
