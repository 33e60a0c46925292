/** What each tier is worth: what it finds and misses, how long it takes, what it costs, and how much nobody saw. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { hasRole, isOwner, useMe } from "@/api/session";
import { type Found, type TierReport, tiersQuery, tiersTableUrl, type Unseen } from "@/api/tiers";
import { count, plural, title } from "@/format";
import { AsOf } from "@/parts/AsOf";
import { At, FactList, Panel } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { Empty, Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";
import { ShareChart, TimeChart } from "./tiers/Charts";
import { Rates } from "./tiers/Rates";
import { Readers } from "./tiers/Readers";
import { Suggestions } from "./tiers/Suggestions";
import styles from "./tiers/Tiers.module.css";
import { durationWords, moneyWords, perHundredWords, shareWords, timesWords } from "./tiers/words";

/** Shares of errors are small: the axis ends at the first of these above the largest interval. */
const ENDS = [0.04, 0.08, 0.2, 0.4, 0.6, 0.8];
const axisEnd = (highs: number[]) => ENDS.find((end) => end >= Math.max(0, ...highs)) ?? 1;

function FoundCells({ found }: { found: Found | null | undefined }) {
  if (!found) return <td colSpan={5}>nobody's work is judged here</td>;
  return (
    <>
      <td className="num">{count(found.reviewed)}</td>
      <td className="num">
        {count(found.found)}: {shareWords(found.share)}
      </td>
      <td className="num">
        {count(found.errors)}
        {found.counted === found.reviewed ? "" : ` in ${count(found.counted)}`}:{" "}
        {perHundredWords(found.errors_per_item)}
      </td>
      <td className="num">
        {count(found.missed)} of {count(found.looked)}
      </td>
      <td className="num">{shareWords(found.recall)}</td>
    </>
  );
}

function Judging({ report }: { report: TierReport }) {
  const stages = report.stages.filter((stage) => stage.judged);
  const lines = stages.map((stage) => ({ name: stage.title, share: stage.judged?.share ?? null }));
  const recalls = stages.map((stage) => ({ name: stage.title, share: stage.judged?.recall ?? null }));
  return (
    <Panel title="What each tier finds in the first pass">
      <figure className={styles.figure}>
        <ShareChart
          lines={lines}
          end={axisEnd(lines.map((line) => line.share?.high ?? 0))}
          label="Items with an error, of those reviewed"
        />
        <figcaption className="dim">
          Items with an error, of those reviewed; lines are 95 % intervals.
        </figcaption>
      </figure>
      <figure className={styles.figure}>
        <ShareChart lines={recalls} end={1} label="Recall against the next tier" />
        <figcaption className="dim">
          Recall: found / (found + what the next tier still found). What no tier sees is in neither, so it is
          at most this.
        </figcaption>
      </figure>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Stage</th>
              <th>Who</th>
              <th className="num">Reviewed</th>
              <th className="num">With an error (95 % interval)</th>
              <th className="num">Errors, and for 100 reviewed (95 % interval)</th>
              <th className="num">Missed, of what the next tier looked at</th>
              <th className="num">Recall (95 % interval)</th>
            </tr>
          </thead>
          <tbody>
            {stages.flatMap((stage) => [
              <tr key={stage.id} data-testid={`tier-${stage.id}`}>
                <td>{stage.title}</td>
                <td>everybody</td>
                <FoundCells found={stage.judged} />
              </tr>,
              ...stage.people.map((person) => (
                <tr key={`${stage.id}/${person.user}`}>
                  <td />
                  <td>{person.printed_name}</td>
                  <FoundCells found={person} />
                </tr>
              )),
            ])}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Times({ report, owner, project }: { report: TierReport; owner: boolean; project: string }) {
  const currency = report.rates[0]?.currency;
  return (
    <Panel title="How long it takes, and what it costs">
      <figure className={styles.figure}>
        <TimeChart stages={report.stages} />
        <figcaption className="dim">
          From what half of the turns take at most to what nineteen of twenty do. Dashed: waiting for
          somebody. Filled: at work.
        </figcaption>
      </figure>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Stage</th>
              <th>Role</th>
              <th className="num">Turns</th>
              <th className="num">Waiting, p50 / p95</th>
              <th className="num">Working, p50 / p95</th>
              <th className="num">Work per accepted item</th>
              <th className="num">of it again</th>
              <th className="num">Claimed and not finished</th>
              <th className="num">Cost per accepted item</th>
            </tr>
          </thead>
          <tbody>
            {report.stages.map((stage) => (
              <tr key={stage.id}>
                <td>{stage.title}</td>
                <td>{title(stage.role)}</td>
                <td className="num">{count(stage.working.turns)}</td>
                <td className="num">{timesWords(stage.waiting)}</td>
                <td className="num">{timesWords(stage.working)}</td>
                <td className="num">{minutes(stage.minutes_per_accepted)}</td>
                <td className="num">{minutes(stage.rework_minutes_per_accepted)}</td>
                <td className="num">
                  {stage.unfinished.claims > 0
                    ? `${plural(stage.unfinished.claims, "claim")}, ${minutes(stage.unfinished.minutes)}`
                    : "none"}
                </td>
                <td className="num">{moneyWords(stage.cost_per_accepted, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p data-testid="cost">
        An accepted item costs <strong>{moneyWords(report.cost_per_accepted, currency)}</strong>
        {report.cost_per_accepted === null || report.cost_per_accepted === undefined
          ? ": an hour of each role that works on items needs a price first."
          : `, over ${plural(report.accepted, "accepted item")}.`}
      </p>
      {owner ? (
        <details>
          <summary>What an hour costs</summary>
          <Rates
            key={report.rates.map((rate) => rate.set_at).join()}
            project={project}
            stages={report.stages}
            rates={report.rates}
          />
        </details>
      ) : null}
    </Panel>
  );
}

const minutes = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : durationWords(value * 60);

function NobodySaw({ unseen, report }: { unseen: Unseen; report: TierReport }) {
  const most = unseen.high === null || unseen.high === undefined ? null : Math.round(unseen.high);
  return (
    <Panel title="What nobody saw">
      <p>
        Two readers looked at {plural(unseen.items, "item")} without knowing of each other. One marked{" "}
        {count(unseen.first)}, the other {count(unseen.second)}, both {count(unseen.both)}: together{" "}
        {plural(unseen.seen, "finding")}. By that an estimated{" "}
        <strong>{Number(unseen.unseen.toFixed(1))}</strong> more were seen by neither
        {most === null ? "; one of them saw nothing that the other missed, so no interval is known" : ""}
        {most === null ? "" : ` (95 % interval ${Number((unseen.low ?? 0).toFixed(1))} to ${most})`}.
      </p>
      <p className="dim">
        Estimate of Chapman, 1951. It is a lower bound: readers miss the same hard things, and what is missed
        together is not seen in the figures. It takes every mark for something that is there.
      </p>
      <FactList rows={[["They agree at once on", `${shareWords(report.agreed)} of the items`]]} />
    </Panel>
  );
}

export default function Tiers() {
  const project = useProject();
  const me = useMe();
  const tiers = useQuery(tiersQuery(project.id));
  if (tiers.isPending) return <Loading />;
  if (tiers.isError) return <Failed error={tiers.error} retry={() => tiers.refetch()} />;
  const report = tiers.data;
  const owner = isOwner(me) || hasRole(me, "owner", project.id);
  if (report.items === 0) {
    return (
      <Empty title="Nothing is finished yet">
        As soon as the first reads are handed in and judged, this page says what each tier finds, misses,
        takes and costs. Items that are being read blind are not in it.
      </Empty>
    );
  }
  return (
    <div className="stack loose">
      <div className="spread">
        <h2>What each tier is worth</h2>
        <AsOf of={tiers} />
        <Button
          component="a"
          href={tiersTableUrl(project.id)}
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
      <FactList
        rows={[
          ["Items", `${count(report.items)}, ${count(report.accepted)} of them accepted`],
          [
            "Cannot be assessed",
            report.not_assessed > 0
              ? `${plural(report.not_assessed, "accepted item")}, counted as no empty ones`
              : null,
          ],
          ["Since", report.since ? <At key="since" micros={report.since} /> : null],
          [
            "Right the first time",
            `${shareWords(report.first_pass)} of ${plural(report.first_judged, "item")}; work that is done again leaves it as it is`,
          ],
          [
            "Sent back",
            `${plural(report.rework.items, "item")}; of ${plural(report.rework.judged, "look")} at what was done again ${count(report.rework.found)} found an error`,
          ],
        ]}
      />
      <Judging report={report} />
      {report.readers.length > 0 ? <Readers readers={report.readers} /> : null}
      <Times report={report} owner={owner} project={project.id} />
      <Suggestions project={project.id} />
      {report.unseen ? <NobodySaw unseen={report.unseen} report={report} /> : null}
    </div>
  );
}
