/** Small pieces that many pages show: states, authors, facts, hashes, text to copy. */
import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { Author, Phase } from "@/api/types";
import { shortHash, title, utc, time as when } from "@/format";
import styles from "./bits.module.css";
import { Icon } from "./Icon";

type Tone = "dim" | "live" | "ok" | "warn" | "bad";
/** A state is a shape, a colour and a word; each alone is enough to read it. */
const MARKS: Record<string, { d: string; filled: boolean }> = {
  ring: { d: "M5 1.200a3.8 3.8 0 110 7.6 3.8 3.8 0 010-7.600z", filled: false },
  dot: { d: "M5 1a4 4 0 110 8 4 4 0 010-8z", filled: true },
  square: { d: "M1.5 1.500h7v7h-7z", filled: true },
  diamond: { d: "M5 .500l4.5 4.500L5 9.5.5 5z", filled: false },
  triangle: { d: "M5 .800L9.6 9H.400z", filled: true },
  cross: { d: "M1.5 1.500l7 7m0-7l-7 7", filled: false },
  bars: { d: "M3 1v8M7 1v8", filled: false },
};

export function Status({ tone, mark, children }: { tone: Tone; mark: string; children: ReactNode }) {
  const shape = MARKS[mark] ?? { d: "", filled: false };
  return (
    <span className={`${styles.pill} ${styles[tone]}`}>
      <svg className={styles.mark} viewBox="0 0 10 10" aria-hidden="true">
        <path
          d={shape.d}
          fill={shape.filled ? "currentColor" : "none"}
          stroke={shape.filled ? "none" : "currentColor"}
          strokeWidth="1.6"
        />
      </svg>
      <span className={styles.word}>{children}</span>
    </span>
  );
}

const PHASES: Record<Phase, { tone: Tone; mark: string; word: string }> = {
  quarantined: { tone: "warn", mark: "diamond", word: "Quarantined" },
  cleared: { tone: "dim", mark: "ring", word: "Cleared" },
  queued: { tone: "dim", mark: "ring", word: "Queued" },
  leased: { tone: "live", mark: "dot", word: "In work" },
  reading: { tone: "live", mark: "dot", word: "Being read" },
  comparing: { tone: "live", mark: "dot", word: "Being compared" },
  escalated: { tone: "warn", mark: "triangle", word: "Waits for an owner" },
  accepted: { tone: "ok", mark: "square", word: "Accepted" },
  released: { tone: "ok", mark: "dot", word: "Released" },
  rejected: { tone: "bad", mark: "cross", word: "Rejected at the gate" },
  withdrawn: { tone: "bad", mark: "cross", word: "Withdrawn" },
  erased: { tone: "dim", mark: "cross", word: "Erased" },
  recalled: { tone: "bad", mark: "triangle", word: "Recalled" },
};

export const phaseWord = (phase: Phase) => PHASES[phase]?.word ?? title(phase);
export const ALL_PHASES = Object.keys(PHASES) as Phase[];

export function PhaseMark({
  phase,
  held,
  cannotAssess,
}: {
  phase: Phase;
  held?: boolean;
  /** Accepted with the answer that it cannot be assessed: no empty one. */
  cannotAssess?: boolean;
}) {
  const look = PHASES[phase] ?? { tone: "dim" as const, mark: "ring", word: title(phase) };
  return (
    <span className="row tight">
      <Status tone={look.tone} mark={look.mark}>
        {look.word}
      </Status>
      {cannotAssess ? (
        <Status tone="warn" mark="diamond">
          Cannot be assessed
        </Status>
      ) : null}
      {held ? (
        <Status tone="bad" mark="bars">
          On hold
        </Status>
      ) : null}
    </span>
  );
}

/** Person: solid outline. Model: dashed outline, with its version. The same everywhere, canvas included. */
export function AuthorMark({ author, name }: { author: Author; name?: string | null }) {
  const model = author.kind === "model";
  return (
    <span className={`${styles.author} ${model ? styles.model : ""}`}>
      <Icon name={model ? "model" : "person"} size={14} />
      {author.kind === "model"
        ? `Model ${author.name} ${author.version}`
        : author.kind === "rule"
          ? `Merged by rule: ${author.rule}`
          : (name ?? "Person")}
    </span>
  );
}

export type FactRow = [label: string, value: ReactNode];
export function FactList({ rows }: { rows: FactRow[] }) {
  const shown = rows.filter(
    ([, value]) => value !== null && value !== undefined && value !== "" && value !== "–",
  );
  if (shown.length === 0) return <p className="dim">Nothing known.</p>;
  return (
    <dl className={styles.facts}>
      {shown.map(([label, value]) => (
        <div key={label} className={styles.contents}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Panel({
  title: heading,
  aside,
  children,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={`${styles.panel} stack`}>
      {heading ? (
        <div className="spread">
          <h2>{heading}</h2>
          {aside}
        </div>
      ) : null}
      {children}
    </section>
  );
}

export function Hash({ value }: { value: string | null | undefined }) {
  if (!value) return <span className="dim">–</span>;
  return <code title={value}>{shortHash(value)}</code>;
}

/** Local time; the exact UTC instant, as signed, in the title. */
export function At({ micros, seconds }: { micros: number | null | undefined; seconds?: boolean }) {
  if (micros === null || micros === undefined) return <span className="dim">–</span>;
  return <time title={utc(micros)}>{when(micros, seconds)}</time>;
}

/** How long "Copied" stays, in milliseconds. */
const COPIED_MS = 1_500;
export function CopyText({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_MS);
    } catch {
      // Without permission (plain http on another host) the text is there to select by hand.
    }
  };
  return (
    <div className={styles.copy}>
      <code>{text}</code>
      <Button size="compact-sm" variant="default" onClick={copy} aria-label={`Copy ${label}`}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
