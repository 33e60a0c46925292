import type { Difference, Dispute, DisputedFinding, DisputedSide, MergedMark } from "@/api/types";
import { isAnswer, putOut } from "@/canvas/answers";
import type { Match } from "@/canvas/compare";
import type { Editor } from "@/canvas/editor";
import { type Annotation, type Shape, sameFrame } from "@/canvas/types";

/** What was decided about one finding. */
export type Choice =
  /** A reader's mark, taken over under this id. */
  | { kind: "taken"; reader: number; id: string }
  /** The marks of several readers as one, under this id. */
  | { kind: "merged"; readers: readonly number[]; id: string }
  /** Nothing is there. */
  | { kind: "nothing" }
  /** The adjudicator's own marks say it. */
  | { kind: "drawn" };

/** Whose marks of the disputed findings lie over the picture: a reader's number, or all of them. */
export type Shown = number | "all" | "none";

const WORDS: Record<Difference, string> = {
  missing: "not seen by all",
  class: "named differently",
  outline: "drawn differently",
  attribute: "answered differently",
  relation: "related differently",
  scale: "the size of a pixel is not known here",
};

/** In what readers differ, in words. */
export function differenceWords(differences: readonly Difference[]): string {
  return differences.map((difference) => WORDS[difference]).join(", ");
}

/** The findings that readers differ about, what was decided about each, and whose marks are shown. */
export class Arbitration {
  readonly findings: readonly DisputedFinding[];
  readonly readers: number;
  readonly agreed: number;
  shown: Shown = "all";
  /** The finding that is looked at. */
  current = 0;
  private readonly choices = new Map<number, Choice>();

  constructor(
    dispute: Dispute,
    private readonly editor: Editor,
    private readonly changed: () => void,
    /** Merges marks by the protocol's rule: the server's work. */
    private readonly merged: (marks: readonly string[]) => Promise<MergedMark>,
  ) {
    this.findings = dispute.findings;
    this.readers = dispute.readers;
    this.agreed = dispute.agreed;
    this.overlay();
  }

  /** What was decided about a finding; a mark that was taken or merged and then undone or deleted is no decision any more. */
  choice(index: number): Choice | null {
    const choice = this.choices.get(index) ?? null;
    return choice && "id" in choice && !this.editor.document.has(choice.id) ? null : choice;
  }

  /** Findings that wait for a decision. */
  open(): number[] {
    return this.findings.map((_, index) => index).filter((index) => this.choice(index) === null);
  }

  take(index: number, reader: number): void {
    const side = this.findings[index]?.sides.find((side) => side.reader === reader);
    if (!side) return;
    this.dropTaken(index);
    const mark = asAnnotation(side);
    // Where nothing can be assessed nothing is marked: what was decided about marks there gives way.
    if (isAnswer(mark)) this.giveWay(mark, index);
    const taken = this.editor.adopt(mark);
    if (taken) this.choices.set(index, { kind: "taken", reader, id: taken.id });
    this.changed();
  }

  /** Takes the marks of several readers over as one. Nothing changes before the server has answered. */
  async merge(index: number, readers: readonly number[]): Promise<void> {
    const sides = this.findings[index]?.sides.filter((side) => readers.includes(side.reader)) ?? [];
    const [first] = sides;
    if (!first || sides.length < 2) return;
    const mark = await this.merged(sides.map((side) => side.mark.id));
    this.dropTaken(index);
    const taken = this.editor.adopt(
      asAnnotation({ reader: first.reader, mark: { ...mark, id: first.mark.id } }),
    );
    if (taken)
      this.choices.set(index, { kind: "merged", readers: sides.map((side) => side.reader), id: taken.id });
    this.changed();
  }

  leaveEmpty(index: number): void {
    this.dropTaken(index);
    this.choices.set(index, { kind: "nothing" });
    this.changed();
  }

  drawn(index: number): void {
    this.dropTaken(index);
    this.choices.set(index, { kind: "drawn" });
    this.changed();
  }

  show(shown: Shown): void {
    this.shown = shown;
    this.overlay();
    this.changed();
  }

  look(index: number, reveal: (annotation: Annotation) => void): void {
    this.current = index;
    const side = this.findings[index]?.sides[0];
    if (side) reveal(asAnnotation(side));
    this.changed();
  }

  goToOpen(reveal: (annotation: Annotation) => void): void {
    const next = this.open()[0];
    if (next !== undefined) this.look(next, reveal);
  }

  /** What two of the readers say about a finding, for two pictures beside each other. */
  match(index: number, left: number, right: number): Match | null {
    const finding = this.findings[index];
    if (!finding) return null;
    const of = (reader: number) => {
      const side = finding.sides.find((side) => side.reader === reader);
      return side ? asAnnotation(side) : null;
    };
    const [a, b] = [of(left), of(right)];
    const verdict = a && b ? "differs" : a ? "only_a" : "only_b";
    return { verdict, a, b, overlap: finding.overlap ?? null, what: [] };
  }

  /** Goes to the finding before or after, as far as there are some. */
  step(by: number, reveal: (annotation: Annotation) => void): void {
    this.look(Math.min(this.findings.length - 1, Math.max(0, this.current + by)), reveal);
  }

  private giveWay(answer: Annotation, index: number): void {
    const gone = putOut(this.editor, answer.frame ?? null);
    if (gone.length > 0) this.editor.remove(gone);
    const there = (side: DisputedSide) => !answer.frame || sameFrame(side.mark.frame, answer.frame);
    for (const [other, finding] of this.findings.entries())
      if (other !== index && finding.sides.some(there)) this.choices.set(other, { kind: "nothing" });
  }

  private dropTaken(index: number): void {
    const before = this.choice(index);
    const annotation = before && "id" in before ? this.editor.document.get(before.id) : undefined;
    if (annotation) this.editor.remove([annotation]);
  }

  private overlay(): void {
    const sides = this.findings.flatMap((finding) => finding.sides);
    const seen = sides.filter((side) => this.shown === "all" || side.reader === this.shown);
    this.editor.showDraft(seen.map(asAnnotation));
  }
}

/** A reader's mark without its author, as something that can lie over the picture. */
function asAnnotation(side: DisputedSide): Annotation {
  const { id, frame, shape, attributes } = side.mark;
  return {
    id,
    version: 1,
    class: side.mark.class,
    ...(frame ? { frame } : {}),
    shape: shape as Shape,
    attributes: attributes as Annotation["attributes"],
    ...(side.mark.unclear ? { unclear: side.mark.unclear } : {}),
    author: { kind: "rule", rule: `reader ${side.reader}` },
  };
}
