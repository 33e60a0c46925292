/** One entry on the desk: its pictures, its masks, what was done to it, and the decision. */
import { Button, Checkbox } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { gateEntryQuery, gateMasksQuery, gateProposalsQuery, useGateMasks } from "@/api/gate";
import type { GateEntry, GateMask, GateMasks, GateProposal, MaskDraft, MaskRect } from "@/api/types";
import { plural } from "@/format";
import { At, Panel } from "@/parts/bits";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import styles from "./Gate.module.css";
import { GateDecision } from "./GateDecision";
import { GatePicture, type View } from "./GatePicture";
import { EntryState, riskWord } from "./GateQueue";
import { FileChanges, GateReport, Reasons } from "./GateReport";
import {
  beginDrawing,
  type Drawing,
  drafts,
  framesBeside,
  moveCross,
  openProposals,
  type Size,
  setCorner,
  stepOf,
  withMask,
  withoutMask,
  withProposals,
} from "./gate-masks";

const KEYS: KeyGroup = {
  title: "Pictures and masks",
  keys: [
    { keys: "← →", does: "Frame before, next frame" },
    { keys: "Space", does: "Flip between before and after" },
    { keys: "B", does: "Both beside each other" },
    { keys: "M", does: "Draw a mask: arrows move the cross, Shift for one pixel, Enter sets each corner" },
    { keys: "P", does: "Take every proposed mask of this entry" },
    { keys: "Escape", does: "Stop drawing" },
    { keys: "U, Ctrl+Z", does: "Undo the last mask change" },
  ],
};

/**
 * The masks with their history: undo sends back what was there before. What is asked for while a change is being saved is
 * done after it, on the masks that it left; when one is refused, what waited behind it is dropped with it.
 */
function useMasks(entry: GateEntry) {
  const client = useQueryClient();
  const { queryKey, ...rest } = gateMasksQuery(entry.project, entry.id);
  const masks = useQuery({ queryKey, ...rest });
  const save = useGateMasks(entry.project, entry.id);
  const past = useRef<MaskDraft[][]>([]);
  const queue = useRef({ last: Promise.resolve(), refused: 0 });
  const [waiting, setWaiting] = useState(0);
  const after = (step: (now: GateMasks) => Promise<void>) => {
    const { refused } = queue.current;
    setWaiting((count) => count + 1);
    queue.current.last = queue.current.last.then(async () => {
      const now = client.getQueryData(queryKey);
      try {
        if (now && refused === queue.current.refused) await step(now);
      } catch {
        // The page shows why; the list of masks is fetched anew.
        queue.current.refused += 1;
      } finally {
        setWaiting((count) => count - 1);
      }
    });
  };
  const change = (edit: (now: GateMask[]) => MaskDraft[]) =>
    after(async ({ revision, masks: now }) => {
      await save.mutateAsync({ revision, masks: edit(now) });
      past.current.push(drafts(now));
    });
  const undo = () =>
    after(async ({ revision }) => {
      const before = past.current.at(-1);
      if (!before) return;
      await save.mutateAsync({ revision, masks: before });
      past.current.pop();
    });
  const saving = waiting > 0;
  return { masks, known: masks.data?.masks ?? [], save, saving, change, undo, past: past.current.length > 0 };
}

function MaskList({
  masks,
  frame,
  onRemove,
  onShow,
}: {
  masks: GateMask[];
  frame: number;
  onRemove: (mask: GateMask) => void;
  onShow: (frame: number) => void;
}) {
  const here = masks.filter((mask) => mask.frame === frame);
  const elsewhere = masks.length - here.length;
  const next = masks.find((mask) => mask.frame > frame) ?? masks.find((mask) => mask.frame < frame);
  return (
    <div className="stack tight">
      {here.length === 0 ? <p className="dim">No mask on this picture.</p> : null}
      <ul className={styles.masks}>
        {here.map((mask, index) => {
          const { x, y, width, height } = mask.rect;
          const by = "detector" in mask.origin ? `detector ${mask.origin.detector}` : "a person";
          return (
            <li key={mask.id} className="spread">
              <span>
                {width} × {height} at {x}, {y} <span className="dim">by {by}</span>
              </span>
              <Button
                size="compact-xs"
                variant="default"
                aria-label={`Take back mask ${index + 1}, ${width} by ${height} at ${x}, ${y}`}
                onClick={() => onRemove(mask)}
              >
                Take back
              </Button>
            </li>
          );
        })}
      </ul>
      {elsewhere > 0 && next ? (
        <Button size="compact-xs" variant="subtle" onClick={() => onShow(next.frame)}>
          {plural(elsewhere, "mask")} on other pictures: show the next
        </Button>
      ) : null}
    </div>
  );
}

/** What cuboids suggest: an aid that hides nothing until somebody takes it. */
function Proposals({ proposals, onTake }: { proposals: GateProposal[]; onTake: () => void }) {
  if (proposals.length === 0) return null;
  const of = (kind: GateProposal["kind"]) => proposals.filter((one) => one.kind === kind).length;
  return (
    <div className="stack tight">
      <Button size="compact-sm" variant="default" onClick={onTake}>
        Take {plural(proposals.length, "proposed mask")} (P)
      </Button>
      <p className="dim">
        {plural(of("face"), "head")} and {plural(of("plate"), "end")} of vehicles, told from cuboids. Whoever
        has no cuboid is not among them.
      </p>
    </div>
  );
}

type DeskProps = {
  onDone: () => void;
  /** While somebody draws, the arrow keys belong to the cross and not to the queue. */
  onDrawing: (drawing: boolean) => void;
};

/** Which picture is shown, and how. */
function useLooking(entry: GateEntry) {
  const [frame, setFrame] = useState(0);
  const [view, setView] = useState<View>("after");
  const [size, setSize] = useState<Size | null>(null);
  const go = (to: number) => setFrame(Math.max(0, Math.min(entry.frames - 1, to)));
  const flip = () => setView(view === "before" ? "after" : "before");
  const both = () => setView(view === "both" ? "after" : "both");
  return { frame, view, size, setSize, go, flip, both };
}

function Desk({ entry, onDone, onDrawing }: DeskProps & { entry: GateEntry }) {
  const look = useLooking(entry);
  const { masks, known, save, saving, change, undo, past } = useMasks(entry);
  const suggested = useQuery(gateProposalsQuery(entry)).data ?? [];
  const proposals = masks.data ? openProposals(suggested, known) : [];
  const take = () => {
    if (proposals.length > 0) change((now) => withProposals(now, suggested));
  };
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [all, setAll] = useState(false);
  const open = entry.state === "open";
  const { frame, size } = look;
  const draw = (rect: MaskRect) =>
    change((now) => withMask(now, all ? framesBeside(frame, entry.streams) : [frame], rect));
  const toggle = () => {
    if (drawing) return setDrawing(null);
    if (!open || !size) return;
    if (look.view === "before") look.flip();
    setDrawing(beginDrawing(size));
  };
  const move = (dx: number, dy: number, fine: boolean) => {
    if (!drawing || !size) return;
    const step = stepOf(size, fine);
    setDrawing(moveCross(drawing, dx * step, dy * step, size));
  };
  const enter = () => {
    if (!drawing || !size) return;
    const set = setCorner(drawing, size);
    setDrawing(set.drawing);
    if (set.done) draw(set.done);
  };
  const busy = drawing !== null;
  // Before the next key: the queue would take an arrow that is meant for the cross.
  useLayoutEffect(() => {
    onDrawing(busy);
    return () => onDrawing(false);
  }, [busy, onDrawing]);
  useKeyHelp(KEYS);
  useKeys({
    Space: look.flip,
    KeyB: look.both,
    KeyM: toggle,
    KeyP: take,
    KeyU: undo,
    "Ctrl+KeyZ": undo,
    ArrowLeft: () => (drawing ? move(-1, 0, false) : look.go(frame - 1)),
    ArrowRight: () => (drawing ? move(1, 0, false) : look.go(frame + 1)),
  });
  useKeys(
    {
      ArrowUp: () => move(0, -1, false),
      ArrowDown: () => move(0, 1, false),
      "Shift+ArrowLeft": () => move(-1, 0, true),
      "Shift+ArrowRight": () => move(1, 0, true),
      "Shift+ArrowUp": () => move(0, -1, true),
      "Shift+ArrowDown": () => move(0, 1, true),
      Enter: enter,
      Escape: () => setDrawing(null),
    },
    busy,
  );
  const here = known.filter((mask) => mask.frame === frame);
  const said = drawing
    ? `Drawing: cross at ${drawing.at[0]}, ${drawing.at[1]}${drawing.corner ? `, corner at ${drawing.corner[0]}, ${drawing.corner[1]}` : ""}`
    : saving
      ? "Making the cleaned copies anew…"
      : "";
  return (
    <>
      <div className="stack tight">
        <GatePicture
          entry={entry}
          frame={frame}
          view={open ? look.view : "after"}
          masks={here}
          proposals={proposals.filter((one) => one.frame === frame)}
          size={size}
          onSize={look.setSize}
          drawing={drawing}
          onDrawn={draw}
        />
        <div className={styles.bar}>
          <FrameStep frame={frame} frames={entry.frames} go={look.go} label={entry.name} />
          {open ? (
            <>
              <Button
                size="compact-sm"
                variant="default"
                aria-pressed={look.view === "before"}
                onClick={look.flip}
              >
                {look.view === "before" ? "Show after" : "Show before"}
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                aria-pressed={look.view === "both"}
                onClick={look.both}
              >
                Both
              </Button>
              <Button
                size="compact-sm"
                variant={drawing ? "filled" : "default"}
                aria-pressed={drawing !== null}
                onClick={toggle}
              >
                Draw a mask
              </Button>
              <Button size="compact-sm" variant="default" disabled={!past && !saving} onClick={undo}>
                Undo
              </Button>
            </>
          ) : null}
        </div>
        <p role="status" className="dim" data-testid="gate-said">
          {said}
        </p>
        <Refused error={save.error} />
        {open ? null : <p className="dim">The source of a decided entry is out of reach.</p>}
      </div>
      <div className="stack">
        <Panel title={entry.name} aside={<EntryState entry={entry} />}>
          <p>
            Risk {entry.risk} of 100 ({riskWord(entry.risk)}), because:
          </p>
          <Reasons reasons={entry.reasons} />
          <GateReport report={entry.report} version={entry.protocol_version} />
          {open ? <FileChanges key={frame} entry={entry} frame={frame} /> : null}
        </Panel>
        {open ? (
          <Panel title="Masks">
            {masks.isError ? <Failed error={masks.error} retry={() => masks.refetch()} /> : null}
            <MaskList
              masks={known}
              frame={frame}
              onRemove={(mask) => change((now) => withoutMask(now, mask.id))}
              onShow={look.go}
            />
            <Proposals proposals={proposals} onTake={take} />
            <Checkbox
              size="xs"
              label="New masks on every frame of this series"
              checked={all}
              onChange={(event) => setAll(event.currentTarget.checked)}
            />
          </Panel>
        ) : null}
        {open ? <GateDecision entry={entry} onDone={onDone} /> : <Decided entry={entry} />}
      </div>
    </>
  );
}

function FrameStep({
  frame,
  frames,
  go,
  label,
}: {
  frame: number;
  frames: number;
  go: (to: number) => void;
  label: string;
}) {
  if (frames < 2) return null;
  return (
    <>
      <input
        type="range"
        min={0}
        max={frames - 1}
        value={frame}
        onChange={(event) => go(Number(event.currentTarget.value))}
        aria-label={`Frame of ${label}`}
      />
      <span>
        {frame + 1} / {frames}
      </span>
    </>
  );
}

function Decided({ entry }: { entry: GateEntry }) {
  return (
    <Note>
      <EntryState entry={entry} /> <At micros={entry.decided_at} />
      {entry.decided_by ? ` by ${entry.decided_by}` : ""}
      {entry.reason ? `: ${entry.reason}` : ""}
    </Note>
  );
}

export function GateDesk({ project, id, ...desk }: DeskProps & { project: string; id: string }) {
  const entry = useQuery(gateEntryQuery(project, id));
  const place = useRef<HTMLElement>(null);
  // Whoever chose an entry goes on with it, and Space flips its pictures instead of choosing it again.
  useEffect(() => place.current?.focus({ preventScroll: true }), []);
  return (
    <section ref={place} tabIndex={-1} className={styles.desk} aria-label="Entry">
      {entry.isPending ? (
        <Loading />
      ) : entry.isError ? (
        <Failed error={entry.error} retry={() => entry.refetch()} />
      ) : entry.data.frames > 0 ? (
        <Desk entry={entry.data} {...desk} />
      ) : (
        <WithoutPictures entry={entry.data} onDone={desk.onDone} />
      )}
    </section>
  );
}

function WithoutPictures({ entry, onDone }: { entry: GateEntry; onDone: () => void }) {
  return (
    <>
      <Empty title="No picture to look at">This entry has no frames. Decide by the report.</Empty>
      <div className="stack">
        <Panel title={entry.name} aside={<EntryState entry={entry} />}>
          <Reasons reasons={entry.reasons} />
          <GateReport report={entry.report} version={entry.protocol_version} />
        </Panel>
        {entry.state === "open" ? <GateDecision entry={entry} onDone={onDone} /> : <Decided entry={entry} />}
      </div>
    </>
  );
}
