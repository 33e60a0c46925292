/** One person's checks: evidence for a change, one point per check, the alarm at the top line. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { type Check, checksQuery } from "@/api/quality";
import { count } from "@/format";
import { Failed, Loading } from "@/parts/States";
import styles from "./Quality.module.css";

const LevelPlot = lazy(() => import("./LevelPlot"));

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
  return <Points checks={checks.data} />;
}
