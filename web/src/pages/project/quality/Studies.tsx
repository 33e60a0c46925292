/** Studies of people's eyes in a project: what is planned, what runs, what came of each. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Study, studiesQuery } from "@/api/appraisals";
import type { Project } from "@/api/types";
import { count } from "@/format";
import { At, Panel, Status } from "@/parts/bits";
import { Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";
import { StudyForm } from "./StudyForm";
import { studyStanding } from "./study-words";

function Row({ project, study }: { project: string; study: Study }) {
  const look = studyStanding(study);
  const judged = study.appraisers.reduce((sum, one) => sum + one.judged, 0);
  const turns = study.appraisers.reduce((sum, one) => sum + one.turns, 0);
  return (
    <tr>
      <td>
        <Link
          className="in-text"
          to="/projects/$projectId/quality/studies/$studyId"
          params={{ projectId: project, studyId: study.id }}
        >
          {study.name}
        </Link>
      </td>
      <td>
        <Status tone={look.tone} mark={look.mark}>
          {look.word}
        </Status>
      </td>
      <td>{study.qualification}</td>
      <td className="num">{count(study.parts)}</td>
      <td className="num">{count(study.trials)}</td>
      <td className="num">{turns > 0 ? `${count(judged)} of ${count(turns)}` : "–"}</td>
      <td>
        <At micros={study.frozen_at} />
      </td>
    </tr>
  );
}

export function Studies({ project, certify }: { project: Project; certify: boolean }) {
  const studies = useQuery(studiesQuery(project.id));
  const [planning, setPlanning] = useState(false);
  if (studies.isPending) return <Loading lines={3} />;
  if (studies.isError) return <Failed error={studies.error} retry={() => studies.refetch()} />;
  const rows = studies.data.items;
  return (
    <div className="stack">
      {rows.length > 0 ? (
        <div className={table.scroll}>
          <table className={table.table} aria-label="Studies of people's eyes">
            <thead>
              <tr>
                <th>Study</th>
                <th>State</th>
                <th>Certifies</th>
                <th className="num">Parts</th>
                <th className="num">Trials</th>
                <th className="num">Judged</th>
                <th>Planned</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((study) => (
                <Row key={study.id} project={project.id} study={study} />
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p className="dim">
          No study yet. People judge the same parts two or three times, blind and in orders that are drawn;
          how far they agree with themselves, each other and the reference decides who may do critical work.
        </p>
      )}
      {certify && !planning ? (
        <div className="row">
          <Button variant="default" onClick={() => setPlanning(true)}>
            Plan a study…
          </Button>
        </div>
      ) : null}
      {planning ? (
        <Panel title="A study of people's eyes">
          <StudyForm project={project} onDone={() => setPlanning(false)} />
        </Panel>
      ) : null}
    </div>
  );
}
