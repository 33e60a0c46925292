/** Whether people follow the model where it is wrong: what was kept of what had been made wrong, and errors with and without a draft. */
import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  type Follow,
  type PlantKind,
  type SuggestionMode,
  type SuggestionReport,
  suggestionsQuery,
  suggestionsTableUrl,
} from "@/api/suggestions";
import type { Share } from "@/api/tiers";
import { count, plural } from "@/format";
import { FactList, Panel } from "@/parts/bits";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { ShareChart } from "./Charts";
import styles from "./Tiers.module.css";
import { percent, shareWords } from "./words";

export const KINDS: Record<PlantKind, string> = {
  class_swapped: "Another class",
  moved: "Moved",
  removed: "Taken out",
  invented: "Invented",
};

function FollowCells({ follow }: { follow: Follow }) {
  return (
    <>
      <td className="num">{count(follow.given)}</td>
      <td className="num">{count(follow.kept)}</td>
      <td className="num">{shareWords(follow.share)}</td>
    </>
  );
}

function Kept({ report }: { report: SuggestionReport }) {
  const lines = report.stages.map((stage) => ({ name: stage.title, share: stage.share ?? null }));
  return (
    <>
      <figure className={styles.figure}>
        <ShareChart lines={lines} end={1} label="Wrong suggestions kept, of those that came to the stage" />
        <figcaption className="dim">
          Wrong suggestions that were still there in what people handed in or passed on; lines are 95 %
          intervals.
        </figcaption>
      </figure>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Stage</th>
              <th>Who</th>
              <th className="num">Came to them</th>
              <th className="num">Kept</th>
              <th className="num">Share (95 % interval)</th>
            </tr>
          </thead>
          <tbody>
            {report.stages.flatMap((stage) => [
              <tr key={stage.id} data-testid={`kept-${stage.id}`}>
                <td>{stage.title}</td>
                <td>everybody</td>
                <FollowCells follow={stage} />
              </tr>,
              ...stage.people.map((person) => (
                <tr key={`${stage.id}/${person.user}`}>
                  <td />
                  <td>{person.printed_name}</td>
                  <FollowCells follow={person} />
                </tr>
              )),
            ])}
            {report.kinds.map((kind) => (
              <tr key={kind.kind}>
                <td>{KINDS[kind.kind]}</td>
                <td>readers</td>
                <FollowCells follow={kind} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const MODES: Record<SuggestionMode["mode"], string> = {
  never: "never",
  after_own_read: "after their own read",
  on_request: "on request",
  always: "from the start",
};

const modeWords = (mode: SuggestionMode) =>
  `${MODES[mode.mode]} ${count(mode.wrong)} of ${count(mode.judged)}: ${shareWords(mode.share)}`;

/** `12.0 points more (3.1 fewer to 27.0 more)` */
export function moreWords(share: Share | null | undefined): string {
  if (!share) return "not known";
  const points = (value: number) =>
    `${Math.abs(value * 100).toFixed(1)} points ${value < 0 ? "fewer" : "more"}`;
  return `${points(share.value)} (${points(share.low)} to ${points(share.high)})`;
}

function Errors({ report }: { report: SuggestionReport }) {
  const line = (errors: SuggestionReport["with_draft"]) =>
    `${count(errors.wrong)} of ${plural(errors.judged, "item")}: ${shareWords(errors.share)}`;
  return (
    <FactList
      rows={[
        ["First reads wrong with the draft", line(report.with_draft)],
        ["Without it (control arm)", line(report.without_draft)],
        ["With the draft, wrong", moreWords(report.more_errors_with_draft)],
        ["By when readers may see it, wrong drafts among them", report.modes.map(modeWords).join("; ")],
        [
          "Least harm",
          report.least_harm
            ? `${MODES[report.least_harm.mode]}${report.least_harm.told_apart ? "" : ", which may be chance: the intervals do not leave 0 out"}`
            : "one way only so far: nothing to compare",
        ],
      ]}
    />
  );
}

export function Suggestions({ project }: { project: string }) {
  const suggestions = useQuery(suggestionsQuery(project));
  const heading = "Whether people follow the model where it is wrong";
  if (suggestions.isPending || suggestions.isError) {
    return (
      <Panel title={heading}>
        {suggestions.isError ? (
          <Failed error={suggestions.error} retry={() => suggestions.refetch()} />
        ) : (
          <Loading />
        )}
      </Panel>
    );
  }
  const report = suggestions.data;
  const measured = report.planted_share > 0 || report.control_share > 0;
  if (!measured && report.items === 0) {
    return (
      <Panel title={heading}>
        <p className="dim">
          Not measured here: the protocol's <code>suggestions</code> says in which share of drafts a label is
          made wrong, and which share nobody is shown.
        </p>
      </Panel>
    );
  }
  return (
    <Panel title={heading}>
      {report.cut ? (
        <Note tone="warn">There is more than one report counts: these are the first items.</Note>
      ) : null}
      <p data-testid="suggestions">
        {measured
          ? `By the protocol in force a label is made wrong in ${percent(report.planted_share)} of drafts, and ${percent(report.control_share)} are shown to nobody.`
          : "The protocol in force measures it no more."}{" "}
        Only accepted items count, so that nobody at work learns where: {plural(report.items, "item")} so far,{" "}
        {count(report.planted)} with a label made wrong, {count(report.control)} without a draft.
      </p>
      {report.stages.length > 0 ? <Kept report={report} /> : null}
      {report.items > 0 ? <Errors report={report} /> : null}
      {report.planted > 0 ? (
        <p className="dim">
          {plural(report.read_again, "item")} had passed every stage with what was wrong and{" "}
          {report.read_again === 1 ? "was" : "were"} read again by somebody else, without the draft, before
          being accepted. In {count(report.confirmed)} of them the same was drawn: right after all, and not
          counted.
        </p>
      ) : null}
      <p>
        <Anchor href={suggestionsTableUrl(project)} download>
          These figures as a table
        </Anchor>
      </p>
    </Panel>
  );
}
