/** One person's checks: evidence for a change, one point per check, the alarm at the top line. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { type Check, type Cusum, checksQuery, cusumQuery } from "@/api/quality";
import { count } from "@/format";
import { Failed, Loading, Note } from "@/parts/States";
import styles from "./Quality.module.css";

const LevelPlot = lazy(() => import("./LevelPlot"));
const CusumPlot = lazy(() => import("./CusumPlot"));
const PERCENT = 100;
const share = (value: number) => `${(value * PERCENT).toFixed(1)} %`;

/** What the chart is made for, and what its signals are worth. */
export function cusumWords({ step, limit, usual, changed, run_length, delay }: Cusum): string {
  return `An error adds ${count(step)}, anything else takes 1 off; it signals at ${count(limit)}. Where ${share(usual)} are wrong as usual, false signals are ${count(Math.round(run_length))} checks apart on average, exactly; a change to ${share(changed)} is signalled after ${delay.toFixed(1)} checks on average.`;
}

/** Where it signalled, in words. */
export function signalWords({ points }: Cusum): string {
  const signals = points.filter((point) => point.since != null);
  if (signals.length === 0) return "It did not signal in the checks shown.";
  const each = signals.map(
    ({ number, since }) => `at check ${count(number)}, of a run since check ${count(since ?? number)}`,
  );
  return `It signalled ${each.join("; ")}.`;
}

function CusumOf({ project, user, stream }: { project: string; user: string; stream: string }) {
  const cusum = useQuery(cusumQuery(project, user, stream));
  if (cusum.isPending) return <Loading lines={4} />;
  if (cusum.isError) return <Failed error={cusum.error} retry={() => cusum.refetch()} />;
  if (!cusum.data)
    return (
      <Note>
        There is no such chart here: the stream is graded, or no limit is high enough for the distance of
        false alarms that the project asks for.
      </Note>
    );
  return (
    <figure className={styles.chart}>
      <div role="img" aria-label={`CUSUM over ${count(cusum.data.points.length)} checks`}>
        <Suspense fallback={<Loading lines={4} />}>
          <CusumPlot cusum={cusum.data} />
        </Suspense>
      </div>
      <figcaption className="dim">
        {cusumWords(cusum.data)} {signalWords(cusum.data)} It takes every item for equally hard and holds
        nothing; the evidence above does both.
      </figcaption>
    </figure>
  );
}

function CusumDetails(of: { project: string; user: string; stream: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>CUSUM chart</summary>
      {open ? <CusumOf {...of} /> : null}
    </details>
  );
}

function Points({ checks }: { checks: Check[] }) {
  const navigate = useNavigate();
  const found = checks.filter((check) => check.wrong);
  const wrong = found.filter((check) => !check.overturned).length;
  return (
    <figure className={styles.chart}>
      <div role="img" aria-label={`Evidence over ${count(checks.length)} checks`}>
        <Suspense fallback={<Loading lines={4} />}>
          <LevelPlot
            checks={checks}
            pick={(check) => navigate({ to: "/items/$itemId", params: { itemId: check.item } })}
          />
        </Suspense>
      </div>
      <figcaption className="dim">
        The last {count(checks.length)} checks, {count(wrong)} of them corrected or sent back (crosses; grey
        where somebody took that back; click one for its item). The line is the evidence that errors have
        become more frequent, as a share of what raises an alarm, by its logarithm. Drag to look closer,
        double click for all.
      </figcaption>
      {found.length > 0 ? (
        <details>
          <summary>The items behind the crosses</summary>
          <ul>
            {found.map((check) => (
              <li key={check.number}>
                <Link to="/items/$itemId" params={{ itemId: check.item }}>
                  check {count(check.number)}
                </Link>
                {check.overturned ? ", taken back" : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </figure>
  );
}

export function ControlChart({ project, user, stream }: { project: string; user: string; stream: string }) {
  const checks = useQuery(checksQuery(project, user, stream));
  if (checks.isPending) return <Loading lines={4} />;
  if (checks.isError) return <Failed error={checks.error} retry={() => checks.refetch()} />;
  return (
    <>
      <Points checks={checks.data} />
      <CusumDetails project={project} user={user} stream={stream} />
    </>
  );
}
