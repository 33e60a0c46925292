/** What somebody is told of their own work, in the words of what it was held against. */
import type { Alarm, Worked } from "@/api/quality";
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

type Said = Pick<Worked, "right" | "said" | "others">;
const named = (id: string | null | undefined) => (id ? `“${id}”` : "nothing there");

/** The classes that an example is about, the right one first. */
export const classesOf = ({ right, said }: Pick<Said, "right" | "said">): string[] =>
  [...new Set([right, said])].filter((id): id is string => !!id);

/** `You saw “scratch”. Of the other readers 2 saw “crack”, 1 saw nothing there; “crack” was right.` */
export function othersWords({ right, said, others }: Said): string | null {
  if (others.length === 0) return null;
  const each = others.map((other) => `${count(other.readers)} saw ${named(other.class)}`).join(", ");
  return `You saw ${named(said)}. Of the other readers ${each}; right is ${named(right)}.`;
}

/** How the item is called on which the same was settled. */
export function settledWords(stream: string): string {
  return stream === "peers"
    ? "Settled so"
    : "An item of yours on which a reviewer or other readers settled the same";
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
