/** Studies of people's eyes in words: where one stands, what it says of a person, in what it falls short. */
import type { Kappa, Rate, Shortfall, Study, Verdict } from "@/api/appraisals";
import { count } from "@/format";

type Look = { tone: "dim" | "live" | "ok" | "warn" | "bad"; mark: string; word: string };

export function studyStanding(study: Pick<Study, "state" | "stop">): Look {
  switch (study.state) {
    case "frozen":
      return { tone: "warn", mark: "diamond", word: "Frozen: draw the orders" };
    case "judging":
      return { tone: "live", mark: "dot", word: "Being judged" };
    case "ended":
      return { tone: "warn", mark: "diamond", word: "Over: waits to be signed" };
    case "issued":
      return { tone: "ok", mark: "square", word: "Signed" };
    default:
      return { tone: "bad", mark: "cross", word: "Void" };
  }
}

export const VERDICT_LOOK: Record<Verdict, Look> = {
  acceptable: { tone: "ok", mark: "square", word: "Acceptable" },
  marginal: { tone: "warn", mark: "triangle", word: "Marginal" },
  unacceptable: { tone: "bad", mark: "cross", word: "Unacceptable" },
  undecided: { tone: "dim", mark: "ring", word: "Not finished: undecided" },
};

/** What follows for somebody once the study is signed. */
export const VERDICT_MEANS: Record<Verdict, string> = {
  acceptable: "gets the qualification",
  marginal: "loses it until trained and studied again",
  unacceptable: "loses it until trained and studied again",
  undecided: "nothing follows",
};

export const SHORT_WORDS: Record<Shortfall, string> = {
  parts: "fewer than 50 parts",
  borderline: "not 30 to 50 % of the parts are borderline",
  appraisers: "fewer than three people",
  trials: "fewer than three trials",
};

const PERCENT = 100;
const percentOf = (share: number) => `${(share * PERCENT).toFixed(1)} %`;

/** `82.0 % (41 of 50), 68.6 to 91.4 %` */
export function rateWords(rate: Rate | null | undefined): string {
  if (!rate) return "–";
  const low = (rate.low * PERCENT).toFixed(1);
  return `${percentOf(rate.share)} (${count(rate.part)} of ${count(rate.of)}), ${low} to ${percentOf(rate.high)}`;
}

/** `0.863, good (0.776 to 0.950)` */
export function kappaWords(kappa: Kappa | null | undefined): string {
  if (!kappa) return "–";
  const range =
    kappa.low != null && kappa.high != null ? ` (${kappa.low.toFixed(3)} to ${kappa.high.toFixed(3)})` : "";
  return `${kappa.value.toFixed(3)}, ${kappa.word}${range}`;
}

/** How many of the parts are borderline, and whether that is what the manual asks for. */
export function quotaWords(parts: number, borderline: number): string {
  if (parts === 0) return "no part chosen";
  const share = borderline / parts;
  const fits = share >= 0.3 && share <= 0.5;
  return `${count(borderline)} of ${count(parts)} are borderline (${percentOf(share)}; 30 to 50 % are asked for${fits ? "" : ", which is not met"})`;
}
