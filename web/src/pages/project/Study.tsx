/** One study of people's eyes: what was fixed, how far everybody is, what came of it, and what was signed. */
import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Study, studyQuery, studyRecordUrl, studyTableUrl, useStudies } from "@/api/appraisals";
import { hasRole, useMe } from "@/api/session";
import type { Project, Role } from "@/api/types";
import { count, percent, plural } from "@/format";
import { At, CopyText, FactList, type FactRow, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { SignedAct } from "@/parts/SignedAct";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";
import { StudyReport } from "./quality/StudyReport";
import { quotaWords, SHORT_WORDS, studyStanding, VERDICT_MEANS } from "./quality/study-words";

const SEES_ALL: Role[] = ["owner", "quality_engineer", "specialist", "reviewer", "data_scientist", "auditor"];

function facts(project: Project, study: Study): FactRow[] {
  const name = (id: string) => project.protocol.classes.find((one) => one.id === id)?.name ?? id;
  const { acceptable, marginal } = study.limits;
  const bar = ({ effectiveness, miss, false_alarm }: typeof acceptable) =>
    `effectiveness at least ${percent(effectiveness)}, misses at most ${percent(miss)}, false alarms at most ${percent(false_alarm)}`;
  return [
    ["Question", study.question],
    ["Bad is", study.classes.length > 0 ? study.classes.map(name).join(", ") : "anything that is labelled"],
    [
      "Parts",
      study.bad == null
        ? count(study.parts)
        : `${count(study.parts)}: ${count(study.bad)} bad, ${count(study.parts - study.bad)} good`,
    ],
    ["Borderline", study.borderline == null ? null : quotaWords(study.parts, study.borderline)],
    [
      "Trials",
      `${count(study.trials)}${study.rest_hours > 0 ? `, with ${plural(study.rest_hours, "hour")} between them at least` : ""}`,
    ],
    ["Acceptable", bar(acceptable)],
    ["Marginal", bar(marginal)],
    ["Certifies", `${study.qualification}, for ${plural(study.valid_days, "day")}`],
    ["Planned", study.opened_by ?? null],
    ["Plan", <CopyText key="plan" text={study.frozen_hash} label="SHA-256 of what was frozen" />],
    ["Seed", study.seed ? <CopyText key="seed" text={study.seed} label="seed of the orders" /> : null],
    ["Over", study.ended_at ? <At key="over" micros={study.ended_at} /> : null],
    ["Signed", study.issued ? <SignedAct key="signed" act={study.issued} /> : null],
  ];
}

function Progress({ study }: { study: Study }) {
  return (
    <div className={table.scroll}>
      <table className={table.table} aria-label="How far everybody is">
        <thead>
          <tr>
            <th>Person</th>
            <th className="num">Judged</th>
          </tr>
        </thead>
        <tbody>
          {study.appraisers.map((one) => (
            <tr key={one.user}>
              <td>{one.printed_name}</td>
              <td className="num">
                {one.turns > 0 ? `${count(one.judged)} of ${count(one.turns)}` : "not begun"}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Lead({ project, study }: { project: string; study: Study }) {
  const { draw, end } = useStudies(project);
  const [words, setWords] = useState("");
  const [ending, setEnding] = useState(false);
  return (
    <div className="stack tight">
      <div className="row">
        {study.state === "frozen" ? (
          <>
            <TextInput
              label="Words of your own"
              description="Optional: dice, a headline. They are added to noise that is drawn now"
              value={words}
              onChange={(event) => setWords(event.currentTarget.value)}
              maxLength={200}
            />
            <Button onClick={() => draw.mutate({ id: study.id, words })} loading={draw.isPending}>
              Draw the orders
            </Button>
          </>
        ) : null}
        <Button variant="default" onClick={() => setEnding(true)}>
          End the study…
        </Button>
      </div>
      <Refused error={draw.error} />
      <ReasonDialog
        opened={ending}
        title={`End “${study.name}”`}
        confirm="End it"
        danger
        pending={end.isPending}
        error={end.error}
        onClose={() => setEnding(false)}
        onConfirm={({ reason }) =>
          end.mutate({ id: study.id, reason }, { onSuccess: () => setEnding(false) })
        }
      >
        <p>
          Who did not judge everything is left undecided. Where nobody judged anything yet, the study is void.
        </p>
      </ReasonDialog>
    </div>
  );
}

function Sign({ project, study }: { project: string; study: Study }) {
  const { issue } = useStudies(project);
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Note action={<Button onClick={() => setAsked(true)}>Sign the study…</Button>}>
        Nothing follows before somebody signs who was not judged here. Then whoever is acceptable gets{" "}
        <strong>{study.qualification}</strong>, and whoever is marginal or unacceptable loses it.
      </Note>
      <ReasonDialog
        opened={asked}
        title={`Sign “${study.name}”`}
        confirm="Sign"
        signed
        withoutReason
        pending={issue.isPending}
        error={issue.error}
        onClose={() => setAsked(false)}
        onConfirm={({ login, password }) =>
          issue.mutate({ id: study.id, login, password }, { onSuccess: () => setAsked(false) })
        }
      >
        <p>You approve what came of the study. At once:</p>
        <ul>
          {(study.figures?.people ?? []).map((one) => (
            <li key={one.user}>
              {one.printed_name}: {one.verdict}, {VERDICT_MEANS[one.verdict]}
            </li>
          ))}
        </ul>
      </ReasonDialog>
    </>
  );
}

export default function StudyPage() {
  const project = useProject();
  const me = useMe();
  const navigate = useNavigate();
  const { studyId } = useParams({ strict: false }) as { studyId: string };
  const query = useQuery(studyQuery(project.id, studyId));
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failed error={query.error} retry={() => query.refetch()} />;
  const study = query.data;
  const look = studyStanding(study);
  const over = study.state === "ended" || study.state === "issued";
  const params = { projectId: project.id, studyId: study.id };
  const judge = () => navigate({ to: "/projects/$projectId/quality/studies/$studyId/judge", params });
  const seesAll = SEES_ALL.some((role) => hasRole(me, role, project.id));
  return (
    <div className="stack loose">
      <div>
        <Link to="/projects/$projectId/quality" params={{ projectId: project.id }} className="dim">
          Quality
        </Link>
        <div className="spread">
          <h2>{study.name}</h2>
          <Status tone={look.tone} mark={look.mark}>
            {look.word}
          </Status>
        </div>
      </div>
      {study.may_judge ? (
        <Note action={<Button onClick={judge}>Judge the parts</Button>}>
          Your eyes are studied here. You see pictures and nothing else; each answer is final.
        </Note>
      ) : null}
      {study.short_of.length > 0 ? (
        <Note tone="warn">
          AIAG's manual asks for more: {study.short_of.map((one) => SHORT_WORDS[one]).join("; ")}.
        </Note>
      ) : null}
      <FactList rows={facts(project, study)} />
      {over ? null : <Progress study={study} />}
      {study.may_lead ? <Lead project={project.id} study={study} /> : null}
      {study.may_issue ? <Sign project={project.id} study={study} /> : null}
      {study.figures ? <StudyReport study={study} figures={study.figures} seesAll={over && seesAll} /> : null}
      {over && seesAll ? (
        <div className="row">
          <a className="in-text" href={studyRecordUrl(study.id)} download={`${study.name}.json`}>
            Download the record
          </a>
          <a className="in-text" href={studyTableUrl(study.id)} download={`${study.name}.csv`}>
            Every answer as a table
          </a>
          <Button variant="default" onClick={() => window.print()}>
            Print
          </Button>
        </div>
      ) : null}
    </div>
  );
}
