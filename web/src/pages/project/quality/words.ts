/** Bounds and errors in words. A bound is never shown smaller than it is. */
import type { Bound, Certification, ErrorKind, Severity } from "@/api/quality";
import type { OntologyClass } from "@/api/types";
import { count } from "@/format";

const PERCENT = 100;

/** A share as `2.35 %`, rounded up. */
export function atMost(share: number): string {
  // A double such as 0.07 times 10,000 lies a hair above 700.
  return `${(Math.ceil(share * 10_000 - 1e-9) / 100).toFixed(2)} %`;
}

/** A confidence as `95 %` or `97.5 %`. */
export function confidence(value: number): string {
  return `${Number((value * PERCENT).toFixed(4))} %`;
}

/** An allowed error as `5 %` or `0.42 %`: never shown larger than it is, with two digits. */
export function allowed(error: number): string {
  const percent = error * PERCENT;
  if (percent <= 0) return "0 %";
  const digits = Math.max(0, 1 - Math.floor(Math.log10(percent)));
  const scale = 10 ** digits;
  // 1 - 0.95 lies a hair above 0.05, other differences a hair below what they are.
  return `${(Math.floor(percent * scale + 1e-9) / scale).toFixed(digits).replace(/\.0+$/, "")} %`;
}

/** `at most 3 of 120 (2.50 %)` */
export function boundWords(bound: Bound): string {
  return `at most ${count(bound.upper)} of ${count(bound.lot)} (${atMost(bound.share)})`;
}

export const KIND_WORDS: Record<ErrorKind, string> = {
  missed: "Missed: there, and not labelled",
  extra: "Superfluous: labelled, and not there",
  wrong_class: "Wrong class",
  misplaced: "Place or extent are off",
  attribute: "An attribute is wrong",
};

export const SEVERITY_WORDS: Record<Severity, string> = {
  minor: "Minor: changes nothing for whoever uses it",
  major: "Major: could mislead",
  critical: "Critical: could harm somebody",
};

/** Ended by hand before anything was judged: nothing is stated about it. */
export const isWithdrawn = ({ state, stop, overall }: Pick<Certification, "state" | "stop" | "overall">) =>
  state === "void" && stop === "ended" && !overall;

/** Where an audit stands, as one of the marks of the page. */
export function standing(certification: Certification): {
  tone: "dim" | "live" | "ok" | "warn" | "bad";
  mark: string;
  word: string;
} {
  switch (certification.state) {
    case "frozen":
      return { tone: "warn", mark: "diamond", word: "Frozen: draw the order" };
    case "auditing":
      return { tone: "live", mark: "dot", word: "Being audited" };
    case "ended":
      return { tone: "live", mark: "dot", word: "Being certified" };
    case "closed":
      return { tone: "ok", mark: "square", word: "Certified" };
    default:
      return isWithdrawn(certification)
        ? { tone: "dim", mark: "cross", word: "Withdrawn: nothing was judged" }
        : { tone: "bad", mark: "cross", word: "Void: somebody in it was erased" };
  }
}

export const STOP_WORDS: Record<string, string> = {
  target: "the target was reached",
  sample: "the sample was used up",
  ended: "it was ended by hand",
};

const STREAMS: Record<string, string> = {
  review: "corrections by reviewers",
  gold: "hidden gold",
  peers: "other readers, or the decision between them",
  overlap: "where a reviewer put the marks",
  time: "the time that it takes others (shown only)",
};

/** Against what a stream of somebody's work is held. */
export function streamWords(stream: string, classes: OntologyClass[]): string {
  const critical = stream.startsWith("class:") ? stream.slice("class:".length) : null;
  if (critical === null) return STREAMS[stream] ?? stream;
  return `misses of ${classes.find((one) => one.id === critical)?.name ?? critical}`;
}
