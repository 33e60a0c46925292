import { expect, it } from "vitest";
import type { GuidelineDocument } from "@/api/guidelines";
import type { OntologyClass } from "@/api/types";
import { diffLines } from "../protocol/diff";
import { spelled } from "./spelled";

const classes = [{ id: "nodule", name: "Nodule" }] as OntologyClass[];
const document = (text: string, caption: string): GuidelineDocument => ({
  text: "Mark what you would report.",
  cards: [
    {
      class: "nodule",
      text,
      examples: [
        { id: "x-1", kind: "negative", caption, source: { from: "picture", asset: "a-1" } },
      ] as GuidelineDocument["cards"] extends (infer Card)[] | undefined
        ? Card extends { examples?: infer Examples }
          ? Examples
          : never
        : never,
    },
  ],
});

it("tells two versions apart by text, card and picture, and by nothing else", () => {
  const before = spelled(document("From 4 mm on.", "A vessel."), classes);
  expect(spelled(document("From 4 mm on.", "A vessel."), classes)).toBe(before);
  const after = spelled(document("From 6 mm on.", "A vessel, cut across."), classes);
  const changed = diffLines(before, after).filter((line) => line.kind !== "same");
  expect(changed.map((line) => `${line.kind} ${line.text}`)).toEqual([
    "removed From 4 mm on.",
    "removed [negative example] A vessel. (x-1)",
    "added From 6 mm on.",
    "added [negative example] A vessel, cut across. (x-1)",
  ]);
  expect(before).toContain("## Nodule");
});
