/** Hidden gold: trusted items, how worn they are, and what people made of them. Nothing of it is for whoever reads. */
import { Button, Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  type GoldItem,
  type GoldPerson,
  type GoldReport,
  goldQuery,
  goldResultsQuery,
  useRetireGold,
  type Whose,
} from "@/api/gold";
import { hasRole, isOwner, useMe } from "@/api/session";
import { count, plural } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { AddGold } from "./gold/AddGold";
import { errorWords, planWords, STATES, soonWords } from "./gold/words";
import { useProject } from "./Project";
import { shareWords } from "./tiers/words";

type Chosen = Whose & { name: string };

function Items({
  project,
  report,
  manages,
  choose,
}: {
  project: string;
  report: GoldReport;
  manages: boolean;
  choose: (chosen: Chosen) => void;
}) {
  const [retired, setRetired] = useState<GoldItem | null>(null);
  const [wrong, setWrong] = useState(false);
  const retire = useRetireGold(project);
  const ask = (one: GoldItem) => {
    setWrong(false);
    setRetired(one);
  };
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Item</th>
            <th>State</th>
            <th className="num">Copies</th>
            <th className="num">Met by people, of {count(report.exposures_total)}</th>
            <th className="num">Reads judged</th>
            <th className="num">Wrong of these (95 % interval)</th>
            <th>Trusted because</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {report.gold.map((one) => {
            const state = STATES[one.state];
            return (
              <tr key={one.id} data-testid={`gold-${one.id}`}>
                <td>
                  <Link to="/items/$itemId" params={{ itemId: one.item }}>
                    {one.item_name}
                  </Link>
                </td>
                <td>
                  {state ? (
                    <Status tone={state.tone} mark={state.mark}>
                      {state.word}
                    </Status>
                  ) : (
                    one.state
                  )}
                  {one.end_reason ? <div className="dim wrap">{one.end_reason}</div> : null}
                </td>
                <td className="num">{count(one.copies)}</td>
                <td className="num">{count(one.exposures)}</td>
                <td className="num">{count(one.reads)}</td>
                <td className="num">
                  {count(one.wrong)}: {shareWords(one.wrong_share)}
                </td>
                <td className="wrap">
                  {one.reason}
                  <div className="dim">
                    {one.made_by}, <At micros={one.made_at} />
                  </div>
                </td>
                <td className="row tight">
                  <Button
                    variant="subtle"
                    onClick={() => choose({ gold: one.id, name: one.item_name })}
                    disabled={one.reads === 0}
                  >
                    Reads
                  </Button>
                  {manages && one.state !== "retired" ? (
                    <Button variant="subtle" onClick={() => ask(one)}>
                      Retire…
                    </Button>
                  ) : null}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <ReasonDialog
        opened={retired !== null}
        title="Retire it"
        confirm="Retire it for good"
        danger
        pending={retire.isPending}
        error={retire.error}
        onClose={() => setRetired(null)}
        onConfirm={({ reason }) =>
          retired && retire.mutate({ gold: retired.id, reason, wrong }, { onSuccess: () => setRetired(null) })
        }
      >
        <p>It is given to nobody any more, and is never gold again.</p>
        <Checkbox
          label="Its labels were wrong"
          description="What was held against people by them is taken back, and their control charts are worked out anew. Otherwise what was judged stays."
          checked={wrong}
          onChange={(event) => setWrong(event.currentTarget.checked)}
        />
      </ReasonDialog>
    </div>
  );
}

function People({ people, choose }: { people: GoldPerson[]; choose: (chosen: Chosen) => void }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Who</th>
            <th className="num">Reads judged</th>
            <th className="num">Wrong of these (95 % interval)</th>
            <th className="num">Critical of these (95 % interval)</th>
            <th className="num">Marks missed</th>
            <th className="num">Marks too many</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {people.map((one) => (
            <tr key={one.user} data-testid={`gold-of-${one.user}`}>
              <td>{one.printed_name}</td>
              <td className="num">{count(one.reads)}</td>
              <td className="num">
                {count(one.wrong)}: {shareWords(one.wrong_share)}
              </td>
              <td className="num">
                {count(one.critical)}: {shareWords(one.critical_share)}
              </td>
              <td className="num">{count(one.missed)}</td>
              <td className="num">{count(one.superfluous)}</td>
              <td>
                <Button variant="subtle" onClick={() => choose({ user: one.user, name: one.printed_name })}>
                  Reads
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Results({ project, chosen }: { project: string; chosen: Chosen }) {
  const { name, ...whose } = chosen;
  const found = useQuery(goldResultsQuery(project, whose));
  if (found.isPending) return <Loading lines={4} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  return (
    <Panel title={`The last reads: ${name}`}>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Who</th>
              <th>Gold item</th>
              <th>Against the trusted answer</th>
              <th>Was, said to be</th>
              <th>When</th>
            </tr>
          </thead>
          <tbody>
            {found.data.map((one) => (
              <tr key={`${one.copy}/${one.user}`}>
                <td>{one.printed_name}</td>
                <td>
                  <Link to="/items/$itemId" params={{ itemId: one.item }}>
                    {one.item_name}
                  </Link>
                </td>
                <td>
                  {errorWords(one)}
                  {one.taken_back ? (
                    <div className="dim">taken back: the trusted answer was wrong</div>
                  ) : null}
                </td>
                <td className="wrap">
                  {one.pairs
                    .map((pair) => `${pair.right ?? "nothing"}, ${pair.said ?? "nothing"}`)
                    .join("; ")}
                </td>
                <td>
                  <At micros={one.at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

export default function Gold() {
  const project = useProject();
  const me = useMe();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const report = useQuery(goldQuery(project.id));
  if (report.isPending) return <Loading />;
  if (report.isError) return <Failed error={report.error} retry={() => report.refetch()} />;
  const manages =
    isOwner(me) || hasRole(me, "owner", project.id) || hasRole(me, "quality_engineer", project.id);
  const { gold, people, cut, reads, wrong } = report.data;
  return (
    <div className="stack">
      <Panel title="Hidden gold">
        <FactList
          rows={[
            ["Hidden", planWords(report.data)],
            [
              "Judged",
              `${count(wrong)} wrong of ${plural(reads, "read")} of gold, by ${plural(people.length, "person", "people")}`,
            ],
            ["From 5 to 30 wrong of 100 is found after", soonWords(report.data)],
          ]}
        />
        {manages ? <AddGold project={project.id} known={gold.map((one) => one.item)} /> : null}
        {gold.length === 0 ? (
          <Empty title="No item is gold yet">
            Choose accepted items whose labels you trust. Copies of them come in beside later ones; what waits
            already gets none.
          </Empty>
        ) : (
          <Items project={project.id} report={report.data} manages={manages} choose={setChosen} />
        )}
        {cut ? <Note>There are more: these are the first 5,000.</Note> : null}
      </Panel>
      {people.length > 0 ? (
        <Panel title="Who read any">
          <People people={people} choose={setChosen} />
        </Panel>
      ) : null}
      {chosen ? <Results project={project.id} chosen={chosen} /> : null}
    </div>
  );
}
