/** Label errors: what a search doubts, the weightiest first, with the place in the picture and two answers. */
import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { frameImageUrl } from "@/api/items";
import { type Doubt, type DoubtChoice, labelErrorsQuery, useLabelErrors } from "@/api/label-errors";
import type { Project } from "@/api/types";
import { count } from "@/format";
import { At } from "@/parts/bits";
import { FrameViewer } from "@/parts/FrameViewer";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { doubtWords, hitWords, KINDS, searchWords, sourceWords } from "./label-error-words";

const STATES = [
  { value: "open", label: "Open" },
  { value: "sent_back", label: "Sent back" },
  { value: "right", label: "Labels are right" },
];

const KEYS: KeyGroup = {
  title: "Doubts about labels",
  keys: [
    { keys: "J K", does: "Next doubt, doubt before" },
    { keys: "A", does: "Look again: the item goes back into work" },
    { keys: "R", does: "The labels are right" },
    { keys: "O", does: "Open again what was said to be right" },
  ],
};

/** A ring around the place that is doubted. */
function Ring({ place, size }: { place: [number, number]; size: { width: number; height: number } }) {
  const radius = Math.max(size.width, size.height) / 24;
  const ring = { cx: place[0], cy: place[1], fill: "none" };
  return (
    <svg viewBox={`0 0 ${size.width} ${size.height}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
      <circle {...ring} r={radius} stroke="#000" strokeWidth={radius / 4} />
      <circle {...ring} r={radius} stroke="#ffd60a" strokeWidth={radius / 9} />
    </svg>
  );
}

function Chosen({
  project,
  doubt,
  pending,
  decide,
}: {
  project: Project;
  doubt: Doubt;
  pending: boolean;
  decide: (decision: DoubtChoice) => void;
}) {
  const { frame, place } = doubt;
  const open = doubt.state === "open" && doubt.current;
  return (
    <section className="stack tight" aria-label={`Doubt ${doubt.rank}`}>
      <div className="spread">
        <h4>{doubtWords(doubt, project.protocol.classes)}</h4>
        <Link to="/items/$itemId" params={{ itemId: doubt.item }}>
          {doubt.item_name}
        </Link>
      </div>
      {frame ? (
        <FrameViewer
          key={doubt.id}
          url={() => frameImageUrl(doubt.item, frame.stream, frame.index, undefined, "grid")}
          frames={1}
          label={doubt.item_name}
          over={place ? (_frame, size) => <Ring place={place} size={size} /> : undefined}
        />
      ) : (
        <Note>It is about the whole item.</Note>
      )}
      <p className="dim">
        {sourceWords(doubt)}
        {frame ? `, frame ${count(frame.index + 1)}` : null}
      </p>
      {open ? (
        <div className="row tight">
          <Button onClick={() => decide("look_again")} loading={pending}>
            Look again
          </Button>
          <Button variant="default" onClick={() => decide("right")} disabled={pending}>
            The labels are right
          </Button>
        </div>
      ) : (
        <p>
          {doubt.state === "open" ? "Other labels are accepted now, or the item is in work again." : null}
          {doubt.state !== "open" ? (
            <>
              {doubt.state === "right" ? "The labels are right" : "Sent back"}: {doubt.decided_by},{" "}
              <At micros={doubt.decided_at} />
            </>
          ) : null}{" "}
          {doubt.state === "right" ? (
            <Button size="xs" variant="default" onClick={() => decide("open")} disabled={pending}>
              Open it again
            </Button>
          ) : null}
        </p>
      )}
    </section>
  );
}

export function LabelErrors({ project }: { project: Project }) {
  const [kind, setKind] = useState<string>(KINDS[0].value);
  const [state, setState] = useState("open");
  const [chosen, choose] = useState<string | null>(null);
  const found = useInfiniteQuery(labelErrorsQuery(project.id, kind, state));
  const { begin, decide } = useLabelErrors(project.id);
  const doubts = found.data?.pages.flatMap((page) => page.doubts) ?? [];
  const at = Math.max(
    0,
    doubts.findIndex((doubt) => doubt.id === chosen),
  );
  const doubt = doubts[at];
  const go = (to: number) => choose(doubts[Math.max(0, Math.min(doubts.length - 1, to))]?.id ?? null);
  const answer = (decision: DoubtChoice) => {
    if (!doubt || decide.isPending) return;
    const next = doubts[at + 1]?.id ?? doubts[at - 1]?.id ?? null;
    decide.mutate({ id: doubt.id, decision }, { onSuccess: () => choose(next) });
  };
  const open = doubt?.state === "open" && doubt.current;
  // Other parts of the page have keys too: these mean something only while one is here.
  const [inside, setInside] = useState(false);
  useKeyHelp(KEYS);
  useKeys(
    {
      KeyJ: () => go(at + 1),
      KeyK: () => go(at - 1),
      KeyA: () => open && answer("look_again"),
      KeyR: () => open && answer("right"),
      KeyO: () => doubt?.state === "right" && answer("open"),
    },
    inside,
  );
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const [first] = found.data.pages;
  const running = first?.running;
  const hits = first?.kinds.find((one) => one.kind === kind);
  return (
    <section
      className="stack"
      aria-label="Doubts about labels"
      data-testid="label-errors"
      onFocus={() => setInside(true)}
      onBlur={({ currentTarget, relatedTarget }) => setInside(currentTarget.contains(relatedTarget))}
    >
      <div className="row">
        <Button
          variant="default"
          onClick={() => begin.mutate()}
          loading={begin.isPending}
          disabled={!!running}
        >
          Search accepted labels
        </Button>
        {running ? (
          <span role="status">
            <progress value={running.looked} max={Math.max(1, running.items)} aria-label="Search" />{" "}
            {searchWords(running)}
          </span>
        ) : null}
      </div>
      <Refused error={begin.error ?? decide.error} />
      {first?.search ? (
        <>
          <p className="dim">
            <At micros={first.search.ended_at} />: {searchWords(first.search)}. A doubt is no error: somebody
            looks, and decides.
          </p>
          <div className="row">
            <SegmentedControl
              aria-label="Kind of doubt"
              value={kind}
              onChange={setKind}
              data={KINDS.map((one) => ({
                value: one.value,
                label: `${one.label} (${count(first.kinds.find(({ kind }) => kind === one.value)?.open ?? 0)})`,
              }))}
            />
            <SegmentedControl aria-label="State" value={state} onChange={setState} data={STATES} />
          </div>
          {hits && hitWords(hits) ? <p>{hitWords(hits)}. The weightiest were looked at first.</p> : null}
          {doubt ? (
            <>
              <div className={table.scroll}>
                <table className={table.table}>
                  <thead>
                    <tr>
                      <th className="num">#</th>
                      <th>Doubt</th>
                      <th>Item</th>
                      <th className="num">Weight</th>
                    </tr>
                  </thead>
                  <tbody>
                    {doubts.map((one) => (
                      <tr key={one.id} aria-current={one === doubt ? "true" : undefined}>
                        <td className="num">{count(one.rank)}</td>
                        <td>
                          <Button variant="subtle" size="compact-sm" onClick={() => choose(one.id)}>
                            {doubtWords(one, project.protocol.classes)}
                          </Button>
                        </td>
                        <td>{one.item_name}</td>
                        <td className="num">{one.weight.toFixed(2)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              {found.hasNextPage ? (
                <Button
                  variant="default"
                  onClick={() => found.fetchNextPage()}
                  loading={found.isFetchingNextPage}
                >
                  Show more
                </Button>
              ) : null}
              <Chosen project={project} doubt={doubt} pending={decide.isPending} decide={answer} />
            </>
          ) : (
            <Note>Nothing of this kind is listed.</Note>
          )}
        </>
      ) : (
        <Note>
          Nobody has searched yet. A search holds every accepted label against the model's draft of its item,
          and against the frames before and after, and names first what most likely is wrong or was forgotten.
        </Note>
      )}
    </section>
  );
}
