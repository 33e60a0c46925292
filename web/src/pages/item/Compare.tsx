/** Two reads of one item beside or over each other, whole or by what differs. */
import { SegmentedControl, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { getRead } from "@/api/tasks";
import type { Item, Protocol, ReadSummary } from "@/api/types";
import { compareReads, frameOf, type Match, tally, type Verdict } from "@/canvas/compare";
import { READ_COLORS, type Side } from "@/canvas/compare-view";
import type { FrameRef } from "@/canvas/types";
import { count, title } from "@/format";
import { ReadPictures } from "@/parts/ReadPictures";
import { Failed, Loading } from "@/parts/States";
import { stageTitle } from "@/parts/stage";
import { annotationFromWire } from "@/workspace/work";
import styles from "./Compare.module.css";

/** Overlaps from which two outlines count as the same. */
const AGREE = ["0.5", "0.8", "0.95"] as const;

const readQuery = (id: string) => ({ queryKey: ["reads", id], queryFn: () => getRead(id) });

export default function Compare({ item, protocol }: { item: Item; protocol: Protocol | undefined }) {
  const reads = item.reads.filter((read) => read.status !== "void");
  const [a, setA] = useState(reads.at(-2)?.id ?? "");
  const [b, setB] = useState(reads.at(-1)?.id ?? "");
  const nameOf = (read: ReadSummary) =>
    `${protocol ? stageTitle(protocol, read.stage) : title(read.kind)}: ${read.author_name}`;
  return (
    <div className="stack">
      <div className={styles.choose}>
        <Choice side="a" value={a} reads={reads} nameOf={nameOf} onChange={setA} />
        <Choice side="b" value={b} reads={reads} nameOf={nameOf} onChange={setB} />
      </div>
      {a === b ? (
        <p className="dim">Choose two different reads.</p>
      ) : (
        <Pair protocol={protocol} item={item} a={a} b={b} />
      )}
    </div>
  );
}

function Choice(props: {
  side: Side;
  value: string;
  reads: ReadSummary[];
  nameOf: (read: ReadSummary) => string;
  onChange: (id: string) => void;
}) {
  const { side, value, reads, nameOf, onChange } = props;
  return (
    <label className={styles.side}>
      <i
        style={{ borderColor: READ_COLORS[side], borderStyle: side === "a" ? "solid" : "dashed" }}
        aria-hidden="true"
      />
      <span className="dim">Read {side.toUpperCase()}</span>
      <select
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        data-testid={`read-${side}`}
      >
        {reads.map((read) => (
          <option key={read.id} value={read.id}>
            {nameOf(read)} · {count(read.annotation_count)} marks
          </option>
        ))}
      </select>
    </label>
  );
}

function Pair(props: { item: Item; protocol: Protocol | undefined; a: string; b: string }) {
  const { item, protocol, a, b } = props;
  const undirected = useMemo(
    () => new Set((protocol?.relations ?? []).filter((one) => one.directed === false).map((one) => one.id)),
    [protocol],
  );
  const one = useQuery(readQuery(a));
  const two = useQuery(readQuery(b));
  const [agree, setAgree] = useState<string>("0.8");
  const [view, setView] = useState<"beside" | "over">("over");
  const [onlyDifferences, setOnlyDifferences] = useState(true);
  const all = useMemo(
    () =>
      one.data && two.data
        ? compareReads(
            one.data.annotations.map(annotationFromWire),
            two.data.annotations.map(annotationFromWire),
            Number(agree),
            undirected,
          )
        : [],
    [one.data, two.data, agree, undirected],
  );
  const [at, setAt] = useState<FrameRef | null>(null);
  if (one.isError || two.isError)
    return (
      <Failed error={one.error ?? two.error} retry={() => void Promise.all([one.refetch(), two.refetch()])} />
    );
  if (!one.data || !two.data) return <Loading />;
  const shown = onlyDifferences ? all.filter((match) => match.verdict !== "same") : all;
  const frame = at ?? frameOf(shown[0]) ?? frameOf(all[0]) ?? { stream: 0, index: 0 };
  return (
    <>
      <Tally matches={all} />
      <div className={styles.tools}>
        <SegmentedControl
          size="xs"
          value={view}
          onChange={(value) => setView(value as "beside" | "over")}
          aria-label="View"
          data={[
            { value: "over", label: "Over each other" },
            { value: "beside", label: "Side by side" },
          ]}
        />
        <Switch
          size="sm"
          label="Differences only"
          checked={onlyDifferences}
          onChange={(event) => setOnlyDifferences(event.currentTarget.checked)}
        />
        <label className={styles.agree}>
          <span className="dim">Outlines agree from</span>
          <select value={agree} onChange={(event) => setAgree(event.currentTarget.value)}>
            {AGREE.map((value) => (
              <option key={value} value={value}>
                {Math.round(Number(value) * 100)} % overlap
              </option>
            ))}
          </select>
        </label>
      </div>
      {item.may_view_pixels ? (
        <ReadPictures
          key={view}
          item={item}
          names={["Read A", "Read B"]}
          frame={frame}
          view={view}
          matches={shown}
          onFrame={setAt}
        />
      ) : null}
      <MatchList item={item} matches={shown} frame={frame} onChoose={setAt} />
    </>
  );
}

const WORDS: Record<Verdict, string> = {
  same: "the same",
  differs: "differ",
  only_a: "only in A",
  only_b: "only in B",
};

function Tally({ matches }: { matches: Match[] }) {
  const counts = tally(matches);
  return (
    <p data-testid="tally">
      {(Object.keys(WORDS) as Verdict[]).map((verdict, n) => (
        <span key={verdict}>
          {n > 0 ? " · " : ""}
          <strong>{counts[verdict]}</strong> {WORDS[verdict]}
        </span>
      ))}
    </p>
  );
}

function MatchList(props: {
  item: Item;
  matches: Match[];
  frame: FrameRef;
  onChoose: (frame: FrameRef) => void;
}) {
  const { item, matches, frame, onChoose } = props;
  if (matches.length === 0) return <p className="dim">Nothing differs.</p>;
  return (
    <ul className={styles.list} data-testid="compare-list">
      {matches.map((match) => {
        const place = frameOf(match);
        const here = place?.stream === frame.stream && place.index === frame.index;
        return (
          <li key={`${match.a?.id}/${match.b?.id}`}>
            <button
              type="button"
              aria-current={here}
              disabled={!place}
              onClick={() => place && onChoose(place)}
            >
              <span>{match.a?.class ?? match.b?.class}</span>
              <span className="dim">
                {place ? `${item.streams[place.stream]?.name ?? ""} · ${place.index + 1}` : "whole item"}
              </span>
              <strong>{wordsOf(match)}</strong>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function wordsOf(match: Match): string {
  if (match.verdict === "only_a" || match.verdict === "only_b") return WORDS[match.verdict];
  const share = match.overlap === null ? "" : ` · ${Math.round(match.overlap * 100)} % overlap`;
  if (match.verdict === "same") return `the same${share}`;
  const words = match.what.map((what) =>
    what === "class" ? `class: ${match.a?.class} or ${match.b?.class}` : what,
  );
  return `${words.join(", ")}${share}`;
}
