/** Consensus in words. Every number names what it is a part of; a tie is said to be one. */
import type { ConsensusAnswer, ConsensusLabel, ConsensusReader } from "@/api/consensus";
import type { OntologyClass } from "@/api/types";
import { count, percent, plural, title } from "@/format";

/** Below so many answers a way of being wrong is not worth a word. */
const ANSWERS_LEAST = 0.5;
/** Ways of being wrong that are said of a reader. */
const MISTAKES_MAX = 2;

const key = (labels: ConsensusLabel[]) => JSON.stringify(labels);

function labelWords(label: ConsensusLabel, classes: OntologyClass[]): string {
  const name = classes.find((one) => one.id === label.class)?.name ?? label.class;
  const choices = Object.values(label.choices ?? {}).map((choice) => title(choice).toLowerCase());
  return choices.length > 0 ? `${name} (${choices.join(", ")})` : name;
}

/** `Nodule`, `Image cannot be used (dark)`, or `nothing`. */
export function answerWords(labels: ConsensusLabel[], classes: OntologyClass[]): string {
  if (labels.length === 0) return "nothing";
  return labels.map((label) => labelWords(label, classes)).join(" and ");
}

/** `Nodule: 2 of 3`, or `tie, 1 of 2 each: Nodule – nothing` */
export function majorityWords(answer: ConsensusAnswer, classes: OntologyClass[]): string {
  const [first] = answer.majority;
  if (!first) return "nobody answered";
  const votes = answer.reads.filter((read) => key(read.said) === key(first)).length;
  const of = `${count(votes)} of ${count(answer.reads.length)}`;
  const names = answer.majority.map((said) => answerWords(said, classes));
  return names.length > 1 ? `tie, ${of} each: ${names.join(" – ")}` : `${names[0]}: ${of}`;
}

/** Who says something else than the estimate: `A. Reader: nothing`, or `1 reader: nothing` where readers are not named. */
export function differsWords(
  answer: ConsensusAnswer,
  readers: ConsensusReader[],
  classes: OntologyClass[],
): string {
  const others = answer.reads.filter((read) => read.differs);
  if (others.length === 0) return "nobody";
  const said = new Map<string, { words: string; who: string[]; number: number }>();
  for (const read of others) {
    const words = answerWords(read.said, classes);
    const entry = said.get(words) ?? { words, who: [], number: 0 };
    const reader = readers.find((one) => one.reader === read.reader);
    if (reader) entry.who.push(readerName(reader));
    entry.number += 1;
    said.set(words, entry);
  }
  return [...said.values()]
    .map(({ words, who, number }) => {
      const named = who.length === number ? who.join(", ") : plural(number, "reader");
      return `${named}: ${words}`;
    })
    .join("; ");
}

export const readerName = (reader: ConsensusReader): string => reader.name ?? `Reader ${reader.reader}`;

/** `88.1 %, of 41 answers in 40 items` */
export function accuracyWords(reader: ConsensusReader): string {
  const of = `${plural(reader.answers, "answer")} in ${plural(reader.items, "item")}`;
  return `${percent(reader.accuracy)}, of ${of}`;
}

/** The most frequent ways of being wrong: `nothing where it is Nodule: 12.0 % of about 14` */
export function mistakeWords(reader: ConsensusReader, classes: OntologyClass[]): string {
  const wrong = reader.confusion
    .filter((cell) => key(cell.truth) !== key(cell.said) && cell.of * cell.share >= ANSWERS_LEAST)
    .sort((a, b) => b.of * b.share - a.of * a.share)
    .slice(0, MISTAKES_MAX);
  if (wrong.length === 0) return "none that stands out";
  return wrong
    .map((cell) => {
      const [said, truth] = [answerWords(cell.said, classes), answerWords(cell.truth, classes)];
      return `${said} where it is ${truth}: ${percent(cell.share)} of about ${count(Math.round(cell.of))}`;
    })
    .join("; ");
}
