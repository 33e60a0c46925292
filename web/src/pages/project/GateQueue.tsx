/** The list of what waits at the gate: the greatest risk first, filtered by state and reason. */
import { Button, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type GateFilter, gateSummaryQuery } from "@/api/gate";
import type { GateEntry } from "@/api/types";
import { count, plural, title } from "@/format";
import { Status } from "@/parts/bits";
import { gateReason } from "@/refusals";
import styles from "./Gate.module.css";

/** From here on a risk is called high, and from here medium. */
const HIGH = 70;
const MEDIUM = 40;

export function riskWord(risk: number): "high" | "medium" | "low" {
  if (risk >= HIGH) return "high";
  return risk >= MEDIUM ? "medium" : "low";
}

/** By the state, or that a waiver waits for its second person. */
const STATES: Record<string, { tone: "dim" | "ok" | "warn" | "bad"; mark: string; word: string }> = {
  open: { tone: "warn", mark: "diamond", word: "Waits" },
  waiver: { tone: "warn", mark: "bars", word: "Waits for a second person" },
  cleared: { tone: "ok", mark: "square", word: "Approved" },
  waived: { tone: "ok", mark: "ring", word: "Waived" },
  rejected: { tone: "bad", mark: "cross", word: "Rejected" },
  replaced: { tone: "dim", mark: "ring", word: "Looked at anew" },
};

export function EntryState({ entry }: { entry: GateEntry }) {
  const state = entry.waiver && entry.state === "open" ? "waiver" : entry.state;
  const look = STATES[state] ?? { tone: "dim", mark: "ring", word: title(state) };
  return (
    <Status tone={look.tone} mark={look.mark}>
      {look.word}
    </Status>
  );
}

function Filters({
  project,
  filter,
  onFilter,
}: {
  project: string;
  filter: GateFilter;
  onFilter: (filter: GateFilter) => void;
}) {
  const summary = useQuery(gateSummaryQuery(project)).data;
  const states = Object.entries(STATES).map(([value, { word }]) => ({
    value,
    label:
      value === "open" && summary
        ? `${word} (${count(summary.open)})`
        : value === "waiver" && summary
          ? `${word} (${count(summary.waivers)})`
          : word,
  }));
  const reasons = (summary?.reasons ?? []).map((one) => ({
    value: one.code,
    label: `${gateReason(one.code)} (${count(one.entries)})`,
  }));
  if (filter.reason && !reasons.some((one) => one.value === filter.reason)) {
    reasons.push({ value: filter.reason, label: gateReason(filter.reason) });
  }
  return (
    <div className="stack tight">
      <NativeSelect
        size="xs"
        label="State"
        data={states}
        value={filter.state}
        onChange={(event) => onFilter({ ...filter, state: event.currentTarget.value })}
      />
      <NativeSelect
        size="xs"
        label="Why it waits"
        data={[{ value: "", label: "Any" }, ...reasons]}
        value={filter.reason}
        onChange={(event) => onFilter({ ...filter, reason: event.currentTarget.value })}
      />
    </div>
  );
}

export function GateQueue({
  project,
  entries,
  current,
  filter,
  more,
  onFilter,
  onChoose,
}: {
  project: string;
  entries: GateEntry[];
  current: GateEntry | undefined;
  filter: GateFilter;
  /** Loads the next page, where there is one. */
  more: (() => void) | null;
  onFilter: (filter: GateFilter) => void;
  onChoose: (entry: GateEntry) => void;
}) {
  const waiting = filter.state === "open" || filter.state === "waiver";
  return (
    <nav aria-label="Waiting at the gate" className="stack tight">
      <h2>
        {waiting
          ? `${plural(entries.length, "entry waits", "entries wait")}${more ? " or more" : ""}`
          : plural(entries.length, "entry", "entries")}
      </h2>
      <Filters project={project} filter={filter} onFilter={onFilter} />
      <ul className={styles.list}>
        {entries.map((entry) => (
          <li key={entry.id}>
            <button
              type="button"
              className={styles.entry}
              aria-current={entry.id === current?.id}
              onClick={() => onChoose(entry)}
            >
              <span className="spread">
                <strong>{entry.name}</strong>
                <span className={styles.risk} data-risk={riskWord(entry.risk)}>
                  <span className="sr-only">Risk: {riskWord(entry.risk)}, </span>
                  {entry.risk}
                </span>
              </span>
              <EntryState entry={entry} />
              <div className="dim">{entry.reasons.map(gateReason).join(", ")}</div>
            </button>
          </li>
        ))}
      </ul>
      {more ? (
        <Button variant="default" size="compact-sm" onClick={more}>
          Show more
        </Button>
      ) : null}
    </nav>
  );
}
