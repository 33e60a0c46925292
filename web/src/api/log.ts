/** The evidence log as an outsider would check it: the signed checkpoint and the key. */
import { queryOptions } from "@tanstack/react-query";
import { api, apiUrl, getText, path } from "./client";
import type { Id, KeptCheckpoint, LogStanding, Page } from "./types";

export type Checkpoint = { origin: string; size: number; root: string; signatures: string[]; text: string };

/**
 * Reads a C2SP checkpoint: origin, size, root hash (base64), optional lines, a blank line, signature lines that
 * begin with an em dash. Null when the text is something else.
 */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [body = "", tail = ""] = text.split("\n\n");
  const [origin, sizeText, root] = body.split("\n");
  if (!origin || !sizeText || !/^\d+$/.test(sizeText) || !root) return null;
  const signatures = tail.split("\n").filter((line) => line.startsWith("— "));
  return { origin, size: Number(sizeText), root, signatures, text };
}

export const checkpointQuery = queryOptions({
  queryKey: ["log", "checkpoint"],
  queryFn: ({ signal }) => getText("/log/checkpoint", signal),
  refetchInterval: 5_000,
});

/** The newest checkpoint and who vouches for it. */
export const standingQuery = queryOptions({
  queryKey: ["log", "standing"],
  queryFn: ({ signal }) => api.get<LogStanding>("/log/standing", undefined, signal),
  refetchInterval: 5_000,
});

/** Kept checkpoints on one page: about half an hour of a busy day. */
const CHECKPOINTS_SHOWN = 30;
export const checkpointsPage = (cursor: string | null, signal?: AbortSignal) =>
  api.get<Page<KeptCheckpoint>>("/log/checkpoints", { cursor, limit: CHECKPOINTS_SHOWN }, signal);

export const keptCheckpointUrl = (size: number) => apiUrl(path`/log/checkpoints/${size}`);
/** The proof that the newest checkpoint continues the one of this size. */
export const consistencyUrl = (old: number) => apiUrl("/log/consistency", { old });
export const signatureProofUrl = (signature: Id) => apiUrl(path`/signatures/${signature}/proof`);
/** Of any signed act but those of items: of a protocol, a guideline, classes, a decision, a release. */
export const eventProofUrl = (event: Id) => apiUrl(path`/events/${event}/proof`);
export const releaseProofUrl = (release: Id) => apiUrl(path`/releases/${release}/proof`);

export const logKeyQuery = queryOptions({
  queryKey: ["log", "key"],
  queryFn: ({ signal }) => getText("/log/key", signal),
});
