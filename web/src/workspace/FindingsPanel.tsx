import { Button, Textarea } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type Finding, type FindingSeverity, useFindingActions } from "@/api/findings";
import { keyHint } from "@/canvas/keymap";
import { FindingState, FindingThread } from "@/parts/FindingThread";
import { Refused } from "@/parts/States";
import { useKeyMap } from "./hooks";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import type { Findings, Place } from "./useFindings";

const WORDS_MAX_CHARS = 4_000;

/** Questions and defects of the item in work: who asks what, where, and what stands in the way of accepting. */
export function FindingsPanel({ findings, session }: { findings: Findings; session: WorkSession }) {
  const keyMap = useKeyMap();
  const { list, writing } = findings;
  const blocking = list.filter((one) => one.severity === "blocking" && one.state !== "resolved").length;
  return (
    <section className={side.review} aria-label="Findings" data-testid="findings">
      {writing ? (
        <NewFinding key={JSON.stringify(writing)} place={writing} session={session} findings={findings} />
      ) : (
        <div className="row">
          <Button size="compact-sm" variant="default" onClick={findings.begin} data-testid="finding-new">
            Pin a finding
          </Button>
          <span className="dim">
            <kbd>{keyHint(keyMap, "finding.new")}</kbd> at the pointer ·{" "}
            <kbd>{keyHint(keyMap, "finding.previous")}</kbd> <kbd>{keyHint(keyMap, "finding.next")}</kbd>{" "}
            through them
          </span>
        </div>
      )}
      <Refused error={findings.error} />
      {blocking > 0 ? (
        <p className={side.fixed} data-testid="blocked">
          {blocking === 1 ? "One finding blocks" : `${blocking} findings block`} this item: nobody accepts or
          signs it before {blocking === 1 ? "it is" : "they are"} resolved.
        </p>
      ) : null}
      {list.length === 0 ? <p className="dim">Nobody has asked anything about this item.</p> : null}
      <ul className={side.findings}>
        {list.map((finding) => (
          <Row key={finding.id} finding={finding} findings={findings} />
        ))}
      </ul>
    </section>
  );
}

function Row({ finding, findings }: { finding: Finding; findings: Findings }) {
  const open = findings.current === finding.id;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const head = button.current;
    const panel = head?.closest<HTMLElement>("[role=tabpanel]");
    if (!open || !head || !panel) return;
    // Only the panel scrolls: whatever is around it stays where it is.
    const [row, room] = [head.getBoundingClientRect(), panel.getBoundingClientRect()];
    if (row.top < room.top || row.bottom > room.bottom) panel.scrollTop += row.top - room.top;
  }, [open]);
  return (
    <li>
      <button
        ref={button}
        type="button"
        className={side.findingHead}
        aria-expanded={open}
        onClick={() => findings.choose(finding.id)}
        data-testid={`finding-${finding.number}`}
      >
        <span className={side.findingNumber}>{finding.number}</span>
        <span className={side.findingWords}>{finding.notes[0]?.words}</span>
        <FindingState finding={finding} />
      </button>
      {open ? <FindingThread finding={finding} /> : null}
    </li>
  );
}

function NewFinding({
  place,
  session,
  findings,
}: {
  place: Place;
  session: WorkSession;
  findings: Findings;
}) {
  const { open } = useFindingActions(session.work.item.id);
  const [words, setWords] = useState("");
  const [severity, setSeverity] = useState<FindingSeverity>("blocking");
  const [whole, setWhole] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const send = (event: FormEvent) => {
    event.preventDefault();
    const said = words.trim();
    if (!said) return;
    const where = whole ? { frame: null, point: null, annotation: null } : place;
    open.mutate({ severity, words: said, ...where }, { onSuccess: () => findings.cancel() });
  };
  const about = place.annotation
    ? "the object that is selected"
    : place.point
      ? "the place under the pointer"
      : "this frame";
  return (
    <form className="stack tight" onSubmit={send} aria-label="New finding">
      <Textarea
        ref={field}
        label="What is it?"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
          if (event.key === "Escape") findings.cancel();
        }}
        maxLength={WORDS_MAX_CHARS}
        minRows={2}
        autosize
        data-testid="finding-words"
      />
      <fieldset>
        <legend>Does it stand in the way?</legend>
        <label>
          <input
            type="radio"
            name="severity"
            checked={severity === "blocking"}
            onChange={() => setSeverity("blocking")}
          />
          Yes: nobody accepts or signs before it is resolved
        </label>
        <label>
          <input
            type="radio"
            name="severity"
            checked={severity === "note"}
            onChange={() => setSeverity("note")}
          />
          No, a note
        </label>
      </fieldset>
      <label>
        <input type="checkbox" checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} />
        About the whole item, not {about}
      </label>
      <Refused error={open.error} />
      <div className={side.buttons}>
        <Button size="compact-sm" variant="default" onClick={findings.cancel}>
          Cancel
        </Button>
        <Button
          size="compact-sm"
          type="submit"
          disabled={!words.trim()}
          loading={open.isPending}
          data-testid="finding-pin"
        >
          Pin it
        </Button>
      </div>
    </form>
  );
}
