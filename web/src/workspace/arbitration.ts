import type { Difference, Dispute, DisputedFinding, DisputedSide } from "@/api/types";
import type { Editor } from "@/canvas/editor";
import type { Annotation, Shape } from "@/canvas/types";

/** What was decided about one finding. */
export type Choice =
  /** A reader's mark, taken over under this id. */
  | { kind: "taken"; reader: number; id: string }
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
  ) {
    this.findings = dispute.findings;
    this.readers = dispute.readers;
    this.agreed = dispute.agreed;
    this.overlay();
  }

  /** What was decided about a finding; a mark that was taken and then undone or deleted is no decision any more. */
  choice(index: number): Choice | null {
    const choice = this.choices.get(index) ?? null;
    return choice?.kind === "taken" && !this.editor.document.has(choice.id) ? null : choice;
  }

  /** Findings that wait for a decision. */
  open(): number[] {
    return this.findings.map((_, index) => index).filter((index) => this.choice(index) === null);
  }

  take(index: number, reader: number): void {
    const side = this.findings[index]?.sides.find((side) => side.reader === reader);
    if (!side) return;
    this.dropTaken(index);
    const taken = this.editor.adopt(asAnnotation(side));
    if (taken) this.choices.set(index, { kind: "taken", reader, id: taken.id });
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

  private dropTaken(index: number): void {
    const before = this.choice(index);
    const annotation = before?.kind === "taken" ? this.editor.document.get(before.id) : undefined;
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
    author: { kind: "rule", rule: `reader ${side.reader}` },
  };
}
