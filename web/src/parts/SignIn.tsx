/** Signing in: as a whole screen, in place over a page that goes on, and the change of a one-time password. */
import { Button, Modal, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useChangePassword, useSignIn, useSignOut } from "@/api/session";
import type { Me } from "@/api/types";
import styles from "./SignIn.module.css";
import { Refused } from "./States";

function Screen({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.screen}>
      <div className={styles.box}>
        <div className={styles.brand}>
          <img src="/mark.svg" alt="" />
          <h1>{title}</h1>
        </div>
        {children}
      </div>
    </main>
  );
}

function SignInForm({ login, onDone }: { login?: string; onDone?: (me: Me) => void }) {
  const signIn = useSignIn();
  const [name, setName] = useState(login ?? "");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(
      { login: name.trim(), password },
      { onSuccess: (me) => onDone?.(me), onError: () => setPassword("") },
    );
  };
  return (
    <form onSubmit={submit} className="stack">
      <TextInput
        label="User name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        readOnly={login !== undefined}
        data-autofocus={login === undefined ? true : undefined}
        autoFocus={login === undefined}
        required
        withAsterisk={false}
      />
      <PasswordInput
        label="Password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
        data-autofocus={login === undefined ? undefined : true}
        required
        withAsterisk={false}
      />
      <Refused error={signIn.error} />
      <Button type="submit" loading={signIn.isPending} disabled={!name.trim() || !password} fullWidth>
        Sign in
      </Button>
    </form>
  );
}

export function SignInScreen() {
  return (
    <Screen title="Countersign">
      <SignInForm />
    </Screen>
  );
}

/** Over the page, which keeps everything that was not saved yet. */
export function SignInAgain({
  login,
  opened,
  onDone,
}: {
  login: string;
  opened: boolean;
  onDone: () => void;
}) {
  const client = useQueryClient();
  return (
    <Modal
      opened={opened}
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="You were signed out"
      // Above any dialogue that was open when the session ended.
      zIndex={1000}
      size="sm"
    >
      <div className="stack">
        <p className="dim">Your page is still here. Sign in again to go on where you were.</p>
        <SignInForm
          login={login}
          onDone={() => {
            onDone();
            client.invalidateQueries({ predicate: (query) => query.state.status === "error" });
          }}
        />
        <Button variant="subtle" onClick={() => window.location.assign("/")}>
          Sign in as someone else (leaves this page)
        </Button>
      </div>
    </Modal>
  );
}

/** Shortest password that the page offers to send, in characters; the server has the last word. */
export const PASSWORD_MIN_CHARS = 10;

export function PasswordForm({ onDone, oneTime }: { onDone?: () => void; oneTime?: boolean }) {
  const change = useChangePassword();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const short = next.length > 0 && [...next].length < PASSWORD_MIN_CHARS;
  const differs = again.length > 0 && again !== next;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { current, new: next },
      {
        onSuccess: () => {
          setCurrent("");
          setNext("");
          setAgain("");
          onDone?.();
        },
      },
    );
  };
  return (
    <form onSubmit={submit} className="stack">
      <PasswordInput
        label={oneTime ? "One-time password" : "Current password"}
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
        autoComplete="current-password"
        autoFocus={oneTime}
      />
      <PasswordInput
        label="New password"
        description={`At least ${PASSWORD_MIN_CHARS} characters; a few unrelated words are fine`}
        value={next}
        onChange={(event) => setNext(event.currentTarget.value)}
        autoComplete="new-password"
        error={short ? `Still shorter than ${PASSWORD_MIN_CHARS} characters` : undefined}
      />
      <PasswordInput
        label="New password again"
        value={again}
        onChange={(event) => setAgain(event.currentTarget.value)}
        autoComplete="new-password"
        error={differs ? "Not the same" : undefined}
      />
      <Refused error={change.error} />
      <Button
        type="submit"
        loading={change.isPending}
        disabled={!current || !next || short || again !== next}
        fullWidth={oneTime}
      >
        Set password
      </Button>
    </form>
  );
}

/** Shown to somebody with a one-time password before anything else. */
export function FirstPasswordScreen() {
  const signOut = useSignOut();
  return (
    <Screen title="Choose your password">
      <p className="dim">The password you were given works only once. Choose one that only you know.</p>
      <PasswordForm oneTime />
      <Button variant="subtle" onClick={() => signOut.mutate()}>
        Sign out
      </Button>
    </Screen>
  );
}
