import { Button, Modal, PasswordInput, Textarea } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { useMe } from "@/api/session";
import type { ReturnTo } from "@/api/types";
import { utc } from "@/format";
import { Refused } from "@/parts/States";
import side from "./Side.module.css";
import type { WorkSession } from "./session";
import styles from "./Workspace.module.css";
import type { unanswered } from "./work";

export const REJECT_REASONS = [
  { code: "missed_finding", label: "Something is missing" },
  { code: "false_mark", label: "A mark where there is nothing" },
  { code: "wrong_class", label: "Wrong class" },
  { code: "wrong_outline", label: "Wrong place or outline" },
  { code: "wrong_attribute", label: "Wrong attribute" },
  { code: "guideline", label: "Not done as the guideline says" },
  { code: "other", label: "Something else" },
] as const;

const RETURNS: { code: ReturnTo; label: string }[] = [
  { code: "same_person", label: "The person who drew it, from where they were" },
  { code: "another_person", label: "Another person, from the beginning" },
];

export const RULING_REASONS = [
  { code: "ambiguous_guideline", label: "The guideline can be read both ways" },
  { code: "perceptual_miss", label: "One of them did not see it" },
  { code: "interpretation", label: "They saw the same and named it differently" },
  { code: "boundary", label: "They drew its edge differently" },
  { code: "technique", label: "Image quality or technique" },
  { code: "tool_error", label: "A slip with the tool" },
  { code: "other", label: "Something else" },
] as const;

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  busy: boolean;
  error: unknown;
}

function Dialog({
  title,
  opened,
  onClose,
  children,
}: {
  title: string;
  opened: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <div className="stack">{children}</div>
    </Modal>
  );
}

function Buttons({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  return (
    <div className={side.buttons}>
      <Button variant="default" onClick={onClose}>
        Cancel
      </Button>
      {children}
    </div>
  );
}

/** What still has no answer: the way to it is one click. */
export function OpenAnswers(
  props: Omit<DialogProps, "busy" | "error"> & {
    session: WorkSession;
    open: ReturnType<typeof unanswered>;
    onGo: (id: string) => void;
  },
) {
  const { session, open } = props;
  return (
    <Dialog title="Some answers are missing" opened={props.opened} onClose={props.onClose}>
      <p>These are required by the protocol before the work can be handed in.</p>
      <ul className={side.openList} data-testid="open-answers">
        {open.slice(0, 20).map(({ annotation, attribute }) => (
          <li key={`${annotation.id}/${attribute.id}`}>
            <button type="button" className={styles.inline} onClick={() => props.onGo(annotation.id)}>
              {session.editor.classOf(annotation.class)?.name ?? annotation.class}
              {annotation.frame ? `, frame ${annotation.frame.index + 1}` : ""}
            </button>
            : {attribute.name}
          </li>
        ))}
      </ul>
      {open.length > 20 ? <p>and {open.length - 20} more</p> : null}
    </Dialog>
  );
}

/** Handing in as unclear: the work goes on to the next stage with the doubt said aloud. */
export function UnclearDialog(props: DialogProps & { onConfirm: () => void }) {
  return (
    <Dialog title="Hand in as unclear?" opened={props.opened} onClose={props.onClose}>
      <p>
        Use this when the guideline does not tell what to do here. Your marks are handed in as they are, and
        the item is noted as unclear.
      </p>
      <Refused error={props.error} />
      <Buttons onClose={props.onClose}>
        <Button onClick={props.onConfirm} loading={props.busy} data-testid="unclear-confirm">
          Hand in as unclear
        </Button>
      </Buttons>
    </Dialog>
  );
}

/** A rejection: why, in words, with the password at a signing stage, and to whom where that may be chosen. */
export interface Rejection {
  reason: string;
  comment: string;
  password: string;
  returnTo: ReturnTo | null;
}

/** Sending back: to the person who drew, with a reason that they can act on. At a signing stage it is signed too. */
export function RejectDialog(
  props: DialogProps & {
    withPassword: boolean;
    /** The protocol lets the person say to whom it goes back. */
    choosesWho: boolean;
    onConfirm: (rejection: Rejection) => void;
  },
) {
  const [reason, setReason] = useState("");
  const [comment, setComment] = useState("");
  const [password, setPassword] = useState("");
  const [returnTo, setReturnTo] = useState<ReturnTo | null>(null);
  useEffect(() => {
    if (!props.opened) setPassword("");
  }, [props.opened]);
  const ready =
    (!props.choosesWho || returnTo !== null) &&
    reason !== "" &&
    (reason !== "other" || comment.trim() !== "") &&
    (!props.withPassword || password !== "");
  return (
    <Dialog title="Send back" opened={props.opened} onClose={props.onClose}>
      <fieldset className={side.reasons}>
        <legend>Why?</legend>
        {REJECT_REASONS.map((entry) => (
          <label key={entry.code}>
            <input
              type="radio"
              name="reason"
              value={entry.code}
              checked={reason === entry.code}
              onChange={() => setReason(entry.code)}
              data-testid={`reason-${entry.code}`}
            />
            {entry.label}
          </label>
        ))}
      </fieldset>
      <Textarea
        label="What should be different"
        description={reason === "other" ? "Needed for “something else”" : "Seen by the person who drew it"}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
        autosize
        minRows={2}
        data-testid="reject-comment"
      />
      {props.choosesWho ? (
        <fieldset className={side.reasons}>
          <legend>Who does it again?</legend>
          {RETURNS.map((entry) => (
            <label key={entry.code}>
              <input
                type="radio"
                name="return-to"
                value={entry.code}
                checked={returnTo === entry.code}
                onChange={() => setReturnTo(entry.code)}
                data-testid={`return-${entry.code}`}
              />
              {entry.label}
            </label>
          ))}
        </fieldset>
      ) : null}
      {props.withPassword ? (
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-testid="reject-password"
        />
      ) : null}
      <Refused error={props.error} />
      <Buttons onClose={props.onClose}>
        <Button
          color="red"
          disabled={!ready}
          loading={props.busy}
          onClick={() =>
            props.onConfirm({
              reason,
              comment: comment.trim(),
              password,
              returnTo: props.choosesWho ? returnTo : null,
            })
          }
          data-testid="reject-confirm"
        >
          Send back
        </Button>
      </Buttons>
    </Dialog>
  );
}

/** Deciding between reads, or handing the decision on: either way with a reason, which tells of unclear instructions. */
export function AdjudicateDialog(
  props: DialogProps & { escalate: boolean; onConfirm: (reason: string, comment: string) => void },
) {
  const [reason, setReason] = useState("");
  const [comment, setComment] = useState("");
  const ready = reason !== "" && (reason !== "other" || comment.trim() !== "");
  return (
    <Dialog
      title={props.escalate ? "Hand the decision on" : "Decide between the reads"}
      opened={props.opened}
      onClose={props.onClose}
    >
      <p>
        {props.escalate
          ? "Somebody above you decides instead. What you drew here is not kept; you will not be asked again."
          : "Your marks stand from now on. Both reads are kept beside them, as they were."}
      </p>
      <fieldset className={side.reasons}>
        <legend>Why do the readers differ?</legend>
        {RULING_REASONS.map((entry) => (
          <label key={entry.code}>
            <input
              type="radio"
              name="ruling"
              value={entry.code}
              checked={reason === entry.code}
              onChange={() => setReason(entry.code)}
              data-testid={`ruling-${entry.code}`}
            />
            {entry.label}
          </label>
        ))}
      </fieldset>
      <Textarea
        label="In your words"
        description={reason === "other" ? "Needed for “something else”" : "Kept with the decision"}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
        autosize
        minRows={2}
        data-testid="ruling-comment"
      />
      <Refused error={props.error} />
      <Buttons onClose={props.onClose}>
        <Button
          disabled={!ready}
          loading={props.busy}
          onClick={() => props.onConfirm(reason, comment.trim())}
          data-testid="ruling-confirm"
        >
          {props.escalate ? "Hand on" : "Decide"}
        </Button>
      </Buttons>
    </Dialog>
  );
}

/** The signature: who, what it means, on which content, when. The password is the act of signing. */
export function SignDialog(
  props: DialogProps & { session: WorkSession; onConfirm: (password: string) => void },
) {
  const me = useMe();
  const [password, setPassword] = useState("");
  const [now, setNow] = useState(Date.now());
  const { session } = props;
  useEffect(() => {
    if (!props.opened) {
      setPassword("");
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [props.opened]);
  return (
    <Dialog title="Sign" opened={props.opened} onClose={props.onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (password) props.onConfirm(password);
        }}
      >
        <dl className={side.signature}>
          <dt>Name</dt>
          <dd data-testid="sign-name">{me?.user.printed_name}</dd>
          <dt>Meaning</dt>
          <dd>{session.work.meaning ?? "approved"}</dd>
          <dt>Item</dt>
          <dd>
            {session.work.item.name}, {session.editor.document.size} marks
          </dd>
          <dt>Content</dt>
          <dd>
            <code className="wrap">{session.contentHash ?? "not known"}</code>
          </dd>
          <dt>Time, UTC</dt>
          <dd>
            {utc(now * 1_000)
              .slice(0, 19)
              .replace("T", " ")}
          </dd>
        </dl>
        <PasswordInput
          label="Your password"
          description="Entering it is your signature on exactly this content."
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-autofocus
          data-testid="sign-password"
        />
        <Refused error={props.error} />
        <Buttons onClose={props.onClose}>
          <Button
            type="submit"
            disabled={!password || !session.contentHash}
            loading={props.busy}
            data-testid="sign-confirm"
          >
            Sign
          </Button>
        </Buttons>
      </form>
    </Dialog>
  );
}
