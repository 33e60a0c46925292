/** Shares with their intervals, and times, one row a stage: the same numbers stand in the table below. */
import type { Share, TierStage } from "@/api/tiers";
import styles from "./Tiers.module.css";
import { durationWords, shareWords } from "./words";

const WIDTH = 720;
const ROW = 34;
const LEFT = 190;
const RIGHT = 34;
const TOP = 8;
const AXIS = 22;

export interface Line {
  name: string;
  share: Share | null;
}

/** Dots with whiskers on a line from 0 to `end`. */
export function ShareChart({ lines, end, label }: { lines: Line[]; end: number; label: string }) {
  const height = TOP + lines.length * ROW + AXIS;
  const x = (value: number) => LEFT + (Math.min(value, end) / end) * (WIDTH - LEFT - RIGHT);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * end);
  const words = lines.map((line) => `${line.name}: ${shareWords(line.share)}`).join("; ");
  return (
    <svg
      className={styles.chart}
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={`${label}. ${words}`}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={x(tick)} x2={x(tick)} y1={TOP} y2={height - AXIS} />
          <text className={styles.tick} x={x(tick)} y={height - 6} textAnchor="middle">
            {Number((tick * 100).toPrecision(3))} %
          </text>
        </g>
      ))}
      {lines.map((line, row) => {
        const y = TOP + row * ROW + ROW / 2;
        return (
          <g key={line.name}>
            <text className={styles.name} x={0} y={y + 4}>
              {line.name}
            </text>
            {line.share ? (
              <>
                <line
                  className={styles.whisker}
                  x1={x(line.share.low)}
                  x2={x(line.share.high)}
                  y1={y}
                  y2={y}
                />
                <line
                  className={styles.whisker}
                  x1={x(line.share.low)}
                  x2={x(line.share.low)}
                  y1={y - 5}
                  y2={y + 5}
                />
                <line
                  className={styles.whisker}
                  x1={x(line.share.high)}
                  x2={x(line.share.high)}
                  y1={y - 5}
                  y2={y + 5}
                />
                <circle className={styles.dot} cx={x(line.share.value)} cy={y} r={5} />
              </>
            ) : (
              <text className={styles.tick} x={LEFT} y={y + 4}>
                not known
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** Waiting and working times: from half of the turns to nineteen of twenty, by the logarithm of seconds. */
export function TimeChart({ stages }: { stages: TierStage[] }) {
  const lines = stages.flatMap((stage) => [
    { name: `${stage.title}: waiting`, times: stage.waiting, style: styles.waiting },
    { name: `${stage.title}: working`, times: stage.working, style: styles.working },
  ]);
  const height = TOP + lines.length * (ROW - 8) + AXIS;
  const most = Math.max(60, ...lines.map((line) => line.times.p95_seconds ?? 0));
  const scale = (seconds: number) => Math.log10(Math.max(1, seconds)) / Math.log10(most);
  const x = (seconds: number) => LEFT + Math.min(1, scale(seconds)) * (WIDTH - LEFT - RIGHT);
  const ticks = [1, 60, 3_600, 86_400, 30 * 86_400].filter((tick) => tick <= most);
  const words = lines
    .map(
      (line) =>
        `${line.name} ${durationWords(line.times.p50_seconds)}, at most ${durationWords(line.times.p95_seconds)}`,
    )
    .join("; ");
  return (
    <svg
      className={styles.chart}
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={`Waiting and working times. ${words}`}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={x(tick)} x2={x(tick)} y1={TOP} y2={height - AXIS} />
          <text className={styles.tick} x={x(tick)} y={height - 6} textAnchor="middle">
            {durationWords(tick)}
          </text>
        </g>
      ))}
      {lines.map((line, row) => {
        const y = TOP + row * (ROW - 8) + (ROW - 8) / 2;
        const [half, most19] = [line.times.p50_seconds ?? 0, line.times.p95_seconds ?? 0];
        return (
          <g key={line.name}>
            <text className={styles.name} x={0} y={y + 4}>
              {line.name}
            </text>
            <rect
              className={line.style}
              x={x(half)}
              y={y - 5}
              width={Math.max(3, x(most19) - x(half))}
              height={10}
            />
          </g>
        );
      })}
    </svg>
  );
}
