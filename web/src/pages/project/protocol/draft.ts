/** A draft of a protocol on this machine: it survives a reload, and knows which version it was written against. */
import { useCallback, useState } from "react";

export type Draft = { against: number; text: string };

const key = (project: string) => `countersign.protocol-draft.${project}`;

/** The text with the number of the next version: the first line that names one at the outermost level. */
export function withVersion(text: string, version: number): string {
  return text.replace(/^version:[ \t]*\d+/m, `version: ${version}`);
}

function kept(project: string): Draft | null {
  try {
    const value = JSON.parse(localStorage.getItem(key(project)) ?? "null") as Partial<Draft> | null;
    const fits = typeof value?.against === "number" && typeof value.text === "string";
    return fits ? (value as Draft) : null;
  } catch {
    return null;
  }
}

export function useDraft(project: string, inForce: { version: number; document: string }) {
  const fresh = (): Draft => ({
    against: inForce.version,
    text: withVersion(inForce.document, inForce.version + 1),
  });
  const [draft, setDraft] = useState<Draft>(() => kept(project) ?? fresh());
  const change = useCallback(
    (next: Draft) => {
      setDraft(next);
      try {
        localStorage.setItem(key(project), JSON.stringify(next));
      } catch {
        // No room, or storage is off: the draft lives as long as the page does.
      }
    },
    [project],
  );
  const drop = (next: Draft = fresh()) => {
    localStorage.removeItem(key(project));
    setDraft(next);
  };
  return { draft, change, drop };
}
