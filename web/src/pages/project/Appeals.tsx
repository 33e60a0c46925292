/** What readers say against reviews: a third person looks at both and decides. Nobody is named. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  type Appeal,
  type AppealCase,
  type AppealChoice,
  appealCaseQuery,
  appealsQuery,
  useDecideAppeal,
} from "@/api/appeals";
import { frameImageUrl } from "@/api/items";
import type { OntologyClass } from "@/api/types";
import { plural, words } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Failed, Loading } from "@/parts/States";
import { MarksOver } from "./appeals/MarksOver";
import { useProject } from "./Project";

const STATES: Record<string, { tone: "warn" | "ok" | "dim"; mark: string; word: string }> = {
  open: { tone: "warn", mark: "triangle", word: "Needs a decision" },
  overturned: { tone: "ok", mark: "square", word: "Overturned" },
  upheld: { tone: "dim", mark: "cross", word: "The review stands" },
};

const ANSWERS: Record<string, string> = { right: "right", fixed: "corrected", wrong: "wrong" };

function answerWords(found: AppealCase): string {
  const counts = new Map<string, number>();
  for (const { verdict } of found.answers) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return [...counts].map(([verdict, n]) => `${n} ${ANSWERS[verdict] ?? verdict}`).join(", ");
}

function Case({ project, appeal, classes }: { project: string; appeal: Appeal; classes: OntologyClass[] }) {
  const found = useQuery(appealCaseQuery(project, appeal.id));
  if (found.isPending) return <Loading lines={4} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const { frame, read, reviewed } = found.data;
  return (
    <div className="stack">
      <FactList
        rows={[
          ["Handed in", plural(read.length, "mark")],
          ["After the review", reviewed ? plural(reviewed.length, "mark") : "sent back"],
          ["Mark by mark", answerWords(found.data) || null],
        ]}
      />
      {frame ? (
        <MarksOver
          url={frameImageUrl(appeal.item, frame.stream, frame.index)}
          frame={frame}
          read={read}
          reviewed={reviewed ?? []}
          classes={classes}
        />
      ) : (
        <p className="dim">No mark lies on a picture: compare them on the page of the item.</p>
      )}
    </div>
  );
}

function One({ project, appeal, classes }: { project: string; appeal: Appeal; classes: OntologyClass[] }) {
  const decide = useDecideAppeal(project);
  const [choice, setChoice] = useState<AppealChoice | null>(null);
  const state = STATES[appeal.state];
  return (
    <Panel
      title={appeal.item_name}
      aside={
        <span className="row tight">
          {state ? (
            <Status tone={state.tone} mark={state.mark}>
              {state.word}
            </Status>
          ) : null}
          <span className="dim">
            <At micros={appeal.at} />
          </span>
        </span>
      }
    >
      <FactList
        rows={[
          ["The reviewer", appeal.decision === "fix" ? "changed the read" : "sent the read back"],
          ["Reason", appeal.review_reason ? words(appeal.review_reason) : null],
          ["The reviewer says", appeal.review_comment ?? null],
          ["The reader says", appeal.words],
          ["Decision", appeal.reason ?? null],
        ]}
      />
      {appeal.state === "open" ? <Case project={project} appeal={appeal} classes={classes} /> : null}
      {appeal.may_decide ? (
        <div className="row">
          <Button onClick={() => setChoice("overturn")}>The read was right…</Button>
          <Button variant="default" onClick={() => setChoice("uphold")}>
            The review stands…
          </Button>
        </div>
      ) : appeal.state === "open" ? (
        <p className="dim">It is about your own read or your own review: a third person decides.</p>
      ) : null}
      <ReasonDialog
        opened={choice !== null}
        title={choice === "overturn" ? "The read was right" : "The review stands"}
        confirm={choice === "overturn" ? "Overturn the review" : "Uphold the review"}
        pending={decide.isPending}
        error={decide.error}
        onClose={() => setChoice(null)}
        onConfirm={({ reason }) =>
          choice &&
          decide.mutate({ appeal: appeal.id, decision: choice, reason }, { onSuccess: () => setChoice(null) })
        }
      >
        <p>
          {choice === "overturn"
            ? "The review no longer counts against the reader. What is in work goes on as it is."
            : "The review goes on counting."}{" "}
          The reader reads your reason.
        </p>
      </ReasonDialog>
    </Panel>
  );
}

export default function Appeals() {
  const project = useProject();
  const appeals = useQuery(appealsQuery(project.id));
  if (appeals.isPending) return <Loading />;
  if (appeals.isError) return <Failed error={appeals.error} retry={() => appeals.refetch()} />;
  if (appeals.data.length === 0) {
    return (
      <Empty title="Nobody has appealed">
        A reader whose work was changed or sent back may say why it was right. A third person decides here.
      </Empty>
    );
  }
  return (
    <div className="stack loose">
      {appeals.data.map((appeal) => (
        <One key={appeal.id} project={project.id} appeal={appeal} classes={project.protocol.classes} />
      ))}
    </div>
  );
}
