import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Finding, findingsQuery } from "@/api/findings";
import type { Pin } from "@/canvas/pins";
import type { HostHandle } from "./host";
import type { WorkSession } from "./session";

/** Where a finding that is being written will be pinned. */
export interface Place {
  frame: Finding["frame"];
  point: [number, number] | null;
  annotation: string | null;
}

export interface Findings {
  list: Finding[];
  unresolved: number;
  error: unknown;
  current: string | null;
  /** A new finding is being written for this place. */
  writing: Place | null;
  /** Grows whenever somebody goes to a finding: the panel comes to the front. */
  asked: number;
  choose(id: string): void;
  step(direction: 1 | -1): void;
  begin(): void;
  cancel(): void;
}

/** What is said of a pin. */
export function pinWords(finding: Finding): string {
  const first = finding.notes[0]?.words ?? "";
  const kind = finding.severity === "blocking" ? "Blocking finding" : "Note";
  return `${kind} ${finding.number}, ${finding.state}: ${first}`;
}

export function pinsFor(list: readonly Finding[]): Pin[] {
  return list.flatMap((finding) =>
    finding.frame && finding.point
      ? [
          {
            id: finding.id,
            label: String(finding.number),
            words: pinWords(finding),
            frame: finding.frame,
            point: finding.point as [number, number],
            state: finding.state,
            blocking: finding.severity === "blocking",
          },
        ]
      : [],
  );
}

/** The one after the current, around the end; unresolved ones first come first. */
export function stepTo(list: readonly Finding[], current: string | null, direction: 1 | -1): Finding | null {
  if (list.length === 0) return null;
  const at = list.findIndex((finding) => finding.id === current);
  if (at < 0) return list.find((finding) => finding.state !== "resolved") ?? list[0] ?? null;
  return list[(at + direction + list.length) % list.length] ?? null;
}

/** The findings of the item in work: shown as pins, walked through by keys, written where the pointer is. */
export function useFindings(session: WorkSession, handle: HostHandle | null): Findings {
  const query = useQuery(findingsQuery(session.work.item.id));
  const list = useMemo(() => query.data ?? [], [query.data]);
  const [current, setCurrent] = useState<string | null>(null);
  const [writing, setWriting] = useState<Place | null>(null);
  const [asked, setAsked] = useState(0);
  const ask = useCallback(() => setAsked((n) => n + 1), []);

  const choose = useCallback(
    (id: string) => {
      const finding = list.find((one) => one.id === id);
      if (!finding) return;
      setCurrent(id);
      setWriting(null);
      ask();
      const annotation = finding.annotation ? session.editor.document.get(finding.annotation) : undefined;
      if (annotation) {
        handle?.reveal(annotation);
        session.editor.select([annotation.id]);
      } else handle?.showFrame(finding.frame);
    },
    [list, handle, session, ask],
  );

  useEffect(() => {
    handle?.showPins?.(pinsFor(list), current, choose);
  }, [handle, list, current, choose]);

  return {
    list,
    unresolved: list.filter((finding) => finding.state !== "resolved").length,
    error: query.error,
    current,
    writing,
    asked,
    choose,
    step: (direction) => {
      const next = stepTo(list, current, direction);
      if (next) choose(next.id);
    },
    begin: () => {
      const place = handle?.place() ?? { frame: session.editor.frame ?? null, point: null };
      const selected = session.editor.selection();
      const annotation = selected.length === 1 ? (selected[0]?.id ?? null) : null;
      setWriting({ frame: place.frame, point: place.point as [number, number] | null, annotation });
      setCurrent(null);
      ask();
    },
    cancel: () => setWriting(null),
  };
}
