/** What reviewers changed in my reads or sent back, how I stand, and a way to speak against it. */
import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type OwnAppeal, type ReturnedWork, returnedQuery, useAppealReview } from "@/api/appeals";
import { count, words as plain } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

const WORDS_MAX_CHARS = 4_000;

const DECISIONS: Record<string, string> = { fix: "Changed by the reviewer", reject: "Sent back" };

const APPEALS: Record<string, { tone: "warn" | "ok" | "dim"; mark: string; word: string }> = {
  open: { tone: "warn", mark: "triangle", word: "A third person decides" },
  overturned: { tone: "ok", mark: "square", word: "Overturned: it does not count" },
  upheld: { tone: "dim", mark: "cross", word: "The review stands" },
};

function Appealed({ appeal }: { appeal: OwnAppeal }) {
  return (
    <FactList
      rows={[
        ["You said", appeal.words],
        ["Decision", appeal.reason ?? null],
        ["Decided", appeal.decided_at ? <At key="at" micros={appeal.decided_at} /> : null],
      ]}
    />
  );
}

function Speak({ work }: { work: ReturnedWork }) {
  const appeal = useAppealReview();
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (words.trim()) appeal.mutate({ review: work.review, words: words.trim() });
  };
  if (!open) {
    return (
      <div className="row">
        <Button variant="default" onClick={() => setOpen(true)}>
          Appeal…
        </Button>
      </div>
    );
  }
  return (
    <form className="stack tight" onSubmit={send}>
      <Textarea
        label="Why your read was right"
        description="A third person decides, who neither made nor reviewed it. You can say this once."
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maxLength={WORDS_MAX_CHARS}
        minRows={2}
        autosize
        data-autofocus
      />
      <Refused error={appeal.error} />
      <div className="row">
        <Button type="submit" loading={appeal.isPending} disabled={!words.trim()}>
          Send the appeal
        </Button>
        <Button variant="default" onClick={() => setOpen(false)}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function One({ work }: { work: ReturnedWork }) {
  const state = work.appeal ? APPEALS[work.appeal.state] : undefined;
  return (
    <Panel
      title={
        <Link to="/items/$itemId" params={{ itemId: work.item }}>
          {work.item_name}
        </Link>
      }
      aside={
        <span className="row tight">
          {state ? (
            <Status tone={state.tone} mark={state.mark}>
              {state.word}
            </Status>
          ) : null}
          <span className="dim">
            {work.project_name} · <At micros={work.at} />
          </span>
        </span>
      }
    >
      <FactList
        rows={[
          ["What happened", DECISIONS[work.decision] ?? work.decision],
          ["Reason", work.reason ? plain(work.reason) : null],
          ["The reviewer says", work.comment ?? null],
          ["Anything missing?", work.missing === "added" ? "Yes, the reviewer added it" : null],
        ]}
      />
      {work.appeal ? <Appealed appeal={work.appeal} /> : <Speak work={work} />}
    </Panel>
  );
}

export default function Returned() {
  const returned = useQuery(returnedQuery);
  if (returned.isPending) return <Loading />;
  if (returned.isError) return <Failed error={returned.error} retry={() => returned.refetch()} />;
  const { reviews, scores } = returned.data;
  return (
    <div className="stack loose">
      <h1>My returned work</h1>
      {scores.length > 0 ? (
        <div className={table.scroll}>
          <table className={table.table} data-testid="scores">
            <thead>
              <tr>
                <th>Project</th>
                <th className="num">Reads checked</th>
                <th className="num">Changed or sent back</th>
              </tr>
            </thead>
            <tbody>
              {scores.map((score) => (
                <tr key={score.project}>
                  <td>{score.project_name}</td>
                  <td className="num">{count(score.checked)}</td>
                  <td className="num">{count(score.wrong)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {reviews.length === 0 ? (
        <Empty title="Nothing came back to you">
          When a reviewer changes a read of yours or sends it back, you see it here and can speak against it.
        </Empty>
      ) : (
        reviews.map((work) => <One key={work.review} work={work} />)
      )}
    </div>
  );
}
