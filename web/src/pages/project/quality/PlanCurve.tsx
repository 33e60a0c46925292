/** The operating curve of a plan: how likely a batch is accepted, by the defective items in it. */
import type { PlanCurve as Curve, SchemeCurve } from "@/api/batches";
import { count } from "@/format";
import table from "@/parts/table.module.css";
import { curveWords, schemeWords } from "./batch-words";
import styles from "./Quality.module.css";

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 52;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 44;
const TICKS = [0, 0.25, 0.5, 0.75, 1];
const PERCENT = 100;

const percent = (value: number) => `${Number((value * PERCENT).toFixed(1))} %`;

/** Probability of acceptance on the drawn line. */
export function acceptAt(curve: Curve, wrong: number): number {
  const after = curve.points.find((point) => point.wrong >= wrong);
  const before = curve.points.findLast((point) => point.wrong <= wrong);
  if (!after || !before) return (before ?? after)?.accept ?? 0;
  if (after.wrong === before.wrong) return after.accept;
  const part = (wrong - before.wrong) / (after.wrong - before.wrong);
  return before.accept + part * (after.accept - before.accept);
}

/** What the plan does in the long run, with its switching. */
function Scheme({ scheme, units }: { scheme: SchemeCurve; units: number }) {
  return (
    <>
      <p className="dim" data-testid="scheme">
        {schemeWords(scheme)}
      </p>
      <details>
        <summary>The long run in numbers</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by keyboard */}
        <section className={table.scroll} tabIndex={0} aria-label="The long run in numbers">
          <table className={table.table}>
            <thead>
              <tr>
                <th className="num">Defective, of {count(units)}</th>
                <th className="num">Accepted in the long run</th>
                <th className="num">If normal</th>
                <th className="num">If tightened</th>
                <th className="num">If reduced</th>
                <th className="num">Tightened, of batches</th>
                <th className="num">Reduced, of batches</th>
                <th className="num">Ended after, of batches</th>
                <th className="num">Inspected on average</th>
                <th className="num">Leaves defective</th>
              </tr>
            </thead>
            <tbody>
              {scheme.points.map((point) => (
                <tr key={point.wrong}>
                  <td className="num">{count(point.wrong)}</td>
                  <td className="num">{percent(point.accept)}</td>
                  <td className="num">{percent(point.normal)}</td>
                  <td className="num">{percent(point.tightened)}</td>
                  <td className="num">{percent(point.reduced)}</td>
                  <td className="num">{percent(point.is_tightened)}</td>
                  <td className="num">{percent(point.is_reduced)}</td>
                  <td className="num">{percent(point.discontinued)}</td>
                  <td className="num">{point.checked.toFixed(1)}</td>
                  <td className="num">{percent(point.outgoing)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </>
  );
}

export function PlanCurve({
  curve,
  scheme,
  found,
}: {
  curve: Curve;
  /** The plan with its switching, for batches like this one after the other. */
  scheme?: SchemeCurve | null;
  found?: { wrong: number; checked: number };
}) {
  const last = curve.points[curve.points.length - 1]?.wrong ?? 0;
  const end = Math.max(1, last);
  const x = (wrong: number) => LEFT + (wrong / end) * (WIDTH - LEFT - RIGHT);
  const y = (accept: number) => TOP + (1 - accept) * (HEIGHT - TOP - BOTTOM);
  const line = curve.points.map((point) => `${x(point.wrong)},${y(point.accept)}`).join(" ");
  const longRun = scheme?.points.map((point) => `${x(point.wrong)},${y(point.accept)}`).join(" ");
  const marks = [curve.good, curve.bad]
    .filter((wrong): wrong is number => typeof wrong === "number" && wrong <= end)
    .map((wrong) => ({ wrong, accept: acceptAt(curve, wrong) }));
  const steps = [...new Set(TICKS.map((part) => Math.round(part * end)))];
  const seen =
    found && found.checked > 0 ? Math.min(end, (found.wrong / found.checked) * curve.units) : undefined;
  return (
    <figure className={styles.curve}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Operating curve: ${curveWords(curve)}`}>
        {TICKS.map((tick) => (
          <g key={tick}>
            <line className={styles.grid} x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text className={styles.tick} x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {percent(tick)}
            </text>
          </g>
        ))}
        {steps.map((wrong) => (
          <text key={wrong} className={styles.tick} x={x(wrong)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
            {count(wrong)}
          </text>
        ))}
        <text className={styles.tick} x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 8} textAnchor="middle">
          defective items of {count(curve.units)}
        </text>
        {seen === undefined ? null : (
          <line className={styles.limit} x1={x(seen)} x2={x(seen)} y1={TOP} y2={HEIGHT - BOTTOM} />
        )}
        {longRun ? <polyline className={styles.longrun} points={longRun} /> : null}
        <polyline className={styles.line} points={line} />
        {marks.map((mark) => (
          <g key={mark.wrong}>
            <circle className={styles.turn} cx={x(mark.wrong)} cy={y(mark.accept)} r={4} />
            <text
              className={styles.turnword}
              x={x(mark.wrong) + 8}
              y={y(mark.accept) - 8}
              textAnchor={x(mark.wrong) > WIDTH * 0.8 ? "end" : "start"}
            >
              {count(mark.wrong)} ({percent(mark.wrong / curve.units)})
            </text>
          </g>
        ))}
      </svg>
      <figcaption className="dim">
        Probability that the batch is accepted: {curveWords(curve)}.
        {seen === undefined ? "" : " The dashed line is the share found so far, for the whole batch."}
      </figcaption>
      <details>
        <summary>The curve in numbers</summary>
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th className="num">Defective, of {count(curve.units)}</th>
                <th className="num">Share</th>
                <th className="num">Accepted</th>
                <th className="num">Inspected on average</th>
                <th className="num">Leaves defective</th>
              </tr>
            </thead>
            <tbody>
              {curve.points.map((point) => (
                <tr key={point.wrong}>
                  <td className="num">{count(point.wrong)}</td>
                  <td className="num">{percent(point.share)}</td>
                  <td className="num">{percent(point.accept)}</td>
                  <td className="num">{point.checked.toFixed(1)}</td>
                  <td className="num">{percent(point.outgoing)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
      {scheme ? <Scheme scheme={scheme} units={curve.units} /> : null}
    </figure>
  );
}
