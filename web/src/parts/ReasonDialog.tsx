/** Asks for a reason (and for what a signature takes, where something is signed) before it is done. */
import { Button, Modal, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "./SigningFields";
import { Refused } from "./States";

/** Longest reason that the page sends, in characters. */
export const REASON_MAX_CHARS = 500;
const NOT_SIGNED = { ...NO_COMPONENTS, withLogin: false };

type Props = {
  opened: boolean;
  title: string;
  children?: ReactNode;
  confirm: string;
  danger?: boolean;
  /** It is signed: also ask for the password, and for the user name where that is needed. */
  signed?: boolean;
  /** No reason wanted, only the signature. */
  withoutReason?: boolean;
  pending: boolean;
  error: unknown;
  onClose: () => void;
  onConfirm: (values: { reason: string; login?: string; password: string }) => void;
};

function Body({
  children,
  confirm,
  danger,
  signed,
  withoutReason,
  pending,
  error,
  onClose,
  onConfirm,
}: Props) {
  const [reason, setReason] = useState("");
  const [components, setComponents] = useState(NO_COMPONENTS);
  const ready = (withoutReason || reason.trim().length > 0) && (!signed || areComplete(components));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onConfirm({ reason: reason.trim(), ...asSigned(signed ? components : NOT_SIGNED) });
  };
  return (
    <form onSubmit={submit} className="stack">
      {children}
      {withoutReason ? null : (
        <Textarea
          label="Reason"
          description="Kept in the evidence log"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={REASON_MAX_CHARS}
          minRows={2}
          autosize
          data-autofocus
        />
      )}
      {signed ? (
        <SigningFields
          values={components}
          onChange={setComponents}
          error={error}
          description="Signs this with your name and the time"
          testid="dialog"
        />
      ) : null}
      <Refused error={error} />
      <div className="row">
        <Button type="submit" color={danger ? "red" : undefined} loading={pending} disabled={!ready}>
          {confirm}
        </Button>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

export function ReasonDialog(props: Props) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} size="md">
      <Body {...props} />
    </Modal>
  );
}
