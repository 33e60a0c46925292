import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { DisputedFinding, DisputedSide } from "@/api/types";
import { CANNOT_ASSESS, reasonWords, unclearWords } from "@/canvas/answers";
import type { Annotation } from "@/canvas/types";
import type { Arbitration, Shown } from "./arbitration";
import { differenceWords } from "./arbitration";
import { useEditor, useSession } from "./hooks";
import type { HostHandle } from "./host";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";

const SideBySide = lazy(() => import("./SideBySide"));

interface Props {
  arbitration: Arbitration;
  session: WorkSession;
  handle: HostHandle | null;
}

/** What readers differ about, one finding after the other, with what each of them says. Nobody is named. */
export function ArbitrationPanel({ arbitration, session, handle }: Props) {
  useSession(session);
  useEditor(session.editor);
  const { findings, readers, agreed } = arbitration;
  const open = arbitration.open().length;
  const [beside, setBeside] = useState(false);
  return (
    <section
      className={side.review}
      aria-label="Findings that the readers differ about"
      data-testid="arbitration"
    >
      <h3>
        The readers differ about {findings.length === 1 ? "one finding" : `${findings.length} findings`}
      </h3>
      <p className="dim">
        {readers} people read this without knowing of each other. They agree on {agreed}; those marks are in
        your read already. Look at the image before you look at theirs.
      </p>
      <progress
        value={findings.length - open}
        max={Math.max(1, findings.length)}
        aria-label="Findings decided"
      />
      <p data-testid="arbitration-count">
        {findings.length - open} of {findings.length} decided
      </p>
      <ShowSwitch arbitration={arbitration} readers={readers} />
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => setBeside(true)}
        disabled={findings.length === 0}
        data-testid="beside-open"
      >
        Side by side
      </Button>
      {beside ? (
        <Suspense fallback={null}>
          <SideBySide
            opened
            onClose={() => setBeside(false)}
            arbitration={arbitration}
            session={session}
            handle={handle}
          />
        </Suspense>
      ) : null}
      <ol className={side.disputes}>
        {findings.map((finding, index) => (
          <FindingRow
            // A comparison never changes: its findings stay in their places.
            key={`${finding.sides[0]?.mark.id ?? index}`}
            finding={finding}
            index={index}
            arbitration={arbitration}
            session={session}
            handle={handle}
          />
        ))}
      </ol>
    </section>
  );
}

/** Whose marks lie over the picture. */
function ShowSwitch({ arbitration, readers }: { arbitration: Arbitration; readers: number }) {
  const entries: { value: Shown; label: string }[] = [
    { value: "all", label: "All readers" },
    ...Array.from({ length: readers }, (_, n) => ({ value: n + 1, label: `Reader ${n + 1}` })),
    { value: "none", label: "None" },
  ];
  return (
    <fieldset className={side.shown} aria-label="Whose marks are shown">
      {entries.map((entry) => (
        <button
          key={entry.label}
          type="button"
          className={styles.plain}
          aria-pressed={arbitration.shown === entry.value}
          onClick={() => arbitration.show(entry.value)}
          data-testid={`show-${entry.value}`}
        >
          {entry.label}
        </button>
      ))}
    </fieldset>
  );
}

function FindingRow(props: Props & { finding: DisputedFinding; index: number }) {
  const { finding, index, arbitration, session, handle } = props;
  const choice = arbitration.choice(index);
  const silent = arbitration.readers - finding.sides.length;
  const cannot = finding.sides.some((one) => one.mark.class === CANNOT_ASSESS);
  const className = (id: string) => session.editor.classOf(id)?.name ?? id;
  return (
    <li
      data-testid={`dispute-${index}`}
      data-decided={choice !== null}
      aria-current={arbitration.current === index ? "true" : undefined}
    >
      <button
        type="button"
        className={styles.inline}
        onClick={() => arbitration.look(index, (annotation) => handle?.reveal(annotation))}
      >
        {className(finding.sides[0]?.mark.class ?? "")}
        {frameWord(finding.sides[0])}
      </button>
      <span className="dim">
        {" "}
        {cannot ? "not all could assess it" : differenceWords(finding.differences)}
      </span>
      {finding.overlap !== null && finding.overlap !== undefined && finding.sides.length > 1 ? (
        <span className="dim"> · overlap {(finding.overlap * 100).toFixed(0)} %</span>
      ) : null}
      <div className={side.choices}>
        {finding.sides.map((one) => (
          <button
            key={one.reader}
            type="button"
            className={styles.plain}
            aria-pressed={choice?.kind === "taken" && choice.reader === one.reader}
            onClick={() => arbitration.take(index, one.reader)}
            data-testid={`take-${index}-${one.reader}`}
            title={`Take the mark of reader ${one.reader} over as your own`}
          >
            Reader {one.reader}: {className(one.mark.class)}
            {answers(one)}
          </button>
        ))}
        {finding.sides.length > 1 && !cannot ? (
          <button
            type="button"
            className={styles.plain}
            aria-pressed={choice?.kind === "merged"}
            onClick={() =>
              void session.mergeSides(
                index,
                finding.sides.map((one) => one.reader),
              )
            }
            data-testid={`merge-${index}`}
            title="Take their marks over as one, merged by the protocol's rule"
          >
            Merged
          </button>
        ) : null}
        <button
          type="button"
          className={styles.plain}
          aria-pressed={choice?.kind === "nothing"}
          onClick={() => arbitration.leaveEmpty(index)}
          data-testid={`nothing-${index}`}
          title={cannot ? "It can be assessed" : "Nothing is there"}
        >
          {cannot ? "It can be assessed" : "Nothing there"}
          {silent > 0 ? ` (${silent} ${silent === 1 ? "reader" : "readers"})` : ""}
        </button>
        <button
          type="button"
          className={styles.plain}
          aria-pressed={choice?.kind === "drawn"}
          onClick={() => arbitration.drawn(index)}
          data-testid={`drawn-${index}`}
          title="Your own marks say what is there"
        >
          I drew it
        </button>
      </div>
    </li>
  );
}

function frameWord(one: DisputedSide | undefined): string {
  return one?.mark.frame ? `, frame ${one.mark.frame.index + 1}` : "";
}

/** The answers of a mark, briefly: where readers differ in nothing else they are what is decided about. */
function answers(one: DisputedSide): string {
  if (one.mark.class === CANNOT_ASSESS)
    return ` (${reasonWords(one.mark.attributes as Annotation["attributes"])})`;
  const said = Object.values(one.mark.attributes ?? {}).map(String);
  if (one.mark.unclear) said.push(unclearWords(one.mark.unclear));
  const related = one.mark.relations?.length ?? 0;
  if (related > 0) said.push(related === 1 ? "one relation" : `${related} relations`);
  return said.length > 0 ? ` (${said.join(", ")})` : "";
}
