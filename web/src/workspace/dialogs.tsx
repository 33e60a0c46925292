import { Button, Modal, Textarea } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { useMe } from "@/api/session";
import type { ReturnTo } from "@/api/types";
import { contentWords } from "@/canvas/answers";
import { utc } from "@/format";
import { areComplete, type Components, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
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

/** A reason from the list, and words, which may be empty. */
export interface Reasoned {
  reason: string;
  comment: string;
}

/** A rejection: why, with what signing takes at a signing stage, and to whom where that may be chosen. */
export interface Rejection extends Reasoned {
  components: Components;
  returnTo: ReturnTo | null;
}

/** Why a read goes back or was corrected: one of the list, and words for the person who drew. */
function Why(props: {
  reason: string;
  onReason: (code: string) => void;
  comment: string;
  onComment: (text: string) => void;
  testid: string;
}) {
  return (
    <>
      <fieldset className={side.reasons}>
        <legend>Why?</legend>
        {REJECT_REASONS.map((entry) => (
          <label key={entry.code}>
            <input
              type="radio"
              name={`${props.testid}-reason`}
              value={entry.code}
              checked={props.reason === entry.code}
              onChange={() => props.onReason(entry.code)}
              data-testid={`${props.testid === "reject" ? "" : `${props.testid}-`}reason-${entry.code}`}
            />
            {entry.label}
          </label>
        ))}
      </fieldset>
      <Textarea
        label={props.testid === "reject" ? "What should be different" : "What was different"}
        description={
          props.reason === "other" ? "Needed for “something else”" : "Seen by the person who drew it"
        }
        value={props.comment}
        onChange={(event) => props.onComment(event.currentTarget.value)}
        autosize
        minRows={2}
        data-testid={`${props.testid}-comment`}
      />
    </>
  );
}

const isReasoned = (reason: string, comment: string) =>
  reason !== "" && (reason !== "other" || comment.trim() !== "");

/** Accepting with corrections: what another person handed in is changed only with a reason beside it. */
export function FixDialog(props: DialogProps & { onConfirm: (why: Reasoned) => void }) {
  const [reason, setReason] = useState("");
  const [comment, setComment] = useState("");
  return (
    <Dialog title="Accept with my fixes" opened={props.opened} onClose={props.onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReasoned(reason, comment)) props.onConfirm({ reason, comment: comment.trim() });
        }}
      >
        <p>Your corrections stand from now on. What was handed in is kept beside them, as it was.</p>
        <Why reason={reason} onReason={setReason} comment={comment} onComment={setComment} testid="fix" />
        <Refused error={props.error} />
        <Buttons onClose={props.onClose}>
          <Button
            type="submit"
            disabled={!isReasoned(reason, comment)}
            loading={props.busy}
            data-testid="fix-confirm"
          >
            Accept with my fixes
          </Button>
        </Buttons>
      </form>
    </Dialog>
  );
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
  const [components, setComponents] = useState(NO_COMPONENTS);
  const [returnTo, setReturnTo] = useState<ReturnTo | null>(null);
  useEffect(() => {
    if (!props.opened) setComponents(NO_COMPONENTS);
  }, [props.opened]);
  const ready =
    (!props.choosesWho || returnTo !== null) &&
    isReasoned(reason, comment) &&
    (!props.withPassword || areComplete(components));
  return (
    <Dialog title="Send back" opened={props.opened} onClose={props.onClose}>
      <Why reason={reason} onReason={setReason} comment={comment} onComment={setComment} testid="reject" />
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
        <SigningFields values={components} onChange={setComponents} error={props.error} testid="reject" />
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
              components,
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
  const ready = isReasoned(reason, comment);
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

/** The signature: who, what it means, on which content, when. Entering the password is the act of signing. */
export function SignDialog(
  props: DialogProps & { session: WorkSession; onConfirm: (components: Components) => void },
) {
  const me = useMe();
  const [components, setComponents] = useState(NO_COMPONENTS);
  const [now, setNow] = useState(Date.now());
  const { session } = props;
  useEffect(() => {
    if (!props.opened) {
      setComponents(NO_COMPONENTS);
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
          if (areComplete(components)) props.onConfirm(components);
        }}
      >
        <dl className={side.signature}>
          <dt>Name</dt>
          <dd data-testid="sign-name">{me?.user.printed_name}</dd>
          <dt>Meaning</dt>
          <dd>{session.work.meaning ?? "approved"}</dd>
          <dt>Item</dt>
          <dd>
            {session.work.item.name}, {contentWords(session.editor)}
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
        <SigningFields
          values={components}
          onChange={setComponents}
          error={props.error}
          description="Entering it is your signature on exactly this content."
          testid="sign"
        />
        <Refused error={props.error} />
        <Buttons onClose={props.onClose}>
          <Button
            type="submit"
            disabled={!areComplete(components) || !session.contentHash}
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
