/**
 * What a signature takes: user name and password at the first of a session, the password alone afterwards, and before
 * the very first the statement that it binds. The server says which, and has the last word.
 */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { asProblem } from "@/api/problem";
import { signingQuery, useAgree } from "@/api/signing";
import styles from "./SigningFields.module.css";
import { Failed, Loading, Refused } from "./States";

export type Components = { login: string; password: string; withLogin: boolean };
export const NO_COMPONENTS: Components = { login: "", password: "", withLogin: true };

export const areComplete = (values: Components) =>
  values.password !== "" && (!values.withLogin || values.login.trim() !== "");

/** As the server takes them. */
export const asSigned = (values: Components): { login?: string; password: string } => ({
  ...(values.withLogin ? { login: values.login.trim() } : {}),
  password: values.password,
});

type Props = {
  values: Components;
  onChange: (next: Components) => void;
  /** Why the last attempt was refused. */
  error: unknown;
  /** What entering the password means. */
  description?: string;
  testid: string;
  /** Other fields come first: the caret is left where it is. */
  keepsFocus?: boolean;
};

const isWriting = (element: Element | null) =>
  element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement;

export function SigningFields({ values, onChange, error, description, testid, keepsFocus }: Props) {
  const state = useQuery(signingQuery);
  const agree = useAgree();
  const first = useRef<HTMLInputElement>(null);
  const needsLogin = state.data?.needs_login ?? true;
  const isReady = Boolean(state.data?.acknowledged_at);
  const code = error ? asProblem(error).code : "";
  const { refetch } = state;
  useEffect(() => {
    // The quarter of an hour ran out while the dialog was open, or the statement is another one now.
    if (code === "two_components_required" || code === "acknowledgement_required") void refetch();
  }, [code, refetch]);
  useEffect(() => {
    if (values.withLogin !== needsLogin) onChange({ ...values, withLogin: needsLogin });
  }, [needsLogin, values, onChange]);
  useEffect(() => {
    // Whoever is already writing a reason is not moved to another field in mid-sentence.
    if (isReady && !keepsFocus && !isWriting(document.activeElement)) first.current?.focus();
  }, [isReady, keepsFocus]);

  if (state.isPending) return <Loading lines={2} />;
  if (state.isError) return <Failed error={state.error} retry={() => state.refetch()} />;
  if (!isReady) {
    return (
      <div className={styles.statement} data-testid={`${testid}-statement`}>
        <p>{state.data.statement}</p>
        <Refused error={agree.error} />
        <Button
          variant="default"
          onClick={() => agree.mutate(state.data.version)}
          loading={agree.isPending}
          data-testid={`${testid}-agree`}
        >
          I agree
        </Button>
        <p className="dim">Asked once, before your first signature. It is kept in the evidence log.</p>
      </div>
    );
  }
  return (
    <>
      {needsLogin ? (
        <TextInput
          ref={first}
          label="Your user name"
          description="At the first signature of a session, and after a quarter of an hour without one"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={values.login}
          onChange={(event) => onChange({ ...values, login: event.currentTarget.value })}
          data-testid={`${testid}-login`}
        />
      ) : null}
      <PasswordInput
        ref={needsLogin ? undefined : first}
        label="Your password"
        description={description}
        autoComplete="current-password"
        value={values.password}
        onChange={(event) => onChange({ ...values, password: event.currentTarget.value })}
        data-testid={`${testid}-password`}
      />
    </>
  );
}
