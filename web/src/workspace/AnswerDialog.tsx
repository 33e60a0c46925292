import { Button, Modal, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { ANSWER_CHARS_MAX, isAnswer, NOT_ASSESSED, type NotAssessed, putOut } from "@/canvas/answers";
import type { FrameRef } from "@/canvas/types";
import { plural } from "@/format";
import { Refused } from "@/parts/States";
import side from "./Side.module.css";
import type { WorkSession } from "./session";

interface Props {
  opened: boolean;
  onClose: () => void;
  busy: boolean;
  error: unknown;
  session: WorkSession;
  /** Gives the answer, and hands the read in with it where that is asked for. */
  onAnswer: (frame: FrameRef | null, reason: NotAssessed, text: string, handIn: boolean) => void;
}

/** "Cannot assess" is an answer of the read, with a reason: of the whole item, or of the frame on screen. */
export function AnswerDialog({ opened, onClose, busy, error, session, onAnswer }: Props) {
  const { editor, mode } = session;
  const [onFrame, setOnFrame] = useState(false);
  const [reason, setReason] = useState<NotAssessed | "">("");
  const [text, setText] = useState("");
  useEffect(() => {
    if (opened) return;
    setOnFrame(false);
    setReason("");
    setText("");
  }, [opened]);
  const frame = onFrame ? editor.frame : null;
  const several = session.work.item.streams.some((stream) => stream.frames.length > 1);
  const gone = opened ? putOut(editor, frame).filter((one) => !isAnswer(one)).length : 0;
  const ready = reason !== "" && (reason !== "other" || text.trim() !== "");
  const give = (handIn: boolean) => {
    if (reason !== "" && ready) onAnswer(frame, reason, text, handIn);
  };
  const handsIn = mode === "read" && !frame;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Cannot assess"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          give(handsIn);
        }}
      >
        <p>
          This is an answer, better than a guess: it is kept, compared, signed and released with the read, and
          counts as no empty one.
        </p>
        {several && editor.frame ? (
          <fieldset className={side.reasons}>
            <legend>What cannot be assessed?</legend>
            <label>
              <input
                type="radio"
                name="answer-place"
                checked={!onFrame}
                onChange={() => setOnFrame(false)}
                data-testid="answer-item"
              />
              The whole item
            </label>
            <label>
              <input
                type="radio"
                name="answer-place"
                checked={onFrame}
                onChange={() => setOnFrame(true)}
                data-testid="answer-frame"
              />
              Only the frame on screen ({editor.frame.index + 1})
            </label>
          </fieldset>
        ) : null}
        <fieldset className={side.reasons}>
          <legend>Why?</legend>
          {NOT_ASSESSED.map((entry) => (
            <label key={entry.code}>
              <input
                type="radio"
                name="answer-reason"
                checked={reason === entry.code}
                onChange={() => setReason(entry.code)}
                data-testid={`answer-${entry.code}`}
              />
              {entry.label}
            </label>
          ))}
        </fieldset>
        <Textarea
          label="In your words"
          description={reason === "other" ? "Needed for “something else”" : "Kept with the answer"}
          value={text}
          maxLength={ANSWER_CHARS_MAX}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          minRows={2}
          data-testid="answer-text"
        />
        {gone > 0 ? (
          <p role="note" data-testid="answer-gone">
            {plural(gone, "mark")} there {gone === 1 ? "is" : "are"} taken out of your read. Undo brings{" "}
            {gone === 1 ? "it" : "them"} back.
          </p>
        ) : null}
        <Refused error={error} />
        <div className={side.buttons}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {handsIn ? (
            <Button variant="default" disabled={!ready} onClick={() => give(false)} data-testid="answer-give">
              Answer
            </Button>
          ) : null}
          <Button
            type="submit"
            disabled={!ready}
            loading={busy}
            data-testid={handsIn ? "answer-hand-in" : "answer-give"}
          >
            {handsIn ? "Answer and hand in" : "Answer"}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
