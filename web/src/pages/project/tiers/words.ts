/** Figures of the tier report in words; every number with what it is a number of. */
import type { Share, Times } from "@/api/tiers";

const PERCENT = 100;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

export const percent = (value: number): string => `${(value * PERCENT).toFixed(1)} %`;

/** `12.5 % (8.1 to 18.2)` */
export function shareWords(share: Share | null | undefined): string {
  if (!share) return "not known";
  const ends = [share.low, share.high].map((end) => (end * PERCENT).toFixed(1));
  return `${percent(share.value)} (${ends[0]} to ${ends[1]})`;
}

/** `31.5 (22.0 to 44.1)`: of a hundred, of something that one can have several of. */
export function perHundredWords(each: Share | null | undefined): string {
  if (!each) return "not known";
  const [value, low, high] = [each.value, each.low, each.high].map((one) => (one * PERCENT).toFixed(1));
  return `${value} (${low} to ${high})`;
}

/** `40 s`, `3 min`, `2.5 h`, `4 days` */
export function durationWords(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < MINUTE) return `${Math.round(seconds)} s`;
  if (seconds < HOUR) return `${Number((seconds / MINUTE).toPrecision(2))} min`;
  if (seconds < 2 * DAY) return `${Number((seconds / HOUR).toPrecision(2))} h`;
  return `${Math.round(seconds / DAY)} days`;
}

export const timesWords = (times: Times): string =>
  `${durationWords(times.p50_seconds)} / ${durationWords(times.p95_seconds)}`;

export function moneyWords(value: number | null | undefined, currency: string | undefined): string {
  return value === null || value === undefined || !currency ? "no price" : `${value.toFixed(2)} ${currency}`;
}
