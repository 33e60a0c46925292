/** Who saw what of whom between two moments: the scope of a breach. Each question is an entry of the log itself. */
import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type BreachQuestion, breachQuery, breachTableUrl, breachViewsUrl } from "@/api/evidence";
import type { BreachLine } from "@/api/types";
import { count, plural, words } from "@/format";
import { At, Panel, Status } from "@/parts/bits";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { askedBetween, dayBefore } from "./range";

function subjectWords(line: BreachLine): string {
  if (line.subject_number === null || line.subject_number === undefined) return "nobody known";
  return line.erased
    ? `erased subject #${line.subject_number}`
    : `${line.subject_kind ?? "subject"} #${line.subject_number}`;
}

type Person = { id: string; name: string };

function Lines({ lines, onPerson }: { lines: BreachLine[]; onPerson: (person: Person) => void }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Who</th>
            <th>Of whom</th>
            <th className="num">Images</th>
            <th className="num">In small only</th>
            <th className="num">From quarantine</th>
            <th>What for</th>
            <th>First</th>
            <th>Last</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={`${line.user}/${line.subject}`}>
              <td>
                <Button
                  variant="subtle"
                  size="compact-sm"
                  title="Only what this person saw"
                  onClick={() => onPerson({ id: line.user, name: line.printed_name })}
                >
                  {line.printed_name}
                </Button>
              </td>
              <td>{subjectWords(line)}</td>
              <td className="num">{count(line.exposures)}</td>
              <td className="num">{count(line.glances)}</td>
              <td className="num">
                {line.quarantined > 0 ? (
                  <Status tone="bad" mark="triangle">
                    {count(line.quarantined)}
                  </Status>
                ) : (
                  "0"
                )}
              </td>
              <td>{line.purposes.map(words).join(", ")}</td>
              <td>
                <At micros={line.first_at} seconds />
              </td>
              <td>
                <At micros={line.last_at} seconds />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type AnswerProps = { project: string; asked: BreachQuestion; onPerson: (person: Person) => void };

function Answer({ project, asked, onPerson }: AnswerProps) {
  const report = useQuery(breachQuery(project, asked));
  if (report.isPending) return <Loading lines={4} />;
  if (report.isError) return <Failed error={report.error} retry={() => report.refetch()} />;
  const { data } = report;
  if (data.lines === 0) return <Note>Nobody was shown an image in this time.</Note>;
  return (
    <div className="stack">
      <div className="spread">
        <p>
          {plural(data.people, "person", "people")} saw {plural(data.subjects, "subject")} in{" "}
          {plural(data.exposures, "image")}.
        </p>
        <div className="row">
          <Button component="a" variant="default" href={breachTableUrl(project, asked)} download>
            All {plural(data.lines, "line")} as a table
          </Button>
          <Button component="a" variant="default" href={breachViewsUrl(project, asked)} download>
            Every image shown, as a table
          </Button>
        </div>
      </div>
      <Lines lines={data.shown} onPerson={onPerson} />
      {data.shown.length < data.lines ? (
        <p className="dim">The {count(data.shown.length)} lines with the most images are shown.</p>
      ) : null}
    </div>
  );
}

export function Breach({ project }: { project: string }) {
  const [from, setFrom] = useState(() => dayBefore(Date.now()));
  const [to, setTo] = useState(() => dayBefore(Date.now(), 0));
  const [person, setPerson] = useState<Person | null>(null);
  const [asked, setAsked] = useState<BreachQuestion | null>(null);
  const question = askedBetween(from, to);
  const narrow = (chosen: Person | null) => {
    setPerson(chosen);
    if (asked) setAsked({ ...asked, user: chosen?.id });
  };
  const ask = (event: FormEvent) => {
    event.preventDefault();
    if (question) setAsked({ ...question, user: person?.id });
  };
  return (
    <Panel title="Who saw what of whom">
      <form className="row" onSubmit={ask}>
        <TextInput
          type="datetime-local"
          label="From"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label="To"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          error={question ? undefined : "must be after the beginning"}
        />
        <Button type="submit" disabled={!question}>
          Report
        </Button>
      </form>
      <p className="dim">
        Images in lists and search results count too. That you asked, and for whom, is an entry of the log.
      </p>
      {person ? (
        <div className="row">
          <span>Only {person.name}</span>
          <Button variant="default" size="compact-sm" onClick={() => narrow(null)}>
            Everybody
          </Button>
        </div>
      ) : null}
      {asked ? <Answer project={project} asked={asked} onPerson={narrow} /> : null}
    </Panel>
  );
}
