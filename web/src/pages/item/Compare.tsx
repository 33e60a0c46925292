/** Two reads of one item beside or over each other, whole or by what differs. */
import { SegmentedControl, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { frameImageUrl } from "@/api/items";
import { getRead } from "@/api/tasks";
import type { Item, Protocol, ReadSummary } from "@/api/types";
import { compareReads, type Match, tally, type Verdict } from "@/canvas/compare";
import { CompareView, READ_COLORS, type Side } from "@/canvas/compare-view";
import type { FrameRef } from "@/canvas/types";
import { count, title } from "@/format";
import { Failed, Loading } from "@/parts/States";
import { stageTitle } from "@/parts/stage";
import { loadBitmap } from "@/workspace/images";
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
      {a === b ? <p className="dim">Choose two different reads.</p> : <Pair item={item} a={a} b={b} />}
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

function Pair({ item, a, b }: { item: Item; a: string; b: string }) {
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
          )
        : [],
    [one.data, two.data, agree],
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
        <Pictures key={view} item={item} frame={frame} view={view} matches={shown} onFrame={setAt} />
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

const frameOf = (match: Match | undefined): FrameRef | null => (match?.a ?? match?.b)?.frame ?? null;

function Pictures(props: {
  item: Item;
  frame: FrameRef;
  view: "beside" | "over";
  matches: Match[];
  onFrame: (frame: FrameRef) => void;
}) {
  const { item, frame, view, matches, onFrame } = props;
  const first = useRef<HTMLDivElement>(null);
  const second = useRef<HTMLDivElement>(null);
  const views = useRef<CompareView[]>([]);
  const [error, setError] = useState<unknown>(null);
  const frames = item.streams[frame.stream]?.frames.length ?? 0;
  const latest = useRef({ frame, frames, onFrame });
  useEffect(() => {
    latest.current = { frame, frames, onFrame };
  });

  useEffect(() => {
    const scroll = (by: number) => {
      const { frame: at, frames: of, onFrame: go } = latest.current;
      go({ ...at, index: Math.min(of - 1, Math.max(0, at.index + by)) });
    };
    const made: CompareView[] = [];
    if (first.current)
      made.push(
        new CompareView(
          first.current,
          view === "over" ? "Both reads" : "Read A",
          view === "over" ? ["a", "b"] : ["a"],
          {
            scroll,
          },
        ),
      );
    if (second.current) made.push(new CompareView(second.current, "Read B", ["b"], { scroll }));
    const [left, right] = made;
    if (left && right) {
      left.viewport.subscribe(() => right.viewport.copy(left.viewport));
      right.viewport.subscribe(() => left.viewport.copy(right.viewport));
    }
    views.current = made;
    return () => {
      for (const one of made) one.destroy();
      views.current = [];
    };
  }, [view]);

  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    for (const one of views.current)
      loadBitmap(frameImageUrl(item.id, frame.stream, frame.index), abort.signal).then(
        (bitmap) => (abort.signal.aborted ? bitmap.close() : one.setPicture(bitmap)),
        (problem: unknown) => {
          if (abort.signal.aborted) return;
          one.setPicture(null);
          setError(problem);
        },
      );
    return () => abort.abort();
  }, [item.id, frame.stream, frame.index]);

  useEffect(() => {
    const here = matches.filter((match) => {
      const place = frameOf(match);
      return place?.stream === frame.stream && place.index === frame.index;
    });
    for (const one of views.current) one.setMatches(here);
  }, [matches, frame.stream, frame.index]);

  return (
    <>
      <div className={styles.pictures} data-view={view} data-testid="compare-pictures">
        <div ref={first} className={styles.picture} />
        {view === "beside" ? <div ref={second} className={styles.picture} /> : null}
      </div>
      <label className={styles.frames}>
        <span className="num">
          {item.streams[frame.stream]?.name} · {frame.index + 1} / {frames}
        </span>
        <input
          type="range"
          min={0}
          max={Math.max(0, frames - 1)}
          value={frame.index}
          aria-label="Frame"
          onChange={(event) => onFrame({ ...frame, index: Number(event.currentTarget.value) })}
        />
      </label>
      {error ? <Failed error={error} /> : null}
    </>
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
