/** The finding that is decided about, as two of the readers drew it, beside each other. Nobody is named. */
import { Button, Modal } from "@mantine/core";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { READ_COLORS } from "@/canvas/compare-view";
import { shapeBounds } from "@/canvas/geometry";
import type { FrameRef } from "@/canvas/types";
import { ReadPictures } from "@/parts/ReadPictures";
import type { Arbitration } from "./arbitration";
import { differenceWords } from "./arbitration";
import { useSession } from "./hooks";
import type { HostHandle } from "./host";
import side from "./Side.module.css";
import type { WorkSession } from "./session";

interface Props {
  opened: boolean;
  onClose: () => void;
  arbitration: Arbitration;
  session: WorkSession;
  handle: HostHandle | null;
}

export default function SideBySide(props: Props) {
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title="The readers beside each other"
      size="min(1400px, 96vw)"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Beside {...props} />
    </Modal>
  );
}

function Beside({ arbitration, session, handle }: Props) {
  useSession(session);
  const [[left, right], setReaders] = useState<[number, number]>([1, 2]);
  const { current, findings, readers } = arbitration;
  const finding = findings[current];
  const match = useMemo(() => arbitration.match(current, left, right), [arbitration, current, left, right]);
  const marks = finding?.sides.map((one) => one.mark) ?? [];
  const place = marks[0]?.frame ?? { stream: 0, index: 0 };
  const [frame, setFrame] = useState<FrameRef>(place);
  // Another finding lies elsewhere; what was scrolled to before is nothing to it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the place is that of the finding
  useEffect(() => setFrame(place), [current]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the marks are those of the finding
  const region = useMemo(() => {
    const boxes = marks.map((mark) => shapeBounds(mark.shape as never)).filter((box) => box !== null);
    if (boxes.length === 0) return null;
    return {
      minX: Math.min(...boxes.map((box) => box.minX)),
      minY: Math.min(...boxes.map((box) => box.minY)),
      maxX: Math.max(...boxes.map((box) => box.maxX)),
      maxY: Math.max(...boxes.map((box) => box.maxY)),
    };
  }, [current]);
  const step = (by: number) => arbitration.step(by, (annotation) => handle?.reveal(annotation));
  useDialogKeys({
    KeyN: () => step(1),
    KeyP: () => step(-1),
    Digit0: () => arbitration.leaveEmpty(current),
    Digit1: () => arbitration.take(current, left),
    Digit2: () => arbitration.take(current, right),
    Digit3: () => void session.mergeSides(current, [left, right]),
  });
  if (!finding || !match) return null;
  return (
    <div className="stack" data-testid="beside">
      <p data-testid="beside-place">
        Finding {current + 1} of {findings.length}: {differenceWords(finding.differences)}
      </p>
      <div className={side.besideNames}>
        <ReaderName mark="solid" color={READ_COLORS.a} reader={left} says={says(session, match.a)}>
          {readers > 2 ? (
            <ReaderSelect
              label="Left"
              readers={readers}
              value={left}
              onChange={(n) => setReaders([n, right])}
            />
          ) : null}
        </ReaderName>
        <ReaderName mark="dashed" color={READ_COLORS.b} reader={right} says={says(session, match.b)}>
          {readers > 2 ? (
            <ReaderSelect
              label="Right"
              readers={readers}
              value={right}
              onChange={(n) => setReaders([left, n])}
            />
          ) : null}
        </ReaderName>
      </div>
      <ReadPictures
        key={`${left} ${right}`}
        item={session.work.item}
        names={[`Reader ${left}`, `Reader ${right}`]}
        frame={frame}
        view="beside"
        matches={[match]}
        region={region}
        onFrame={setFrame}
      />
      <Deciding
        arbitration={arbitration}
        session={session}
        left={left}
        right={right}
        match={match}
        onStep={step}
      />
    </div>
  );
}

/** Keys while the dialogue is open, wherever the focus is: a button that becomes idle loses it. */
function useDialogKeys(keys: Record<string, () => void>) {
  const latest = useRef(keys);
  useLayoutEffect(() => {
    latest.current = keys;
  });
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const run = event.ctrlKey || event.altKey || event.metaKey ? undefined : latest.current[event.code];
      const field = event.target instanceof HTMLElement && ["SELECT", "INPUT"].includes(event.target.tagName);
      if (!run || field) return;
      event.preventDefault();
      // The workspace behind has keys of its own.
      event.stopPropagation();
      run();
    };
    window.addEventListener("keydown", onKey, true);
    return () => window.removeEventListener("keydown", onKey, true);
  }, []);
}

function Deciding(props: {
  arbitration: Arbitration;
  session: WorkSession;
  left: number;
  right: number;
  match: NonNullable<ReturnType<Arbitration["match"]>>;
  onStep: (by: number) => void;
}) {
  const { arbitration, session, left, right, match, onStep } = props;
  const { current, findings } = arbitration;
  const choice = arbitration.choice(current);
  const taken = (reader: number) => choice?.kind === "taken" && choice.reader === reader;
  const look = (pressed: boolean) => (pressed ? "filled" : "default");
  return (
    <div className={side.besideChoices}>
      <Button size="compact-sm" variant="default" disabled={current === 0} onClick={() => onStep(-1)}>
        Before (P)
      </Button>
      <Button
        size="compact-sm"
        variant={look(taken(left))}
        aria-pressed={taken(left)}
        disabled={!match.a}
        onClick={() => arbitration.take(current, left)}
        data-testid="beside-left"
        data-autofocus
      >
        Take reader {left} (1)
      </Button>
      <Button
        size="compact-sm"
        variant={look(taken(right))}
        aria-pressed={taken(right)}
        disabled={!match.b}
        onClick={() => arbitration.take(current, right)}
        data-testid="beside-right"
      >
        Take reader {right} (2)
      </Button>
      <Button
        size="compact-sm"
        variant={look(choice?.kind === "merged")}
        aria-pressed={choice?.kind === "merged"}
        disabled={!match.a || !match.b}
        onClick={() => void session.mergeSides(current, [left, right])}
        data-testid="beside-merge"
      >
        Merge both (3)
      </Button>
      <Button
        size="compact-sm"
        variant={look(choice?.kind === "nothing")}
        aria-pressed={choice?.kind === "nothing"}
        onClick={() => arbitration.leaveEmpty(current)}
      >
        Nothing there (0)
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        disabled={current === findings.length - 1}
        onClick={() => onStep(1)}
      >
        Next (N)
      </Button>
    </div>
  );
}

function ReaderName(props: {
  mark: "solid" | "dashed";
  color: string;
  reader: number;
  says: string;
  children: React.ReactNode;
}) {
  return (
    <div className={side.besideName}>
      <i style={{ borderColor: props.color, borderStyle: props.mark }} aria-hidden="true" />
      {props.children ?? <strong>Reader {props.reader}</strong>}
      <span className="dim">{props.says}</span>
    </div>
  );
}

function ReaderSelect(props: {
  label: string;
  readers: number;
  value: number;
  onChange: (reader: number) => void;
}) {
  const everybody = Array.from({ length: props.readers }, (_, n) => n + 1);
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(Number(event.currentTarget.value))}
    >
      {everybody.map((reader) => (
        <option key={reader} value={reader}>
          Reader {reader}
        </option>
      ))}
    </select>
  );
}

/** What a reader says: the class and the answers, or that they saw nothing. */
function says(
  session: WorkSession,
  mark: { class: string; attributes?: Record<string, unknown> } | null,
): string {
  if (!mark) return "saw nothing here";
  const name = session.editor.classOf(mark.class)?.name ?? mark.class;
  const answers = Object.values(mark.attributes ?? {}).map(String);
  return answers.length > 0 ? `${name} (${answers.join(", ")})` : name;
}
