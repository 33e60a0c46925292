/** The gate: what de-identification could not vouch for, seen and decided by a privacy officer only. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { API, api, apiUrl, path } from "./client";
import { problemFrom } from "./problem";
import type {
  DeidPlan,
  GateChoice,
  GateEntry,
  GateMasks,
  GatePreview,
  GateProposal,
  GateSummary,
  MaskDraft,
  Page,
  RecordFile,
  RulesToPut,
} from "./types";

/** Entries per page of the queue. */
const ENTRIES_PER_PAGE = 100;

export type GateFilter = { state: string; reason: string };
export const OPEN: GateFilter = { state: "open", reason: "" };

export const gateQuery = (project: string, filter: GateFilter = OPEN) =>
  infiniteQueryOptions({
    queryKey: ["gate", project, "queue", filter],
    queryFn: ({ signal, pageParam }) =>
      api.get<Page<GateEntry>>(
        path`/projects/${project}/gate`,
        { ...filter, limit: ENTRIES_PER_PAGE, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const gateSummaryQuery = (project: string) =>
  queryOptions({
    queryKey: ["gate", project, "summary"],
    queryFn: ({ signal }) => api.get<GateSummary>(path`/projects/${project}/gate/summary`, undefined, signal),
  });

/** Tables and texts beside the images, newest first. */
export const recordFilesQuery = (project: string) =>
  infiniteQueryOptions({
    queryKey: ["gate", project, "records"],
    queryFn: ({ signal, pageParam }) =>
      api.get<Page<RecordFile>>(
        path`/projects/${project}/records`,
        { limit: ENTRIES_PER_PAGE, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const gateEntryQuery = (project: string, entry: string) =>
  queryOptions({
    queryKey: ["gate", project, "entry", entry],
    queryFn: ({ signal }) => api.get<GateEntry>(path`/gate/${entry}`, undefined, signal),
  });

export const gateMasksQuery = (project: string, entry: string) =>
  queryOptions({
    queryKey: ["gate", project, "masks", entry],
    queryFn: ({ signal }) => api.get<GateMasks>(path`/gate/${entry}/masks`, undefined, signal),
  });

/** Only scenes have cuboids; what they suggest never changes while the entry waits. */
export const gateProposalsQuery = (entry: GateEntry) =>
  queryOptions({
    queryKey: ["gate", entry.project, "proposals", entry.id],
    queryFn: ({ signal }) => api.get<GateProposal[]>(path`/gate/${entry.id}/proposals`, undefined, signal),
    enabled: entry.kind === "scene" && entry.state === "open",
    staleTime: Number.POSITIVE_INFINITY,
  });

export const gateChangesQuery = (project: string, entry: string, frame: number) =>
  queryOptions({
    queryKey: ["gate", project, "changes", entry, frame],
    queryFn: ({ signal }) =>
      api.get<GatePreview>(path`/gate/${entry}/images/${frame}/changes`, undefined, signal),
  });

/** The revision keeps pictures from before and after a mask apart; the source has only one. */
export const gateImageUrl = (entry: string, frame: number, side: "before" | "after", revision: number) =>
  apiUrl(path`/gate/${entry}/images/${frame}`, side === "after" ? { side, revision } : { side });

export function useGateDecision(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { entry: GateEntry; decision: GateChoice; reason: string }) =>
      api.post<GateEntry>(
        path`/gate/${body.entry.id}/decision`,
        { decision: body.decision, reason: body.reason },
        body.entry.revision,
      ),
    onSettled: () => {
      client.invalidateQueries({ queryKey: ["gate", project] });
      client.invalidateQueries({ queryKey: ["projects", project] });
    },
  });
}

export function useGateMasks(project: string, entry: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { revision: number; masks: MaskDraft[] }) =>
      api.put<GateMasks>(path`/gate/${entry}/masks`, { masks: body.masks }, body.revision),
    onSuccess: (masks) => {
      client.setQueryData(gateMasksQuery(project, entry).queryKey, masks);
      // The masks themselves just came with the answer: they are saved, whenever the entry is there again.
      client.invalidateQueries({ queryKey: gateEntryQuery(project, entry).queryKey, exact: true });
    },
    onError: () => client.invalidateQueries({ queryKey: ["gate", project] }),
  });
}

export function useSetDeid(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ version, ...body }: { version: number } & RulesToPut) =>
      api.put<{ id: string; version: number }>(path`/projects/${project}/deid`, body, version),
    onSettled: () => {
      client.invalidateQueries({ queryKey: ["projects", project] });
      client.invalidateQueries({ queryKey: ["gate", project] });
    },
  });
}

export type RulesPreview = { preview: GatePreview; picture: string | null };

/** What draft rules would do to a file, and the picture that they would leave, as an address of this page. */
export async function previewRules(entry: string, frame: number, deid: DeidPlan): Promise<RulesPreview> {
  const route = path`/gate/${entry}/images/${frame}/preview`;
  const preview = await api.post<GatePreview>(route, { deid });
  if (preview.failed) return { preview, picture: null };
  const answer = await fetch(`${API}${route}/image`, {
    method: "POST",
    headers: { Accept: "image/*", "Content-Type": "application/json", "X-Countersign": "1" },
    credentials: "same-origin",
    body: JSON.stringify({ deid }),
  });
  if (!answer.ok) throw await problemFrom(answer);
  return { preview, picture: URL.createObjectURL(await answer.blob()) };
}
