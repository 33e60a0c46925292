/** One person's checks: evidence for a change, one point per check, the alarm at the top line. */
import { useQuery } from "@tanstack/react-query";
import { type Check, checksQuery } from "@/api/quality";
import { count } from "@/format";
import { Failed, Loading } from "@/parts/States";
import styles from "./Quality.module.css";

const WIDTH = 800;
const HEIGHT = 180;
const PAD = 24;

/** Evidence is a product of many factors: it is looked at by its logarithm, down to one thousandth of the alarm. */
const FLOOR = 1e-3;

export function levelY(level: number): number {
  const log = Math.log10(Math.max(FLOOR, Math.min(1, level)));
  return PAD + (-log / -Math.log10(FLOOR)) * (HEIGHT - 2 * PAD);
}

function Points({ checks }: { checks: Check[] }) {
  const step = (WIDTH - 2 * PAD) / Math.max(1, checks.length - 1);
  const x = (place: number) => PAD + place * step;
  const line = checks.map((check, place) => `${x(place)},${levelY(check.level)}`).join(" ");
  const wrong = checks.filter((check) => check.wrong && !check.overturned).length;
  return (
    <figure className={styles.chart}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Evidence over ${count(checks.length)} checks`}
      >
        <line className={styles.limit} x1={PAD} x2={WIDTH - PAD} y1={levelY(1)} y2={levelY(1)} />
        <text className={styles.word} x={PAD} y={levelY(1) - 6}>
          alarm
        </text>
        <line className={styles.grid} x1={PAD} x2={WIDTH - PAD} y1={levelY(0.1)} y2={levelY(0.1)} />
        <line className={styles.grid} x1={PAD} x2={WIDTH - PAD} y1={levelY(0.01)} y2={levelY(0.01)} />
        <polyline className={styles.line} points={line} />
        {checks.map((check, place) =>
          check.wrong ? (
            <path
              key={check.number}
              className={check.overturned ? styles.taken : styles.miss}
              d={`M${x(place) - 4} ${levelY(check.level) - 4}l8 8m0-8l-8 8`}
            >
              <title>check {check.number}: corrected or sent back</title>
            </path>
          ) : null,
        )}
      </svg>
      <figcaption className="dim">
        The last {count(checks.length)} checks, {count(wrong)} of them corrected or sent back (crosses; their
        items are listed under what reviewers correct). The line is the evidence that errors have become more
        frequent, as a share of what raises an alarm, by its logarithm.
      </figcaption>
    </figure>
  );
}

export function ControlChart({ project, user }: { project: string; user: string }) {
  const checks = useQuery(checksQuery(project, user));
  if (checks.isPending) return <Loading lines={4} />;
  if (checks.isError) return <Failed error={checks.error} retry={() => checks.refetch()} />;
  return <Points checks={checks.data} />;
}
