/** What the work of each organization is worth, what it takes to tell two of them apart, who is given what, what is paid. */
import { Button, MultiSelect, NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
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
import { apartWords, countedWords, timeWords } from "./vendors/words";

const PERCENT = 100;
const HOUR = 3_600;
/** Shares of errors are small: the axis ends at the first of these above the largest interval. */
const ENDS = [0.04, 0.08, 0.2, 0.4, 0.6, 0.8];
const axisEnd = (highs: number[]) => ENDS.find((end) => end >= Math.max(0, ...highs)) ?? 1;

/** Each figure: what it is called, and what it says of an organization. */
const FIGURES: [string, (view: VendorView) => string][] = [
  ["Items read", (view) => count(view.items)],
  ["Items with a critical error", (view) => countedWords(view.critical)],
  ["Accepted at the first judgement", (view) => countedWords(view.first_pass)],
  ["Objects missed, of 100", (view) => countedWords(view.missed)],
  ["Sent back at least once", (view) => countedWords(view.rework)],
  ["Reads of hidden gold with a critical error", (view) => countedWords(view.gold)],
  ["Disputes overturned", (view) => countedWords(view.overturned)],
  ["From offer to read, half within", (view) => timeWords(view.turnaround.p50)],
  ["From offer to read, nine of ten within", (view) => timeWords(view.turnaround.p90)],
  [
    "Guideline in force not acknowledged",
    (view) =>
      view.guideline.people === 0
        ? "–"
        : `${count(view.guideline.behind)} of ${plural(view.guideline.people, "person", "people")}`,
  ],
  [
    "Acknowledged, half within",
    (view) =>
      view.guideline.p50_hours === null || view.guideline.p50_hours === undefined
        ? "–"
        : durationWords(view.guideline.p50_hours * HOUR),
  ],
];

function Scorecard({ report }: { report: VendorReport }) {
  const lines = report.organizations.map((view) => ({
    name: view.organization.name,
    share: view.critical.share ?? null,
  }));
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
              <th>95 % intervals in brackets</th>
              {report.organizations.map((view) => (
                <th key={view.organization.id}>
                  {view.organization.name} <ContractStatus organization={view.organization} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {FIGURES.map(([name, words]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {report.organizations.map((view) => (
                  <td key={view.organization.id}>{words(view)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {report.organizations
        .filter((view) => view.critical_items.length > 0)
        .map((view) => (
          <details key={view.organization.id}>
            <summary>Critical errors of {view.organization.name}</summary>
            <ul>
              {view.critical_items.map((one) => (
                <li key={one.item}>
                  <Link to="/items/$itemId" params={{ itemId: one.item }}>
                    {one.classes.join(", ")}
                  </Link>
                </li>
              ))}
            </ul>
          </details>
        ))}
    </Panel>
  );
}

function Comparison({ pair, names }: { pair: Compared; names: (id: string) => string }) {
  return (
    <li data-testid="pair">
      <strong>
        {names(pair.first)} and {names(pair.second)}
      </strong>
      : difference of the shares with a critical error {shareWords(pair.difference)};{" "}
      {plural(pair.shared, "item")} read by both. {apartWords(pair, names)}
    </li>
  );
}

function Compare({
  report,
  question,
  ask,
}: {
  report: VendorReport;
  question: VendorQuestion;
  ask: (question: VendorQuestion) => void;
}) {
  const names = (id: string) =>
    report.organizations.find((view) => view.organization.id === id)?.organization.name ?? "?";
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
            <Comparison key={`${pair.first}/${pair.second}`} pair={pair} names={names} />
          ))}
        </ul>
      )}
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
          <Scorecard report={report} />
          <Compare report={report} question={question} ask={setQuestion} />
        </>
      )}
      {owner ? <Mixes project={project.id} /> : null}
      {owner && report.organizations.length > 0 ? (
        <Payment project={project.id} organizations={report.organizations.map((view) => view.organization)} />
      ) : null}
    </div>
  );
}
