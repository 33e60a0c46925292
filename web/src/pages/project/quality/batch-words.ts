/** Batches and their plans in words. Every number names what it is a part of. */
import type { Batch, BatchTally, PlanCurve, SamplingPlan, SchemeCurve } from "@/api/batches";
import { count, plural } from "@/format";

const PERCENT = 100;
const share = (value: number) => `${Number((value * PERCENT).toPrecision(3))} %`;

/** What a plan does, in a sentence. */
export function planWords(plan: SamplingPlan): string {
  if (plan.kind === "single")
    return `${plural(plan.sample, "item")} inspected; accepted with at most ${count(plan.accept)} defective`;
  if (plan.kind === "double")
    return (
      `${count(plan.first)} inspected: accepted with at most ${count(plan.accept_first)} defective, returned from ` +
      `${count(plan.return_first)} on; between them ${count(plan.second)} more, and accepted with at most ` +
      `${count(plan.accept_both)} of all ${count(plan.first + plan.second)}`
    );
  return (
    `item by item, at most ${count(plan.most)}, until ${share(plan.good)} defective is told from ${share(plan.bad)} ` +
    `(risk of returning ${share(plan.producer)}, of accepting ${share(plan.consumer)})`
  );
}

export const LEVEL_WORDS: Record<Batch["inspection"], string> = {
  normal: "Normal",
  tightened: "Tightened, after returned batches",
  reduced: "Reduced, after accepted batches",
  discontinued: "Discontinued: nothing is taken",
};

/** What a curve promises, with its denominator. */
export function curveWords(curve: PlanCurve): string {
  const of = `of ${count(curve.units)}`;
  const { bad } = curve;
  const good =
    curve.good === null || curve.good === undefined
      ? "not even a batch without a defective item is accepted 95 times of 100"
      : `accepted at least 95 times of 100 with up to ${count(curve.good)} ${of} defective`;
  return bad === null || bad === undefined
    ? `${good}; never returned more than 90 times of 100`
    : `${good}; at most 10 times of 100 from ${count(bad)} ${of} on`;
}

/** What the dotted line beside a curve is. */
export function schemeWords(scheme: SchemeCurve): string {
  const levels = scheme.steady ? "normal, tightened and reduced" : "normal and tightened";
  return (
    `Dotted: the share of batches that are accepted in the long run, where every batch is like this and inspection is ` +
    `switched between ${levels}, taken up again whenever it is discontinued. Tightened: ${planWords(scheme.tightened)}.` +
    (scheme.steady ? ` Reduced: ${planWords(scheme.reduced)}.` : "")
  );
}

/** `2 defective of 20 inspected; 20 of at most 50` */
export function progressWords(batch: Batch): string {
  return `${count(batch.found)} defective of ${count(batch.checked)} inspected, at most ${count(batch.sample_max)} of ${count(batch.units)} are`;
}

export function tallyWords(tally: BatchTally): string {
  if (tally.decided === 0) return "none decided";
  return (
    `${count(tally.accepted)} of ${plural(tally.decided, "batch", "batches")} accepted; ` +
    `${count(tally.found)} of ${plural(tally.checked, "inspected item")} defective`
  );
}

/** Where a batch stands, as one of the marks of the page. */
export function batchStanding(batch: Batch): {
  tone: "dim" | "live" | "ok" | "warn" | "bad";
  mark: string;
  word: string;
} {
  switch (batch.state) {
    case "frozen":
      return { tone: "warn", mark: "diamond", word: "Submitted: draw the sample" };
    case "inspecting":
      return { tone: "live", mark: "dot", word: "Being inspected" };
    case "accepted":
      return { tone: "ok", mark: "square", word: "Accepted" };
    case "returned":
      return { tone: "bad", mark: "triangle", word: "Returned" };
    default:
      return {
        tone: "dim",
        mark: "cross",
        word: batch.reason ? "Withdrawn" : "Void: somebody in it was erased",
      };
  }
}
