/** Figures of the report on vendors in words; every number with what it is a number of. */
import type { Compared, Counted } from "@/api/vendors";
import { count } from "@/format";
import { durationWords, shareWords } from "../tiers/words";

/** `12 of 588: 2.0 % (1.1 to 3.5)` */
export const countedWords = (counted: Counted): string =>
  counted.of === 0
    ? "none yet"
    : `${count(counted.count)} of ${count(counted.of)}: ${shareWords(counted.share)}`;

type Time = { value: number; low: number; high: number } | null | undefined;

/** `3 min (2 min to 5 min)` */
export const timeWords = (time: Time): string =>
  time ? `${durationWords(time.value)} (${durationWords(time.low)} to ${durationWords(time.high)})` : "–";

/** Whether two can be told apart, and what it would take. */
export function apartWords(pair: Compared, names: (id: string) => string): string {
  if (!pair.difference) return "Nothing of one of them was accepted yet.";
  if (pair.apart) {
    const worse = pair.difference.value > 0 ? pair.first : pair.second;
    return `${names(worse)} errs more often: the interval of the difference does not hold 0.`;
  }
  return pair.items_needed
    ? `They cannot be told apart. Were the shares what they seem, it would take ${count(pair.items_needed)} items of each.`
    : "They cannot be told apart: the shares are alike.";
}
