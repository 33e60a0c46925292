/** What somebody is told of their own work, in the words of what it was held against. */
import type { Alarm } from "@/api/quality";
import { count, plural } from "@/format";

type Found = Pick<Alarm, "stream" | "wrong" | "checked">;

const criticalOf = (stream: string) => (stream.startsWith("class:") ? stream.slice("class:".length) : null);

/** What was found, and in how many of how many. Of hidden gold nothing that could tell which item it was. */
export function foundWords({ stream, wrong, checked }: Found): string {
  const share = `${count(wrong)} of your last ${plural(checked, "checked item")}`;
  const critical = criticalOf(stream);
  if (critical) return `“${critical}” was missed, or called something else, in ${share} that have one`;
  switch (stream) {
    case "review":
      return `Reviewers changed or sent back ${share}`;
    case "peers":
      return `The other readers, or whoever decided between you, saw ${share} otherwise`;
    case "overlap":
      return `Reviewers moved or reshaped marks of yours in ${share}`;
    default:
      return "Checks found errors in your work";
  }
}

/** The same in one line, wherever somebody is. */
export function noticeWords(stream: string, project: string): string {
  if (stream === "review") return `Reviewers corrected more of your work than usual in ${project}.`;
  if (stream === "peers") return `Other readers saw more of your work otherwise than usual in ${project}.`;
  if (stream === "overlap") return `Reviewers moved more of your marks than usual in ${project}.`;
  return `Checks of your work found more errors than usual in ${project}.`;
}

/** How the example is called. */
export function exampleWords(stream: string): string {
  return stream === "peers" ? "See an item that was decided otherwise" : "See a corrected item";
}

/** `3 of 9 corrections: “crack” was labelled as “scratch”` */
export function patternWords(pattern: Alarm["patterns"][number], stream: string): string {
  const kind = stream === "review" ? "correction" : "error";
  const many = `${count(pattern.times)} of ${plural(pattern.errors, kind)}`;
  if (!pattern.said) return `${many}: “${pattern.right}” was there and not labelled`;
  if (!pattern.right) return `${many}: “${pattern.said}” was labelled and not there`;
  if (pattern.right === pattern.said)
    return `${many}: “${pattern.right}” lay elsewhere, or is described otherwise`;
  return `${many}: “${pattern.right}” was labelled as “${pattern.said}”`;
}

/** What an alarm is called where it is decided. */
export function alarmWords(stream: string): string {
  const critical = criticalOf(stream);
  if (critical) return `misses “${critical}” more often than usual`;
  const words: Record<string, string> = {
    review: "more corrections than usual",
    gold: "more errors on hidden gold than usual",
    peers: "other readers differ more often than usual",
    overlap: "marks lie further off than usual",
  };
  return words[stream] ?? "more errors than usual";
}
