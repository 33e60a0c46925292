/** What waits for a decision about the quality of a project, before all figures: each line leads to its place on the page. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { batchesQuery } from "@/api/batches";
import { labelErrorsQuery } from "@/api/label-errors";
import { certificationsQuery, monitorQuery } from "@/api/quality";
import { ticketsQuery } from "@/api/tickets";
import { Status } from "@/parts/bits";
import { Note } from "@/parts/States";
import { type Waiting, waiting } from "./decisions";
import { KINDS } from "./label-error-words";
import styles from "./Quality.module.css";

function Line({ line }: { line: Waiting }) {
  return (
    <li>
      <a href={`#${line.at}`}>
        <Status tone={line.urgent ? "bad" : "warn"} mark={line.urgent ? "square" : "triangle"}>
          {line.words}
        </Status>
      </a>
    </li>
  );
}

export function Decisions({ project }: { project: string }) {
  const monitor = useQuery(monitorQuery(project));
  const tickets = useQuery(ticketsQuery(project));
  const batches = useQuery(batchesQuery(project));
  const certifications = useQuery(certificationsQuery(project));
  const doubts = useInfiniteQuery(labelErrorsQuery(project, KINDS[0].value, "open"));
  const parts = [monitor, tickets, batches, certifications, doubts];
  const failed = parts.some((part) => part.isError);
  const pending = parts.some((part) => part.isPending);
  const lines = waiting({
    alarms: monitor.data?.alarms,
    tickets: tickets.data,
    batches: batches.data?.batches,
    certifications: certifications.data,
    kinds: doubts.data?.pages[0]?.kinds,
  });
  return (
    <section className="stack tight" aria-label="Decisions" data-testid="decisions">
      <h2>What waits for a decision</h2>
      {lines.length > 0 ? (
        <ul className={styles.decisions}>
          {lines.map((line) => (
            <Line key={line.at + line.words} line={line} />
          ))}
        </ul>
      ) : pending ? null : (
        <Note>{failed ? "Some of it could not be loaded." : "Nothing waits for a decision."}</Note>
      )}
    </section>
  );
}
