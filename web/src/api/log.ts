/** The evidence log as an outsider would check it: the signed checkpoint and the key. */
import { queryOptions } from "@tanstack/react-query";
import { getText } from "./client";

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

export const logKeyQuery = queryOptions({
  queryKey: ["log", "key"],
  queryFn: ({ signal }) => getText("/log/key", signal),
});
