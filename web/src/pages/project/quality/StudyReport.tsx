/** What came of a study: within each person, between people, against the reference, and what that says of each. */
import { type ReactNode, useState } from "react";
import type { PersonFigures, Study, StudyFigures } from "@/api/appraisals";
import { count, percent, plural } from "@/format";
import { FactList, Status } from "@/parts/bits";
import table from "@/parts/table.module.css";
import { type Chosen, StudyBehind } from "./StudyBehind";
import type { PersonFigure } from "./study-behind";
import { kappaWords, rateWords, VERDICT_LOOK } from "./study-words";

type Table = PersonFigures["table"];

/** Four counts, bad first, as the manual prints them. */
function crossWords(one: Table): string {
  return `bad/bad ${count(one.bad_bad)}, bad/good ${count(one.bad_good)}, good/bad ${count(one.good_bad)}, good/good ${count(one.good_good)}`;
}

/** Puts a figure of a person on the page so that it opens the parts behind it, for those who may see them. */
type Cell = (person: PersonFigures, figure: PersonFigure) => ReactNode;

function People({ figures, cell }: { figures: StudyFigures; cell: Cell }) {
  return (
    <div className={table.scroll}>
      <table className={table.table} aria-label="Each person">
        <thead>
          <tr>
            <th>Person</th>
            <th>Verdict</th>
            <th>Effectiveness</th>
            <th>Misses</th>
            <th>False alarms</th>
          </tr>
        </thead>
        <tbody>
          {figures.people.map((one) => {
            const look = VERDICT_LOOK[one.verdict];
            return (
              <tr key={one.user}>
                <td>
                  {one.printed_name}
                  {one.judged < one.turns ? (
                    <span className="dim">
                      {" "}
                      {count(one.judged)} of {count(one.turns)}
                    </span>
                  ) : null}
                </td>
                <td>
                  <Status tone={look.tone} mark={look.mark}>
                    {look.word}
                  </Status>
                </td>
                <td>{cell(one, "effectiveness")}</td>
                <td>{cell(one, "miss")}</td>
                <td>{cell(one, "false_alarm")}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Agreement({ figures, cell }: { figures: StudyFigures; cell: Cell }) {
  return (
    <div className={table.scroll}>
      <table className={table.table} aria-label="Within and with the reference">
        <thead>
          <tr>
            <th>Person</th>
            <th>The same every time</th>
            <th>Kappa with themselves (Fleiss)</th>
            <th>Kappa with the reference (Cohen)</th>
            <th>Said / reference</th>
          </tr>
        </thead>
        <tbody>
          {figures.people.map((one) => (
            <tr key={one.user}>
              <td>{one.printed_name}</td>
              <td>{cell(one, "within")}</td>
              <td>{kappaWords(one.kappa_within)}</td>
              <td>{kappaWords(one.kappa_reference)}</td>
              <td>{crossWords(one.table)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Pairs({ figures }: { figures: StudyFigures }) {
  const name = (id: string) => figures.people.find((one) => one.user === id)?.printed_name ?? "somebody";
  return (
    <div className={table.scroll}>
      <table className={table.table} aria-label="Between people">
        <thead>
          <tr>
            <th>Pair</th>
            <th>Kappa (Cohen)</th>
            <th>The one / the other</th>
          </tr>
        </thead>
        <tbody>
          {figures.pairs.map((one) => (
            <tr key={`${one.first}/${one.second}`}>
              <td>
                {name(one.first)} and {name(one.second)}
              </td>
              <td>{kappaWords(one.kappa)}</td>
              <td>{crossWords(one.table)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function StudyReport({
  study,
  figures,
  seesAll,
}: {
  study: Study;
  figures: StudyFigures;
  /** Whoever looks may see every part and every answer. */
  seesAll: boolean;
}) {
  const [chosen, choose] = useState<Chosen | null>(null);
  const cell: Cell = (person, figure) => {
    const words = rateWords(person[figure]);
    if (!seesAll || words === "–") return words;
    const isShown = chosen?.person.user === person.user && chosen.figure === figure;
    return (
      <button
        type="button"
        className={table.link}
        aria-expanded={isShown}
        title="The parts behind it"
        onClick={() => choose(isShown ? null : { person, figure })}
      >
        {words}
      </button>
    );
  };
  const elsewhere = figures.people.filter((one) => one.seen_elsewhere > 0);
  return (
    <section className="stack" aria-label="What came of it">
      <h3>What came of it</h3>
      <p className="dim">
        Intervals of rates are exact (Clopper and Pearson), those of kappas large-sample ones, at{" "}
        {percent(study.confidence)}. A kappa above 0.75 is good, below 0.40 poor. Misses are over all
        judgements of bad parts, false alarms over all judgements of good ones.
      </p>
      <People figures={figures} cell={cell} />
      <h4>Within each person, and with the reference</h4>
      <Agreement figures={figures} cell={cell} />
      {chosen ? (
        <StudyBehind
          key={`${chosen.person.user} ${chosen.figure}`}
          study={study.id}
          chosen={chosen}
          close={() => choose(null)}
        />
      ) : null}
      {figures.pairs.length > 0 ? (
        <>
          <h4>Between people</h4>
          <Pairs figures={figures} />
          <FactList
            rows={[
              ["All said the same every time", rateWords(figures.between)],
              ["All said what the reference says every time", rateWords(figures.with_reference)],
              ["Kappa of all together (Fleiss)", kappaWords(figures.kappa_between)],
            ]}
          />
        </>
      ) : null}
      {figures.changed_parts > 0 ? (
        <p>
          {plural(figures.changed_parts, "part")} of the study {figures.changed_parts === 1 ? "was" : "were"}{" "}
          held, sent back or labelled anew while it ran.
        </p>
      ) : null}
      {elsewhere.map((one) => (
        <p key={one.user}>
          {one.printed_name} was shown {plural(one.seen_elsewhere, "part")} elsewhere while the study ran.
        </p>
      ))}
    </section>
  );
}
