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

/** Whom a report is narrowed to: a person, or a subject. */
type Chosen = { id: string; name: string };
type Narrow = { onPerson: (person: Chosen) => void; onSubject: (subject: string) => void };

const SUBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type LinesProps = Narrow & { lines: BreachLine[]; whole: boolean };

function Lines({ lines, whole, onPerson, onSubject }: LinesProps) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Who</th>
            <th>Of whom</th>
            {whole ? <th>Project</th> : null}
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
            <tr key={`${line.user}/${line.project}/${line.subject}`}>
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
              <td>
                {line.subject ? (
                  <Button
                    variant="subtle"
                    size="compact-sm"
                    title="Only who saw this subject"
                    onClick={() => line.subject && onSubject(line.subject)}
                  >
                    {subjectWords(line)}
                  </Button>
                ) : (
                  subjectWords(line)
                )}
              </td>
              {whole ? <td>{line.project_name}</td> : null}
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

type AnswerProps = Narrow & { project: string | null; asked: BreachQuestion };

function Answer({ project, asked, onPerson, onSubject }: AnswerProps) {
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
      <Lines lines={data.shown} whole={project === null} onPerson={onPerson} onSubject={onSubject} />
      {data.shown.length < data.lines ? (
        <p className="dim">The {count(data.shown.length)} lines with the most images are shown.</p>
      ) : null}
    </div>
  );
}

/** `project`: absent for the whole installation. */
export function Breach({ project }: { project: string | null }) {
  const [from, setFrom] = useState(() => dayBefore(Date.now()));
  const [to, setTo] = useState(() => dayBefore(Date.now(), 0));
  const [person, setPerson] = useState<Chosen | null>(null);
  const [subject, setSubject] = useState("");
  const [asked, setAsked] = useState<BreachQuestion | null>(null);
  const range = askedBetween(from, to);
  const of = subject.trim();
  const known = of === "" || SUBJECT_ID.test(of);
  const narrow = (chosen: Chosen | null) => {
    setPerson(chosen);
    if (asked) setAsked({ ...asked, user: chosen?.id });
  };
  const narrowTo = (chosen: string) => {
    setSubject(chosen);
    if (asked) setAsked({ ...asked, subject: chosen });
  };
  const ask = (event: FormEvent) => {
    event.preventDefault();
    if (range && known) setAsked({ ...range, user: person?.id, subject: of === "" ? undefined : of });
  };
  return (
    <Panel title={project === null ? "Who saw what of whom, everywhere" : "Who saw what of whom"}>
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
          error={range ? undefined : "must be after the beginning"}
        />
        <TextInput
          label="Only of this subject"
          placeholder="its id; empty for everybody"
          value={subject}
          onChange={(event) => setSubject(event.currentTarget.value)}
          error={known ? undefined : "is not the id of a subject"}
        />
        <Button type="submit" disabled={!(range && known)}>
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
      {asked ? <Answer project={project} asked={asked} onPerson={narrow} onSubject={narrowTo} /> : null}
    </Panel>
  );
}
