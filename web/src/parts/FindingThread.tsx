/** One finding with what people say to it, and what the reader may do about it. */
import { Button, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Finding, useFindingActions } from "@/api/findings";
import { At, Status } from "./bits";
import styles from "./FindingThread.module.css";
import { Refused } from "./States";

const WORDS_MAX_CHARS = 4_000;

const STATES = {
  open: { tone: "warn", mark: "triangle", word: "Open" },
  answered: { tone: "live", mark: "diamond", word: "Answered" },
  resolved: { tone: "ok", mark: "square", word: "Resolved" },
} as const;

const DID: Record<string, string> = {
  opened: "",
  replied: "",
  resolved: "resolved it",
  reopened: "opened it again",
};

export function FindingState({ finding }: { finding: Finding }) {
  const state = STATES[finding.state as keyof typeof STATES] ?? STATES.open;
  return (
    <Status tone={state.tone} mark={state.mark}>
      {state.word}
      {finding.severity === "blocking" && finding.state !== "resolved" ? ", blocks" : ""}
    </Status>
  );
}

function placeWords(finding: Finding): string {
  const parts = [];
  if (finding.annotation) parts.push("on an object");
  if (finding.frame) parts.push(`frame ${finding.frame.index + 1}`);
  return parts.join(", ") || "about the whole item";
}

export function FindingThread({ finding }: { finding: Finding }) {
  const { reply, resolve, reopen } = useFindingActions(finding.item);
  const [words, setWords] = useState("");
  const done = finding.state === "resolved";
  const said = words.trim();
  const clear = { onSuccess: () => setWords("") };
  const busy = reply.isPending || resolve.isPending || reopen.isPending;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!said) return;
    if (done) reopen.mutate({ id: finding.id, words: said }, clear);
    else reply.mutate({ id: finding.id, words: said }, clear);
  };
  const speaks = done ? finding.may_resolve : finding.may_reply;
  return (
    <div className={styles.thread} data-testid={`thread-${finding.number}`}>
      <p className="dim">
        {placeWords(finding)}
        {finding.only_mine ? " · only you see it until everybody has read the item" : ""}
      </p>
      <ol className={styles.notes}>
        {finding.notes.map((note, index) => (
          // Notes are only ever added: each stays in its place.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={index}>
            <strong>{note.mine ? "You" : (note.by ?? "A colleague")}</strong>{" "}
            <span className="dim">
              {DID[note.act] ?? note.act} <At micros={note.at} />
            </span>
            {note.words ? <p>{note.words}</p> : null}
          </li>
        ))}
      </ol>
      {speaks ? (
        <form className="stack tight" onSubmit={send}>
          <Textarea
            label={done ? "Why it is open again" : "Your answer"}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
            }}
            maxLength={WORDS_MAX_CHARS}
            minRows={2}
            autosize
          />
          <Refused error={reply.error ?? resolve.error ?? reopen.error} />
          <div className="row">
            <Button type="submit" variant="default" size="compact-sm" disabled={!said} loading={busy}>
              {done ? "Open again" : "Answer"}
            </Button>
            {finding.may_resolve && !done ? (
              <Button
                size="compact-sm"
                onClick={() => resolve.mutate({ id: finding.id, words: said }, clear)}
                loading={busy}
              >
                Resolve
              </Button>
            ) : null}
          </div>
        </form>
      ) : null}
    </div>
  );
}
