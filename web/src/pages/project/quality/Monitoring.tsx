/** Live monitoring: what needs a decision first, then everybody's charts, then how rare false alarms are. */
import { Button, NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { behindUrls, type Figure } from "@/api/behind";
import { type Alarm, type Monitor, monitorQuery, type StreamOf, useMonitorActions } from "@/api/quality";
import type { OntologyClass, Project } from "@/api/types";
import { count, plural } from "@/format";
import { BehindList, FigureButton, useBehind } from "@/parts/Behind";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { alarmWords, patternWords } from "@/parts/feedback-words";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { EarlierItems, HeldItems } from "./AlarmItems";
import { ControlChart } from "./ControlChart";
import { streamWords } from "./words";

const PERCENT = 100;
const share = (value: number) => `${(value * PERCENT).toFixed(1)} %`;

const DECIDED: Record<string, string> = { upheld: "Upheld", dismissed: "Dismissed" };

/** How rare false alarms are, where that is known: what is usual on such items has to be. */
export function sureWords(alarm: Pick<Alarm, "run_length" | "usual_known" | "evidence">): string {
  const length = count(Math.round(alarm.run_length));
  const reached = count(Math.round(alarm.evidence));
  return alarm.usual_known
    ? `false alarms are at least ${length} checks apart on average; the evidence reached ${reached}`
    : `the evidence reached ${reached} of ${length}; too few of others’ checks on such items are known to say how rare a false alarm is`;
}

/** What it holds, and how much it has still to reach. */
export function heldWords(alarm: Pick<Alarm, "held" | "still_held" | "to_hold">): string {
  const held = `${count(alarm.still_held)} of ${count(alarm.held)} still held`;
  if (alarm.to_hold === 0) return held;
  return `${held}; ${count(alarm.to_hold)} more are being held, and nothing is released until they are`;
}

function One({
  project,
  alarm,
  stream,
}: {
  project: string;
  alarm: Alarm;
  /** The figure of the stream's checks; nothing where the stream is not listed. */
  stream: Figure | null;
}) {
  const behind = useBehind();
  const { decide } = useMonitorActions(project);
  const [choice, setChoice] = useState<"dismiss" | "uphold" | null>(null);
  const [listed, setListed] = useState(false);
  const [looking, setLooking] = useState(false);
  const open = alarm.state === "open" || alarm.state === "appealed";
  return (
    <Panel
      title={`${alarm.printed_name}: ${alarmWords(alarm.stream)}`}
      aside={
        <span className="row tight">
          <Status tone={open ? "bad" : "dim"} mark={open ? "triangle" : "square"}>
            {open ? "Needs a decision" : (DECIDED[alarm.state] ?? alarm.state)}
          </Status>
          <span className="dim">
            <At micros={alarm.raised_at} />
          </span>
        </span>
      }
    >
      <FactList
        rows={[
          [
            alarm.stream === "review" ? "Corrected or sent back" : "Wrong",
            <Fragment key="wrong">
              {stream ? (
                <FigureButton open={behind} figure={stream}>
                  {count(alarm.wrong)} of {plural(alarm.checked, "check")}
                </FigureButton>
              ) : (
                `${count(alarm.wrong)} of ${plural(alarm.checked, "check")}`
              )}{" "}
              since the estimated change
            </Fragment>,
          ],
          ["Held since", <At key="since" micros={alarm.since_at} />],
          ["Items", heldWords(alarm)],
          ["How sure", sureWords(alarm)],
          [
            "In common",
            alarm.patterns.length > 0
              ? alarm.patterns.map((one) => patternWords(one, alarm.stream)).join("; ")
              : null,
          ],
          ["They say", alarm.appeal ?? null],
          ["Decision", alarm.reason ? `${alarm.decided_by}: ${alarm.reason}` : null],
        ]}
      />
      <BehindList open={behind} />
      {open ? (
        <div className="row">
          <Button onClick={() => setChoice("uphold")}>It stands…</Button>
          <Button variant="default" onClick={() => setChoice("dismiss")}>
            It is a false alarm…
          </Button>
        </div>
      ) : null}
      <details onToggle={(event) => setListed(event.currentTarget.open)}>
        <summary>What it holds ({count(alarm.held)})</summary>
        {listed ? <HeldItems project={project} alarm={alarm} /> : null}
      </details>
      <details onToggle={(event) => setLooking(event.currentTarget.open)}>
        <summary>To be looked at: what they handed in last before</summary>
        {looking ? <EarlierItems project={project} alarm={alarm} /> : null}
      </details>
      <ReasonDialog
        opened={choice !== null}
        title={choice === "dismiss" ? "It was a false alarm" : "The alarm stands"}
        confirm={choice === "dismiss" ? "Lift every hold" : "Uphold"}
        pending={decide.isPending}
        error={decide.error}
        onClose={() => setChoice(null)}
        onConfirm={({ reason }) =>
          decide.mutate(
            { alarm: alarm.id, decision: choice ?? "uphold", reason },
            { onSuccess: () => setChoice(null) },
          )
        }
      >
        <p>
          {choice === "dismiss"
            ? "Every hold of this alarm is lifted, and its wrong checks no longer count against the person."
            : "What waits for review is reviewed. What was accepted stays held until somebody has looked at it and lifts the hold."}{" "}
          {alarm.printed_name} reads your reason.
        </p>
      </ReasonDialog>
    </Panel>
  );
}

/** The checks of a stream as a figure: the wrong ones, or all of them. */
export function checksOf(project: string, of: StreamOf, against: string, part: "counted" | "all"): Figure {
  const parts: Figure["parts"] = [
    { value: "counted", label: "Wrong" },
    { value: "rest", label: "Found right, or taken back" },
    { value: "all", label: "All checks" },
  ];
  return {
    key: `${of.user} ${of.stream} ${part}`,
    title: `${of.printed_name}, ${against}: ${count(of.wrong)} wrong of ${plural(of.checked, "check")}`,
    url: behindUrls.stream(project, of.user),
    query: { stream: of.stream },
    parts: part === "all" ? parts.toReversed() : parts,
    said: (item) => {
      const classes = item.classes.length > 0 ? ` · ${item.classes.join(", ")}` : "";
      return `${item.count > 0 ? "wrong" : "not held against them"}${classes}`;
    },
  };
}

/** The checks that an alarm was raised by are the last ones of their stream up to it: the list is that of the stream. */
export function checksOfAlarm(
  project: string,
  alarm: Alarm,
  streams: StreamOf[],
  classes: OntologyClass[],
): Figure | null {
  const of = streams.find((one) => one.user === alarm.user && one.stream === alarm.stream);
  if (!of) return null;
  const figure = checksOf(project, of, streamWords(of.stream, classes), "all");
  const said = figure.said ?? (() => "");
  return {
    ...figure,
    key: `${alarm.id} ${figure.key}`,
    title: `${figure.title}, the newest first; the alarm counts the last ${count(alarm.checked)} before it was raised`,
    said: (item) => `${said(item)}${(item.at ?? 0) > alarm.raised_at ? " · after the alarm" : ""}`,
  };
}

function Streams({
  project,
  streams,
  classes,
}: {
  project: string;
  streams: StreamOf[];
  classes: OntologyClass[];
}) {
  const [open, setOpen] = useState<string | null>(null);
  const behind = useBehind();
  const figure = (one: StreamOf, part: "counted" | "all") =>
    checksOf(project, one, streamWords(one.stream, classes), part);
  const key = (one: StreamOf) => `${one.user} ${one.stream}`;
  const shown = streams.find((one) => key(one) === open);
  if (streams.length === 0)
    return <Note>Nothing was reviewed yet: nothing is known about anybody's work.</Note>;
  return (
    <div className="stack">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Who</th>
              <th>Held against</th>
              <th className="num">Checks</th>
              <th className="num">Wrong</th>
              <th className="num">Share (95 % interval)</th>
              <th className="num">Evidence for a change</th>
              <th>Checked last</th>
              <th>Chart</th>
            </tr>
          </thead>
          <tbody>
            {streams.map((one) => (
              <tr key={key(one)}>
                <td>{one.printed_name}</td>
                <td>{streamWords(one.stream, classes)}</td>
                <td className="num">
                  <FigureButton open={behind} figure={figure(one, "all")}>
                    {count(one.checked)}
                  </FigureButton>
                </td>
                <td className="num">
                  <FigureButton open={behind} figure={figure(one, "counted")}>
                    {count(one.wrong)} of {count(one.checked)}
                  </FigureButton>
                </td>
                <td className="num">
                  {share(one.wrong / one.checked)} ({share(one.low)} to {share(one.high)})
                </td>
                <td className="num">{share(one.level)} of an alarm</td>
                <td>
                  <At micros={one.updated_at} />
                </td>
                <td>
                  <Button
                    variant="default"
                    size="compact-sm"
                    aria-expanded={one === shown}
                    aria-label={`${one === shown ? "Hide" : "Show"} ${one.printed_name}: ${streamWords(one.stream, classes)}`}
                    onClick={() => setOpen(one === shown ? null : key(one))}
                  >
                    {one === shown ? "Hide" : "Show"}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <BehindList open={behind} />
      <p className="dim">
        What is expected of a check is what others got wrong on such items: of one modality, about as many
        frames, and as many marks in the model’s draft, of the same class, with the same confidence; and what
        they got wrong on the very item. Whoever is given hard items is held against hard items.
      </p>
      {shown ? <ControlChart project={project} user={shown.user} stream={shown.stream} /> : null}
    </div>
  );
}

function Plan({ project, monitor }: { project: string; monitor: Monitor }) {
  const { set } = useMonitorActions(project);
  const [length, setLength] = useState<number | string>(monitor.run_length);
  const value = Number(length);
  const month = value > 0 ? monitor.checks_per_month / value : 0;
  return (
    <div className="stack tight">
      <div className="row">
        <NumberInput
          label="Checks to a false alarm, at least"
          description={`${count(monitor.checks_per_month)} checks in the last 30 days: at most ${month.toFixed(2)} false alarms a month where others’ work on such items is known`}
          value={length}
          onChange={setLength}
          min={100}
          max={1_000_000}
          step={500}
        />
        <Button
          variant="default"
          onClick={() => set.mutate(value)}
          loading={set.isPending}
          disabled={!(value >= 100 && value <= 1_000_000) || value === monitor.run_length}
        >
          Set, and begin anew
        </Button>
      </div>
      <Refused error={set.error} />
    </div>
  );
}

export function Monitoring({ project: { id: project, protocol } }: { project: Project }) {
  const monitor = useQuery(monitorQuery(project));
  if (monitor.isPending) return <Loading />;
  if (monitor.isError) return <Failed error={monitor.error} retry={() => monitor.refetch()} />;
  const { alarms, streams } = monitor.data;
  return (
    <div className="stack">
      {alarms.map((alarm) => (
        <One
          key={alarm.id}
          project={project}
          alarm={alarm}
          stream={checksOfAlarm(project, alarm, streams, protocol.classes)}
        />
      ))}
      <Streams project={project} streams={streams} classes={protocol.classes} />
      <details>
        <summary>How rare false alarms are</summary>
        <Plan project={project} monitor={monitor.data} />
      </details>
    </div>
  );
}
