/** What changed between two versions: field by field, and line by line. */
import { useMemo, useState } from "react";
import type { ProtocolChange } from "@/api/types";
import { count, plural } from "@/format";
import table from "@/parts/table.module.css";
import { diffLines, fold } from "./diff";
import styles from "./protocol.module.css";

/** Most characters of a value that a cell shows. */
const VALUE_CHARS = 160;

function shown(value: unknown): string {
  if (value === undefined) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS)}…` : text;
}

export function FieldChanges({ changes }: { changes: ProtocolChange[] }) {
  if (changes.length === 0) return <p className="dim">No field says anything else.</p>;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>What</th>
            <th>How</th>
            <th>Before</th>
            <th>After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => (
            <tr key={`${change.path}/${change.kind}`}>
              <td className={styles.code}>{change.path}</td>
              <td>{change.kind}</td>
              <td className={styles.code}>{shown(change.before)}</td>
              <td className={styles.code}>{shown(change.after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const SIGN = { same: " ", removed: "−", added: "+" } as const;

export function LineChanges({ before, after }: { before: string; after: string }) {
  const runs = useMemo(() => fold(diffLines(before, after)), [before, after]);
  const [whole, setWhole] = useState(false);
  if (before === after) return <p className="dim">Not a letter differs.</p>;
  return (
    <section className={styles.diff} aria-label="Changed lines" data-testid="line-changes">
      {runs.map((run) => {
        const lines = "shown" in run ? run.shown : run.hidden;
        const first = lines[0];
        const key = `${first?.before ?? ""}/${first?.after ?? ""}`;
        if ("hidden" in run && !whole) {
          return (
            <button key={key} type="button" className={styles.folded} onClick={() => setWhole(true)}>
              {plural(lines.length, "line")} as before
            </button>
          );
        }
        return (
          <div key={key}>
            {lines.map((line) => (
              <div key={`${line.before ?? ""}/${line.after ?? ""}`} className={styles[line.kind]}>
                <span className={styles.lineNumber}>{line.before ? count(line.before) : ""}</span>
                <span className={styles.lineNumber}>{line.after ? count(line.after) : ""}</span>
                <span className={styles.sign}>{SIGN[line.kind]}</span>
                {line.kind === "same" ? null : <span className="sr-only">{line.kind}: </span>}
                <span>{line.text}</span>
              </div>
            ))}
          </div>
        );
      })}
    </section>
  );
}
