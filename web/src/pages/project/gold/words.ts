/** Hidden gold in words. */
import type { GoldReport, GoldResult } from "@/api/gold";
import { count, plural } from "@/format";
import { percent } from "../tiers/words";

export const STATES: Record<string, { tone: "warn" | "ok" | "dim"; mark: string; word: string }> = {
  active: { tone: "ok", mark: "square", word: "Given out" },
  used: { tone: "dim", mark: "cross", word: "Used up" },
  retired: { tone: "dim", mark: "cross", word: "Retired" },
  changed: { tone: "warn", mark: "triangle", word: "Changed since" },
};

/** What the protocol says of it. */
export function planWords(report: GoldReport): string {
  if (report.share === 0) return "Nothing is hidden: the protocol in force names no share.";
  const most = report.exposures_per_person;
  const rest = most > 1 ? `, ${plural(report.rest_days, "day")} apart` : "";
  return `About ${percent(report.share)} of what is read is gold. Nobody meets one item more than ${plural(most, "time")}${rest}; after ${plural(report.exposures_total, "read")} it is used up.`;
}

/** How soon a change is found. */
export function soonWords(report: GoldReport): string {
  const gold = `about ${plural(report.gold_reads_to_find, "read")} of gold`;
  return report.reads_to_find ? `${gold}, which are ${count(report.reads_to_find)} of any kind` : gold;
}

/** What differs from the trusted answer. */
export function errorWords(result: GoldResult): string {
  if (!result.wrong) return "right";
  const parts = [
    [result.missed, "missed"],
    [result.superfluous, "too many"],
    [result.differing, "different"],
  ] as const;
  const told = parts.filter(([n]) => n > 0).map(([n, word]) => `${count(n)} ${word}`);
  return `${told.join(", ")}${result.critical ? ", critical" : ""}`;
}
