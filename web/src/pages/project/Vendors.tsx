/** What the work of each organization is worth, what it takes to tell two of them apart, who is given what, what is paid. */
import { Button, MultiSelect, NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { type BehindItem, behindUrls, type Figure } from "@/api/behind";
import { hasRole, useMe } from "@/api/session";
import {
  type Compared,
  type VendorQuestion,
  type VendorReport,
  type VendorView,
  vendorsQuery,
  vendorsTableUrl,
} from "@/api/vendors";
import { count, plural } from "@/format";
import { ContractStatus } from "@/pages/users/Organizations";
import { AsOf } from "@/parts/AsOf";
import { BehindList, FigureButton, type Open, useBehind } from "@/parts/Behind";
import { Panel } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { Empty, Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";
import { ShareChart } from "./tiers/Charts";
import styles from "./tiers/Tiers.module.css";
import { durationWords, shareWords } from "./tiers/words";
import { Mixes } from "./vendors/Mixes";
import { Payment } from "./vendors/Payment";
import { Readers } from "./vendors/Readers";
import { apartWords, countedWords, timeWords } from "./vendors/words";

const PERCENT = 100;
const HOUR = 3_600;
/** Shares of errors are small: the axis ends at the first of these above the largest interval. */
const ENDS = [0.04, 0.08, 0.2, 0.4, 0.6, 0.8];
const axisEnd = (highs: number[]) => ENDS.find((end) => end >= Math.max(0, ...highs)) ?? 1;

type Parts = Figure["parts"];
type Row = {
  name: string;
  words: (view: VendorView) => string;
  /** The figure whose items can be listed, and its parts; none where it is about people, who are listed instead. */
  behind?: { figure: string; parts: Parts; said?: (item: BehindItem) => string };
};
const parts = (counted: string, rest: string, all: string): Parts => [
  { value: "counted", label: counted },
  { value: "rest", label: rest },
  { value: "all", label: all },
];
const took = (item: BehindItem) =>
  item.seconds === null || item.seconds === undefined ? "–" : durationWords(item.seconds);
const READS: Row["behind"] = { figure: "turnaround", parts: [{ value: "all", label: "All" }], said: took };

const CRITICAL: Row = {
  name: "Items with a critical error",
  words: (view) => countedWords(view.critical),
  behind: {
    figure: "critical",
    parts: parts("With a critical error", "Without", "All that were compared"),
  },
};

/** Each figure: what it is called, what it says of an organization, and the items behind it. */
const FIGURES: Row[] = [
  {
    name: "Items read",
    words: (view) => count(view.items),
    behind: { figure: "items", parts: [{ value: "all", label: "All" }], said: () => "read" },
  },
  CRITICAL,
  {
    name: "Accepted at the first judgement",
    words: (view) => countedWords(view.first_pass),
    behind: { figure: "first_pass", parts: parts("Accepted at once", "Something was found", "All judged") },
  },
  {
    name: "Objects missed, of 100",
    words: (view) => countedWords(view.missed),
    behind: { figure: "missed", parts: parts("With a miss", "With an object that was found", "All") },
  },
  {
    name: "Sent back at least once",
    words: (view) => countedWords(view.rework),
    behind: { figure: "rework", parts: parts("Sent back", "Never sent back", "All that were read") },
  },
  {
    name: "Reads of hidden gold with a critical error",
    words: (view) => countedWords(view.gold),
    behind: { figure: "gold", parts: parts("With a critical error", "Without", "All reads of gold") },
  },
  {
    name: "Disputes overturned",
    words: (view) => countedWords(view.overturned),
    behind: { figure: "overturned", parts: parts("Overturned", "The review stands", "All decided") },
  },
  {
    name: "From offer to read, half within",
    words: (view) => timeWords(view.turnaround.p50),
    behind: READS,
  },
  {
    name: "From offer to read, nine of ten within",
    words: (view) => timeWords(view.turnaround.p90),
    behind: READS,
  },
  {
    name: "Guideline in force not acknowledged",
    words: (view) =>
      view.guideline.people === 0
        ? "–"
        : `${count(view.guideline.behind)} of ${plural(view.guideline.people, "person", "people")}`,
  },
  {
    name: "Acknowledged, half within",
    words: (view) =>
      view.guideline.p50_hours === null || view.guideline.p50_hours === undefined
        ? "–"
        : durationWords(view.guideline.p50_hours * HOUR),
  },
];

function figureOf(
  project: string,
  question: VendorQuestion,
  row: Row,
  { organization }: VendorView,
): Figure | null {
  if (!row.behind) return null;
  return {
    key: `${row.name} ${organization.id}`,
    title: `${organization.name}: ${row.name.toLowerCase()}`,
    url: behindUrls.vendor(project, organization.id),
    query: { figure: row.behind.figure, critical: question.critical.join(",") || undefined },
    parts: row.behind.parts,
    said: row.behind.said,
  };
}

function Scorecard({
  project,
  report,
  question,
}: {
  project: string;
  report: VendorReport;
  question: VendorQuestion;
}) {
  const behind = useBehind();
  const [readersOf, showReaders] = useState<VendorView | null>(null);
  const lines = report.organizations.map((view) => ({
    name: view.organization.name,
    share: view.critical.share ?? null,
  }));
  const cell = (row: Row, view: VendorView) => {
    const of = figureOf(project, question, row, view);
    const words = row.words(view);
    if (words === "–") return words;
    if (of)
      return (
        <FigureButton open={behind} figure={of}>
          {words}
        </FigureButton>
      );
    const isShown = readersOf?.organization.id === view.organization.id;
    return (
      <button
        type="button"
        className={table.link}
        aria-expanded={isShown}
        title={`${view.organization.name}: who acknowledged the guideline in force`}
        onClick={() => showReaders(isShown ? null : view)}
      >
        {words}
      </button>
    );
  };
  return (
    <Panel title="Scorecard">
      <figure className={styles.figure}>
        <ShareChart
          lines={lines}
          end={axisEnd(lines.map((line) => line.share?.high ?? 0))}
          label="Items with a critical error"
        />
        <figcaption className="dim">
          Items with a critical error, of those that were accepted; lines are 95 % intervals.
        </figcaption>
      </figure>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>95 % intervals in brackets; choose a number to see its items</th>
              {report.organizations.map((view) => (
                <th key={view.organization.id}>
                  {view.organization.name} <ContractStatus organization={view.organization} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {FIGURES.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                {report.organizations.map((view) => (
                  <td key={view.organization.id}>{cell(row, view)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <BehindList open={behind} />
      {readersOf ? <Readers view={readersOf} close={() => showReaders(null)} /> : null}
    </Panel>
  );
}

function Comparison({
  pair,
  views,
  critical,
  behind,
}: {
  pair: Compared;
  views: readonly VendorView[];
  /** Opens the items with a critical error of an organization. */
  critical: (view: VendorView) => Figure | null;
  behind: Open;
}) {
  const of = [pair.first, pair.second].flatMap(
    (id) => views.find((view) => view.organization.id === id) ?? [],
  );
  const names = (id: string) => of.find((view) => view.organization.id === id)?.organization.name ?? "?";
  return (
    <li data-testid="pair">
      <strong>
        {names(pair.first)} and {names(pair.second)}
      </strong>
      : difference of the shares with a critical error {shareWords(pair.difference)}, over all items of each
      that could be compared:{" "}
      {of.map((view, place) => {
        const figure = critical(view);
        const words = `${count(view.critical.count)} of ${count(view.critical.of)}`;
        return (
          <Fragment key={view.organization.id}>
            {place > 0 ? " and " : null}
            {figure ? (
              <FigureButton open={behind} figure={figure}>
                {words}
              </FigureButton>
            ) : (
              words
            )}
          </Fragment>
        );
      })}
      ; {plural(pair.shared, "item")} read by both. {apartWords(pair, names)}
    </li>
  );
}

function Compare({
  project,
  report,
  question,
  ask,
}: {
  project: string;
  report: VendorReport;
  question: VendorQuestion;
  ask: (question: VendorQuestion) => void;
}) {
  const behind = useBehind();
  const critical = (view: VendorView) => figureOf(project, question, CRITICAL, view);
  const rate = (side: "first" | "second", label: string) => (
    <NumberInput
      label={label}
      suffix=" %"
      w={130}
      min={0.1}
      max={99.9}
      value={Number((question[side] * PERCENT).toFixed(2))}
      onChange={(value) => {
        const share = Number(value) / PERCENT;
        if (share > 0 && share < 1) ask({ ...question, [side]: share });
      }}
    />
  );
  return (
    <Panel title="Telling two apart">
      {report.compared.length === 0 ? (
        <p className="dim">There is one organization: nothing to compare it with.</p>
      ) : (
        <ul>
          {report.compared.map((pair) => (
            <Comparison
              key={`${pair.first}/${pair.second}`}
              pair={pair}
              views={report.organizations}
              critical={critical}
              behind={behind}
            />
          ))}
        </ul>
      )}
      <BehindList open={behind} />
      <div className="row" style={{ alignItems: "flex-end" }}>
        {rate("first", "One errs in")}
        {rate("second", "another in")}
        <p data-testid="items-to-tell">
          {report.items_to_tell
            ? `${count(report.items_to_tell)} items of each tell them apart, four times out of five.`
            : "Shares that are alike cannot be told apart."}
        </p>
      </div>
      <p className="dim">
        Intervals: Clopper and Pearson for shares, Newcombe for their difference. Whoever looks again and
        again until they differ finds a difference sooner or later: say beforehand how many items it will be.
      </p>
    </Panel>
  );
}

export default function Vendors() {
  const project = useProject();
  const me = useMe();
  const [question, setQuestion] = useState<VendorQuestion>({ critical: [], first: 0.02, second: 0.05 });
  const vendors = useQuery(vendorsQuery(project.id, question));
  const owner = hasRole(me, "owner", project.id);
  if (vendors.isPending) return <Loading />;
  if (vendors.isError) return <Failed error={vendors.error} retry={() => vendors.refetch()} />;
  const report = vendors.data;
  return (
    <div className="stack loose">
      <div className="spread">
        <h2>Vendors</h2>
        <AsOf of={vendors} />
        <Button
          component="a"
          href={vendorsTableUrl(project.id, question)}
          download
          variant="default"
          leftSection={<Icon name="download" />}
        >
          All figures as a table
        </Button>
      </div>
      {report.cut ? (
        <Note tone="warn">There is more than one report counts: these are the first items.</Note>
      ) : null}
      {report.organizations.length === 0 ? (
        <Empty title="Nothing was read yet">
          As soon as reads are handed in and what they are about is accepted, this page says what the work of
          each organization is worth. Items that are being read blind are not in it.
        </Empty>
      ) : (
        <>
          <MultiSelect
            label="An error is critical on these classes"
            placeholder={question.critical.length > 0 ? undefined : "those that the protocol calls critical"}
            data={project.protocol.classes.map((one) => ({ value: one.id, label: one.name }))}
            value={question.critical}
            onChange={(critical) => setQuestion({ ...question, critical })}
            maw={480}
          />
          <Scorecard project={project.id} report={report} question={question} />
          <Compare project={project.id} report={report} question={question} ask={setQuestion} />
        </>
      )}
      {owner ? <Mixes project={project.id} /> : null}
      {owner && report.organizations.length > 0 ? (
        <Payment project={project.id} organizations={report.organizations.map((view) => view.organization)} />
      ) : null}
    </div>
  );
}
