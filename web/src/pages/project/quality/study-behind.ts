/** The parts behind the figures of a person in a study, worked out of its record as the server works out the figures. */
import type { StudyRecord } from "@/api/appraisals";

export type PersonFigure = "effectiveness" | "miss" | "false_alarm" | "within";

export type PartBehind = {
  item: string;
  /** Its place among the parts, from 1. */
  number: number;
  bad: boolean;
  borderline: boolean;
  /** What was said in each trial, in their order: bad, or good. */
  said: { trial: number; bad: boolean }[];
  /** It speaks against the person: missed, a false alarm, not the same every time, not right every time. */
  isAgainst: boolean;
};

type Part = { item: string; bad: boolean; borderline: boolean };

/** Every part that a figure of a person is over, those that speak against them marked. */
export function partsBehind(
  record: Pick<StudyRecord, "parts" | "answers">,
  person: string,
  figure: PersonFigure,
): PartBehind[] {
  const answers = new Map<string, PartBehind["said"]>();
  for (const { item, trial, bad, ...one } of record.answers)
    if (one.person === person) answers.set(item, [...(answers.get(item) ?? []), { trial, bad }]);
  return record.parts.flatMap((line, at) => {
    // Of a part that was erased nothing is left.
    if (line === "") return [];
    const { item, bad, borderline } = JSON.parse(line) as Part;
    const said = (answers.get(item) ?? []).sort((a, b) => a.trial - b.trial);
    const wrong = said.some((one) => one.bad !== bad);
    const of: Record<PersonFigure, boolean> = {
      miss: bad && said.length > 0,
      false_alarm: !bad && said.length > 0,
      // What was judged once says nothing of sameness.
      within: said.length > 1,
      effectiveness: said.length > 0,
    };
    const isAgainst = figure === "within" ? said.some((one) => one.bad !== said[0]?.bad) : wrong;
    return of[figure] ? [{ item, number: at + 1, bad, borderline, said, isAgainst }] : [];
  });
}

const word = (bad: boolean) => (bad ? "bad" : "good");

/** `good, bad, good` */
export const saidWords = ({ said }: Pick<PartBehind, "said">): string =>
  said.map((one) => word(one.bad)).join(", ");

/** `bad, borderline` */
export const referenceWords = ({ bad, borderline }: Pick<PartBehind, "bad" | "borderline">): string =>
  borderline ? `${word(bad)}, borderline` : word(bad);

/** What a list of the parts of a figure is called, and those in it that speak against the person. */
export const FIGURE_WORDS: Record<PersonFigure, { title: string; against: string; all: string }> = {
  effectiveness: {
    title: "right every time",
    against: "Wrong at least once",
    all: "All parts judged",
  },
  miss: { title: "misses", against: "Bad, and called good", all: "All bad parts judged" },
  false_alarm: { title: "false alarms", against: "Good, and called bad", all: "All good parts judged" },
  within: {
    title: "the same every time",
    against: "Not the same every time",
    all: "All judged more than once",
  },
};
