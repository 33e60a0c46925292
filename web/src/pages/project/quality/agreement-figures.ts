/** The figures of the report on agreement whose items can be listed. */
import { behindUrls, type Figure } from "@/api/behind";
import { count, plural } from "@/format";

type Parts = Figure["parts"];
const ALL = "All";

export function agreementFigures(project: string) {
  const make = (
    key: string,
    title: string,
    query: Figure["query"],
    parts: Parts,
    said?: Figure["said"],
  ): Figure => ({ key, title, url: behindUrls.agreement(project), query, parts, said });
  const same = (one: string, other: string): Parts => [
    { value: "rest", label: other },
    { value: "counted", label: one },
    { value: "all", label: ALL },
  ];
  return {
    agreed: make(
      "agreed",
      "Agree in everything",
      { figure: "agreed" },
      same("Without a difference", "With a difference"),
      (item) => (item.count > 0 ? "no difference" : "readers differ"),
    ),
    notAssessed: make(
      "not assessed",
      "A reader could not assess it",
      { figure: "not_assessed" },
      [{ value: "all", label: ALL }],
      () => "not assessed by all",
    ),
    findings: make(
      "findings",
      "Findings in dispute",
      { figure: "findings" },
      [
        { value: "counted", label: "With a dispute" },
        { value: "rest", label: "With a finding that is none" },
        { value: "all", label: ALL },
      ],
      (item) => `${count(item.count)} of ${plural(item.of, "finding")} in dispute`,
    ),
    answers: make(
      "answers",
      "All classes of an item together",
      { figure: "answers" },
      same("Some give the same answer", "Answers differ"),
      (item) => `${count(item.count)} of ${plural(item.of, "pair")} of readers the same`,
    ),
    /** `part` is what is shown first: items with a mark of it, or those on which readers differ. */
    class: (id: string, name: string, part: "counted" | "split") => {
      const parts: Parts = [
        { value: "counted", label: "With a mark" },
        { value: "split", label: "Marked by some alone" },
        { value: "rest", label: "Not marked by all" },
        { value: "all", label: ALL },
      ];
      return make(
        `class ${id} ${part}`,
        `${name}: ${part === "split" ? "marked by some readers and not by others" : "items with a mark"}`,
        { figure: "class", class: id },
        part === "split" ? [...parts.slice(1, 2), ...parts.slice(0, 1), ...parts.slice(2)] : parts,
        (item) => `marked by ${count(item.count)} of ${plural(item.of, "reader")}`,
      );
    },
    pair: (first: string, second: string, names: string) =>
      make(
        `pair ${first} ${second}`,
        `${names}: items that both read`,
        { figure: "pair", first, second },
        same("The same classes", "Other classes"),
        (item) => {
          const classes = item.classes.length > 0 ? item.classes.join(", ") : "nothing marked";
          return `${item.count > 0 ? "the same" : "otherwise"}: ${classes}`;
        },
      ),
    marks: (part: "both" | "alone") =>
      make(
        `marks ${part}`,
        part === "both" ? "Marks found by both" : "Marks of one alone, or under two names",
        { figure: "marks" },
        part === "both"
          ? [
              { value: "counted", label: "With one found by both" },
              { value: "all", label: ALL },
            ]
          : [
              { value: "rest", label: "With one of one alone" },
              { value: "all", label: ALL },
            ],
        (item) => `${count(item.count)} by both, ${count(item.of - item.count)} alone`,
      ),
    cell: (one: string, other: string | undefined, names: string) =>
      make(
        `cell ${one}/${other ?? ""}`,
        names,
        { figure: "cell", one, other },
        [
          { value: "counted", label: "With this pair of names" },
          { value: "all", label: "Where somebody said either" },
        ],
        (item) => `${count(item.count)} of ${plural(item.of, "pair")} of marks`,
      ),
  };
}
