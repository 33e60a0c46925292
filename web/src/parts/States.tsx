/** The states that every list and page has besides its content: loading, empty, failed, refused. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { problemText } from "@/refusals";
import { Icon } from "./Icon";
import styles from "./States.module.css";

/** Grey bars of the size of what comes; nothing jumps when it arrives. */
export function Loading({ label = "Loading", lines = 6 }: { label?: string; lines?: number }) {
  return (
    <div className={styles.bars} role="status" aria-busy="true">
      <span className="sr-only">{label}…</span>
      {Array.from({ length: lines }, (_, line) => line).map((line) => (
        <div key={line} className={styles.bar} />
      ))}
    </div>
  );
}

export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={styles.state}>
      <h2>{title}</h2>
      {children ? <p>{children}</p> : null}
      {action}
    </div>
  );
}

/** A whole page or panel that could not be loaded. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = asProblem(error);
  const text = problemText(problem);
  return (
    <div className={styles.state} role="alert">
      <h2>{text.title}</h2>
      {text.detail ? <p>{text.detail}</p> : null}
      <p>{text.advice}</p>
      {problem.code === "new_version" ? (
        <Button onClick={() => window.location.reload()}>Reload</Button>
      ) : retry && problem.code !== "not_found" ? (
        <Button variant="default" onClick={retry} leftSection={<Icon name="retry" />}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

/** One refused or failed action, beside the button that caused it. Says nothing while there is no error. */
export function Refused({ error, action }: { error: unknown; action?: ReactNode }) {
  if (!error) return null;
  const problem = asProblem(error);
  const text = problemText(problem);
  // An empty queue is an answer, not an alarm.
  const calm = problem.code === "nothing_to_do";
  return (
    <div className={`${styles.note} ${calm ? styles.quiet : ""}`} role={calm ? "status" : "alert"}>
      <Icon name={calm ? "check" : "warn"} />
      <div>
        <strong>{text.title}</strong>
        {text.detail ? <p className="wrap">{text.detail}</p> : null}
        <p>{text.advice}</p>
      </div>
      {action}
    </div>
  );
}

/** A calm remark inside a page. */
export function Note({
  tone = "quiet",
  children,
  action,
}: {
  tone?: "quiet" | "warn";
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={`${styles.note} ${styles[tone]}`}>
      <Icon name={tone === "warn" ? "warn" : "check"} />
      <div>{children}</div>
      {action}
    </div>
  );
}
