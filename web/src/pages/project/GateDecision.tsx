/** The decision at the gate, with its reason. A waiver may need two people; the page says whose turn it is. */
import { Button, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { useGateDecision } from "@/api/gate";
import type { GateChoice, GateEntry } from "@/api/types";
import { At, Panel } from "@/parts/bits";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { REASON_MAX_CHARS } from "@/parts/ReasonDialog";
import { Note, Refused } from "@/parts/States";
import styles from "./Gate.module.css";

const KEYS: KeyGroup = {
  title: "Decision",
  keys: [
    { keys: "1…6", does: "Take a ready-made reason" },
    { keys: "T", does: "Type a reason; Escape leaves the field" },
    { keys: "A", does: "Approve, with the reason given" },
    { keys: "R", does: "Reject, with the reason given" },
    { keys: "W", does: "Waive the risk that stays, with the reason given" },
  ],
};

/** Reasons that come up again and again; typing is free besides. */
const REASONS = [
  "No person, text or plate in any frame",
  "Text is technical only",
  "Synthetic or phantom data",
  "Burned-in name or number",
  "Face can be recognised",
  "Plate can be read",
];

function Buttons({
  entry,
  ready,
  pending,
  run,
}: {
  entry: GateEntry;
  ready: boolean;
  pending: boolean;
  run: (decision: GateChoice) => void;
}) {
  const own = entry.waiver?.own ?? false;
  return (
    <div className="row">
      <Button onClick={() => run("approve")} disabled={!ready || entry.needs_waiver} loading={pending}>
        Approve
      </Button>
      <Button color="red" variant="outline" onClick={() => run("reject")} disabled={!ready}>
        Reject
      </Button>
      <Button variant="default" onClick={() => run("waive")} disabled={!ready || own}>
        {entry.waiver ? "Confirm the waiver" : entry.two_person_waiver ? "Open a waiver" : "Waive the risk"}
      </Button>
    </div>
  );
}

export function GateDecision({ entry, onDone }: { entry: GateEntry; onDone: () => void }) {
  const decide = useGateDecision(entry.project);
  const [reason, setReason] = useState("");
  const [hint, setHint] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const ready = reason.trim().length > 0 && !decide.isPending;
  const run = (decision: GateChoice) => {
    if (decide.isPending) return;
    if (!ready) return setHint("Give a reason first: 1 to 6 for a ready-made one, T to type.");
    if (decision === "approve" && entry.needs_waiver)
      return setHint("Looking cannot settle this: waive or reject.");
    setHint("");
    decide.mutate(
      { entry, decision, reason: reason.trim() },
      { onSuccess: (after) => (after?.state === "open" ? setReason("") : onDone()) },
    );
  };
  const presets = Object.fromEntries(
    REASONS.map((text, index) => [`Digit${index + 1}`, () => setReason(text)]),
  );
  useKeyHelp(KEYS);
  useKeys({
    KeyA: () => run("approve"),
    KeyR: () => run("reject"),
    KeyW: () => run("waive"),
    KeyT: () => field.current?.focus(),
    ...presets,
  });
  return (
    <Panel title="Decision">
      {entry.waiver ? (
        <Note tone="warn">
          {entry.waiver.own ? "You" : entry.waiver.by} opened a waiver <At micros={entry.waiver.at} />: “
          {entry.waiver.reason}”.{" "}
          {entry.waiver.own
            ? "Another privacy officer has to confirm it."
            : "It counts only when you confirm it, with a reason of your own."}
        </Note>
      ) : entry.needs_waiver ? (
        <Note tone="warn">
          Looking at the pictures cannot settle this. Reject it, or waive the risk that stays
          {entry.two_person_waiver ? "; a second privacy officer has to confirm a waiver" : ""}.
        </Note>
      ) : null}
      <Textarea
        ref={field}
        label="Reason"
        description="Kept in the evidence log"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        maxLength={REASON_MAX_CHARS}
        minRows={2}
        autosize
      />
      <div className={styles.presets}>
        {REASONS.map((text, index) => (
          <Button key={text} size="compact-xs" variant="default" onClick={() => setReason(text)}>
            {index + 1} · {text}
          </Button>
        ))}
      </div>
      <p role="status" className="dim">
        {hint}
      </p>
      <Refused error={decide.error} />
      <Buttons entry={entry} ready={ready} pending={decide.isPending} run={run} />
    </Panel>
  );
}
