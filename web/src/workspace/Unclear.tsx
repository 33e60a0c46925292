import { Checkbox, TextInput } from "@mantine/core";
import { useEffect, useId, useState } from "react";
import { ANSWER_CHARS_MAX, CONFIDENCES, setUnclear } from "@/canvas/answers";
import { keyHint } from "@/canvas/keymap";
import type { Annotation, Unclear as Doubt } from "@/canvas/types";
import { useKeyMap } from "./hooks";
import styles from "./Side.module.css";
import type { WorkSession } from "./session";

/** Whether the reader is in doubt about the mark, how sure they are, and why. */
export function Unclear({ session, target }: { session: WorkSession; target: Annotation }) {
  const { editor } = session;
  const keyMap = useKeyMap();
  const field = useId();
  const doubt = target.unclear ?? null;
  const frozen = editor.isLocked(target.id);
  const [reason, setReason] = useState(doubt?.reason ?? "");
  useEffect(() => setReason(doubt?.reason ?? ""), [doubt?.reason]);
  const set = (change: Doubt) => {
    const { confidence, reason: why } = { ...doubt, ...change };
    const said = { ...(confidence ? { confidence } : {}), ...(why?.trim() ? { reason: why.trim() } : {}) };
    setUnclear(editor, [target], said);
  };
  const hint = keyHint(keyMap, "unclear");
  return (
    <>
      <Checkbox
        label={`Unclear${hint ? ` (${hint})` : ""}`}
        checked={doubt !== null}
        disabled={frozen}
        onChange={(event) => setUnclear(editor, [target], event.currentTarget.checked ? {} : null)}
        data-testid="unclear"
      />
      {doubt ? (
        <>
          <label className={styles.field} htmlFor={field}>
            <span>How sure?</span>
            <select
              id={field}
              value={doubt.confidence ?? ""}
              disabled={frozen}
              onChange={(event) =>
                set({ confidence: (event.currentTarget.value || null) as Doubt["confidence"] })
              }
              data-testid="unclear-confidence"
            >
              <option value="">not said</option>
              {CONFIDENCES.map((entry) => (
                <option key={entry.code} value={entry.code}>
                  {entry.label}
                </option>
              ))}
            </select>
          </label>
          <TextInput
            size="xs"
            label="Why it is unclear"
            value={reason}
            maxLength={ANSWER_CHARS_MAX}
            disabled={frozen}
            onChange={(event) => setReason(event.currentTarget.value)}
            onBlur={() => reason.trim() !== (doubt.reason ?? "") && set({ reason })}
            onKeyDown={(event) => event.key === "Enter" && set({ reason })}
            data-testid="unclear-reason"
          />
        </>
      ) : null}
    </>
  );
}
