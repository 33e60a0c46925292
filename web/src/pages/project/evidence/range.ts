/** Two moments as a browser's fields give them, in the reader's zone, and as the server takes them. */
const MICROS_PER_MS = 1000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const pad = (value: number) => String(value).padStart(2, "0");

/** The minute that many days before a moment, as a field for date and time shows it. */
export function dayBefore(nowMs: number, days = 1): string {
  // The end of a range is not in it: the minute that runs belongs to it all the same.
  const date = new Date(nowMs - days * DAY_MS + MINUTE_MS);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** Null unless both are moments and the first is before the second. */
export function askedBetween(from: string, to: string): { from: number; to: number } | null {
  const [start, end] = [new Date(from).getTime(), new Date(to).getTime()];
  if (Number.isNaN(start) || Number.isNaN(end) || start >= end) return null;
  return { from: start * MICROS_PER_MS, to: end * MICROS_PER_MS };
}
