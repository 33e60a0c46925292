/** What somebody is told of their own work: what was found, what its errors have in common, an example, a way to answer. */
import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Alarm, feedbackQuery, useAppeal } from "@/api/quality";
import { plural } from "@/format";
import { At, Panel, Status } from "./bits";
import { exampleWords, foundWords, patternWords } from "./feedback-words";
import { Refused } from "./States";
import { WorkedExample } from "./WorkedExample";

const WORDS_MAX_CHARS = 2_000;
/** How long a decision is shown, microseconds. */
const SHOWN_MICROS = 7 * 24 * 3_600 * 1_000_000;

export function stateWords(state: string): string {
  const words: Record<string, string> = {
    open: "waits for a decision",
    appealed: "your answer was sent; somebody who had no part in it decides",
    upheld: "decided: it stands",
    dismissed: "decided: it was a false alarm, and no longer counts",
  };
  return words[state] ?? state;
}

function Answer({ alarm }: { alarm: Alarm }) {
  const appeal = useAppeal();
  const [words, setWords] = useState("");
  return (
    <form
      className="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        if (words.trim()) appeal.mutate({ alarm: alarm.id, words: words.trim() });
      }}
    >
      <Textarea
        label="What you say to it"
        description="Read by whoever decides: somebody who neither made nor checked this work"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maxLength={WORDS_MAX_CHARS}
        autosize
      />
      <Refused error={appeal.error} />
      <div className="row">
        <Button type="submit" variant="default" loading={appeal.isPending} disabled={!words.trim()}>
          Send your answer
        </Button>
      </div>
    </form>
  );
}

export function FeedbackCard({ alarm }: { alarm: Alarm }) {
  const open = alarm.state === "open" || alarm.state === "appealed";
  return (
    <Panel
      title={`About your work in ${alarm.project_name}`}
      aside={
        <Status tone={open ? "warn" : "dim"} mark={open ? "triangle" : "square"}>
          {stateWords(alarm.state)}
        </Status>
      }
    >
      <p>
        {foundWords(alarm)}, more than is usual here on such items. What you handed in since{" "}
        <At micros={alarm.since_at} /> waits until somebody has looked at it ({plural(alarm.held, "item")}).
        Nothing else follows from a number: a person decides.
      </p>
      {alarm.patterns.length > 0 ? (
        <ul>
          {alarm.patterns.map((pattern) => (
            <li key={`${pattern.right} ${pattern.said}`}>{patternWords(pattern, alarm.stream)}</li>
          ))}
        </ul>
      ) : null}
      {alarm.worked ? <WorkedExample alarm={alarm} worked={alarm.worked} /> : null}
      <div className="row">
        {alarm.example ? (
          <Link to="/items/$itemId" params={{ itemId: alarm.example }}>
            {exampleWords(alarm.stream)}: {alarm.example_name}
          </Link>
        ) : null}
        <Link to="/projects/$projectId/protocol" params={{ projectId: alarm.project }}>
          Read the guideline
        </Link>
      </div>
      {alarm.appeal ? <p className="dim">You said: “{alarm.appeal}”</p> : null}
      {alarm.reason ? (
        <p>
          {alarm.decided_by}: “{alarm.reason}”
        </p>
      ) : null}
      {alarm.state === "open" ? <Answer alarm={alarm} /> : null}
    </Panel>
  );
}

/** Cards that somebody has to see: what is open, and what was decided lately. */
export function Feedback() {
  const feedback = useQuery(feedbackQuery);
  const now = Date.now() * 1_000;
  const shown = (feedback.data ?? []).filter(
    (alarm) => !alarm.decided_at || alarm.decided_at > now - SHOWN_MICROS,
  );
  return shown.map((alarm) => <FeedbackCard key={alarm.id} alarm={alarm} />);
}
