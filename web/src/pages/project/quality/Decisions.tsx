/** What waits for a decision about the quality of a project, before all figures: each line leads to its place. */
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { appealsQuery } from "@/api/appeals";
import { studiesQuery } from "@/api/appraisals";
import { batchesQuery } from "@/api/batches";
import { labelErrorsQuery } from "@/api/label-errors";
import { asProblem } from "@/api/problem";
import { certificationsQuery, monitorQuery } from "@/api/quality";
import { hasRole, useMe } from "@/api/session";
import { ticketsQuery } from "@/api/tickets";
import { Status } from "@/parts/bits";
import { Note } from "@/parts/States";
import { problemText } from "@/refusals";
import { type Waiting, waiting } from "./decisions";
import { KINDS } from "./label-error-words";
import styles from "./Quality.module.css";

function Line({ project, line }: { project: string; line: Waiting }) {
  const words = (
    <Status tone={line.urgent ? "bad" : "warn"} mark={line.urgent ? "square" : "triangle"}>
      {line.words}
    </Status>
  );
  return (
    <li>
      {line.at === "appeals" ? (
        <Link to="/projects/$projectId/appeals" params={{ projectId: project }}>
          {words}
        </Link>
      ) : (
        <a href={`#${line.at}`}>{words}</a>
      )}
    </li>
  );
}

type Source = {
  what: string;
  query: {
    isPending: boolean;
    isError: boolean;
    error: unknown;
    isFetching: boolean;
    refetch: () => unknown;
  };
};

/** One source that is not known: what is listed beside it is not all that waits. */
function Unknown({ what, query }: Source) {
  const text = problemText(asProblem(query.error));
  return (
    <Note
      tone="warn"
      action={
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => query.refetch()}
          loading={query.isFetching}
          aria-label={`Try again: ${what}`}
        >
          Try again
        </Button>
      }
    >
      {what} could not be loaded and are not in this list. {text.title}. {text.advice}
    </Note>
  );
}

export function Decisions({ project }: { project: string }) {
  const me = useMe();
  const decides = hasRole(me, "quality_engineer", project);
  const monitor = useQuery(monitorQuery(project));
  const tickets = useQuery(ticketsQuery(project));
  const batches = useQuery(batchesQuery(project));
  // Nobody else who sees this list decides appeals.
  const appeals = useQuery({ ...appealsQuery(project), enabled: decides });
  const studies = useQuery(studiesQuery(project));
  const certifications = useQuery(certificationsQuery(project));
  const doubts = useInfiniteQuery(labelErrorsQuery(project, KINDS[0].value, "open"));
  const sources: Source[] = [
    { what: "Alarms", query: monitor },
    ...(decides ? [{ what: "Appeals against reviews", query: appeals }] : []),
    { what: "Batches", query: batches },
    { what: "Studies of people's eyes", query: studies },
    { what: "Tickets about the guideline", query: tickets },
    { what: "Audits", query: certifications },
    { what: "Doubts about accepted labels", query: doubts },
  ];
  const lines = waiting({
    alarms: monitor.data?.alarms,
    tickets: tickets.data,
    batches: batches.data?.batches,
    suppliers: batches.data?.suppliers,
    appeals: appeals.data,
    studies: studies.data?.items,
    certifications: certifications.data,
    kinds: doubts.data?.pages[0]?.kinds,
  });
  const isAllKnown = sources.every(({ query }) => !query.isPending && !query.isError);
  return (
    <section className="stack tight" aria-label="Decisions" data-testid="decisions">
      <h2>What waits for a decision</h2>
      {lines.length > 0 ? (
        <ul className={styles.decisions}>
          {lines.map((line) => (
            <Line key={line.at + line.words} project={project} line={line} />
          ))}
        </ul>
      ) : null}
      {sources
        .filter(({ query }) => query.isError)
        .map((source) => (
          <Unknown key={source.what} {...source} />
        ))}
      {isAllKnown && lines.length === 0 ? <Note>Nothing waits for a decision.</Note> : null}
    </section>
  );
}
