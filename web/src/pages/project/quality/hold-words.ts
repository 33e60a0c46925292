/** Words about holds on more than one item. */
import type { HoldScope, WideHold } from "@/api/wide-holds";

/** What the form puts on hold. */
export type Choice = { scope: "lot" | "batch" | "release" | "person"; value: string };

export const SCOPE_WORDS: Record<Choice["scope"], string> = {
  lot: "A lot",
  batch: "A batch",
  release: "What a release holds",
  person: "A person's work",
};

const KINDS: Record<string, string> = {
  lot: "lot",
  batch: "batch",
  ingest: "delivery",
  release: "release",
  person: "the work of",
};

/** As the server takes it; null while something is missing. */
export function onWhat({ scope, value }: Choice): HoldScope | null {
  const chosen = value.trim();
  if (!chosen) return null;
  if (scope === "lot") return { scope, lot: chosen };
  if (scope === "batch") return { scope, batch: chosen };
  if (scope === "release") return { scope, release: chosen };
  return { scope, user: chosen };
}

/** What a hold is on, in words. */
export const whatIs = (hold: Pick<WideHold, "scope" | "value" | "name">): string =>
  `${KINDS[hold.scope] ?? hold.scope} ${hold.name ?? hold.value}`;
