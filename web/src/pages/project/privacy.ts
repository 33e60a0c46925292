/** What the page says of subjects and requests; no markup. */
import type { PrivacyRequest, Subject } from "@/api/types";
import { title } from "@/format";

/** How somebody is named who is never named: a pseudonym, else what and which number. */
export function subjectName(subject: Subject): string {
  if (subject.state === "erased") return `Erased subject #${subject.number}`;
  return subject.pseudonym ?? `${title(subject.kind)} #${subject.number}`;
}

/** Ids are typed or pasted by hand; whatever surrounds the id of an item's address is taken off. */
export function itemIdIn(text: string): string | null {
  const found = text.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i);
  return found ? found[0].toLowerCase() : null;
}

export type RequestState = { word: string; tone: "dim" | "live" | "ok" | "warn" | "bad"; mark: string };

/** Where a request stands, at a moment in microseconds. */
export function requestState(request: PrivacyRequest, now: number): RequestState {
  if (request.state === "open") return { word: "Waits for a second person", tone: "warn", mark: "diamond" };
  if (request.state === "refused") return { word: "Refused", tone: "bad", mark: "cross" };
  if (request.kind === "erasure") {
    return request.state === "done"
      ? { word: "Erased", tone: "ok", mark: "square" }
      : { word: "Being erased", tone: "live", mark: "dot" };
  }
  if (request.state === "done") return { word: "Shown once", tone: "dim", mark: "square" };
  return request.expires_at && request.expires_at > now
    ? { word: "May be looked at", tone: "live", mark: "dot" }
    : { word: "Run out", tone: "dim", mark: "ring" };
}

/** Open requests first, then the newest. */
export function inOrder(requests: PrivacyRequest[]): PrivacyRequest[] {
  const rank = (request: PrivacyRequest) => (request.state === "open" ? 0 : 1);
  return [...requests].sort((a, b) => rank(a) - rank(b) || b.requested_at - a.requested_at);
}
