/** Judging the parts of a study: a picture, a question, two keys. Nothing else is shown, and nothing goes back. */
import { Button } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { type StudyTurn, turnImageUrl, useStudies } from "@/api/appraisals";
import { count } from "@/format";
import { At } from "@/parts/bits";
import { FrameViewer } from "@/parts/FrameViewer";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import { useProject } from "./Project";

const KEYS: KeyGroup = {
  title: "Judging",
  keys: [
    { keys: "F", does: "Good" },
    { keys: "J", does: "Bad" },
  ],
};

function Desk({
  project,
  study,
  turn,
  number,
  onTurn,
}: {
  project: string;
  study: string;
  turn: StudyTurn;
  number: number;
  onTurn: (turn: StudyTurn) => void;
}) {
  const { answer } = useStudies(project);
  // Nobody answers what they have not seen yet.
  const [seen, setSeen] = useState(-1);
  const ready = seen === number && !answer.isPending;
  const say = (bad: boolean) => {
    if (ready) answer.mutate({ id: study, number, bad }, { onSuccess: onTurn });
  };
  useKeyHelp(KEYS);
  useKeys({ KeyF: () => say(false), KeyJ: () => say(true) });
  return (
    <section className="stack" aria-label={`Part ${turn.judged + 1} of ${turn.turns}`}>
      <div className="spread">
        <h2>{turn.question}</h2>
        <span className="dim" data-testid="progress">
          trial {turn.trial} of {turn.trials} · {count(turn.judged)} of {count(turn.turns)} judged
        </span>
      </div>
      <progress value={turn.judged} max={turn.turns} aria-label="Judged" style={{ width: "100%" }} />
      <FrameViewer
        key={number}
        url={(frame) => turnImageUrl(study, number, frame)}
        frames={turn.frames}
        label="part"
        onShown={() => setSeen(number)}
      />
      <Refused error={answer.error} />
      <div className="row">
        <Button onClick={() => say(false)} disabled={!ready}>
          Good (F)
        </Button>
        <Button onClick={() => say(true)} disabled={!ready}>
          Bad (J)
        </Button>
        <span className="dim">
          Each answer is final. You learn what came of it when everybody is through.
        </span>
      </div>
    </section>
  );
}

export default function StudyJudge() {
  const project = useProject();
  const { studyId } = useParams({ strict: false }) as { studyId: string };
  const { next } = useStudies(project.id);
  const [turn, setTurn] = useState<StudyTurn | null>(null);
  const { mutate } = next;
  useEffect(() => {
    mutate(studyId, { onSuccess: setTurn });
  }, [mutate, studyId]);
  const back = (
    <Link
      to="/projects/$projectId/quality/studies/$studyId"
      params={{ projectId: project.id, studyId }}
      className="in-text"
    >
      The study
    </Link>
  );
  if (!turn && next.isError)
    return (
      <div className="stack">
        <Failed error={next.error} retry={() => mutate(studyId, { onSuccess: setTurn })} />
        {back}
      </div>
    );
  if (!turn) return <Loading lines={8} />;
  if (turn.number != null && turn.frames > 0)
    return <Desk project={project.id} study={studyId} turn={turn} number={turn.number} onTurn={setTurn} />;
  if (turn.number != null)
    return <Empty title="No picture to look at">Tell whoever planned this study.</Empty>;
  if (turn.rest_until != null)
    return (
      <Empty title={`Trial ${turn.trial - 1} of ${turn.trials} is done`}>
        Rest your eyes: the next one begins at <At micros={turn.rest_until} />.
      </Empty>
    );
  return (
    <Empty title="You are through" action={back}>
      You judged {count(turn.judged)} of {count(turn.turns)}. What came of it is shown once everybody is.
    </Empty>
  );
}
