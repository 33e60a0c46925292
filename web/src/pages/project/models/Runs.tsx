/** Acceptance runs of a model: how far, what it hid, and the bound that holds. */
import { Progress } from "@mantine/core";
import { useEffect, useState } from "react";
import { type FaceRun, isRunning } from "@/api/models";
import { count, duration, percent, plural } from "@/format";
import { At, FactList, Hash, Status } from "@/parts/bits";
import table from "@/parts/table.module.css";
import { gateReason } from "@/refusals";
import styles from "./models.module.css";

/** How often the time left is reckoned anew, in milliseconds. */
const TICK_MS = 1_000;
const MICROS_PER_MS = 1_000;

function Underway({ run }: { run: FaceRun }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, (now - run.opened_at / MICROS_PER_MS) / 1000);
  const rate = run.looked > 0 && seconds > 0 ? run.looked / seconds : null;
  return (
    <div className="stack tight">
      <Progress value={(run.looked / run.frames) * 100} aria-label="Frames that the model has looked at" />
      <div className="spread">
        <span role="status">
          {run.state === "waiting"
            ? "waits for its turn"
            : `${count(run.looked)} of ${plural(run.frames, "frame")}`}
        </span>
        <span className="dim">
          {rate === null
            ? "measuring the rate…"
            : `${rate.toFixed(1)} frames/s, ${duration((run.frames - run.looked) / rate)} left`}
        </span>
      </div>
    </div>
  );
}

/** Where a share stands on a bar from 50 to 100 %: below it no model is worth a look. */
const along = (share: number) => `${Math.max(0, share - 0.5) * 200}%`;

function Recall({ name, recall, wanted }: { name: string; recall: FaceRun["faces"]; wanted: number | null }) {
  const { labelled, hidden, bound } = recall;
  const seen = labelled > 0 && hidden !== null && hidden !== undefined ? hidden / labelled : null;
  const reached = wanted !== null && bound !== null && bound !== undefined && bound >= wanted;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="num">{count(labelled)}</td>
      <td className="num">{count(hidden ?? 0)}</td>
      <td className="num">{percent(seen)}</td>
      <td className="num">{percent(bound)}</td>
      <td>
        <div className={styles.bar} aria-hidden="true">
          <div
            className={styles.range}
            style={{ left: along(bound ?? 0), right: `calc(100% - ${along(seen ?? 0)})` }}
          />
          {wanted === null ? null : <div className={styles.wanted} style={{ left: along(wanted) }} />}
        </div>
      </td>
      <td>
        {labelled === 0 ? (
          "no labels: nothing is known"
        ) : wanted === null ? (
          ""
        ) : (
          <Status tone={reached ? "ok" : "bad"} mark={reached ? "square" : "cross"}>
            {reached ? "reached" : `below ${percent(wanted)}`}
          </Status>
        )}
      </td>
    </tr>
  );
}

export function Run({ run, wanted }: { run: FaceRun; wanted: number | null }) {
  if (isRunning(run)) return <Underway run={run} />;
  if (run.state === "failed") {
    return (
      <p role="status">
        <Status tone="bad" mark="cross">
          No result
        </Status>{" "}
        <At micros={run.closed_at} />: {gateReason(run.error_code ?? "")}, after {count(run.looked)} of{" "}
        {plural(run.frames, "frame")}. Every frame has to be looked at.
      </p>
    );
  }
  return (
    <div className="stack tight">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Class</th>
              <th>Labels</th>
              <th>Hidden</th>
              <th>Seen</th>
              <th>At least ({percent(run.confidence)} confidence)</th>
              <th>50 to 100 %</th>
              <th>Asked for</th>
            </tr>
          </thead>
          <tbody>
            <Recall name="Faces" recall={run.faces} wanted={wanted} />
            <Recall name="Plates" recall={run.plates} wanted={wanted} />
          </tbody>
        </table>
      </div>
      <FactList
        rows={[
          ["Ended", <At key="at" micros={run.closed_at} />],
          ["Frames", count(run.frames)],
          ["Under masks", `${percent(run.masked_share)} of a frame, on average`],
          ["Hidden means", `at least ${percent(run.cover)} of a label lies under masks`],
          ["Sample", <Hash key="sample" value={run.sample_hash} />],
        ]}
      />
    </div>
  );
}
