/** Asks for a reason (and a password where something is signed) before it is done. */
import { Button, Modal, PasswordInput, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { Refused } from "./States";

/** Longest reason that the page sends, in characters. */
export const REASON_MAX_CHARS = 500;

type Props = {
  opened: boolean;
  title: string;
  children?: ReactNode;
  confirm: string;
  danger?: boolean;
  /** Also ask for the password. */
  signed?: boolean;
  /** No reason wanted, only the password. */
  withoutReason?: boolean;
  pending: boolean;
  error: unknown;
  onClose: () => void;
  onConfirm: (values: { reason: string; password: string }) => void;
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
  const [password, setPassword] = useState("");
  const ready = (withoutReason || reason.trim().length > 0) && (!signed || password.length > 0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onConfirm({ reason: reason.trim(), password });
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
        <PasswordInput
          label="Your password"
          description="Signs this with your name and the time"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoComplete="current-password"
          data-autofocus={withoutReason ? true : undefined}
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
