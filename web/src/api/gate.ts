/** The gate: what de-identification could not vouch for, seen and decided by a privacy officer only. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { GateEntry, Page } from "./types";

/** Open entries shown at once; decided ones leave the list and later ones move up. */
const ENTRIES_SHOWN = 200;

export const gateQuery = (project: string) =>
  queryOptions({
    queryKey: ["gate", project],
    queryFn: async ({ signal }) =>
      (
        await api.get<Page<GateEntry>>(
          path`/projects/${project}/gate`,
          { state: "open", limit: ENTRIES_SHOWN },
          signal,
        )
      ).items,
  });

export const gateEntryQuery = (project: string, entry: string) =>
  queryOptions({
    queryKey: ["gate", project, entry],
    queryFn: ({ signal }) => api.get<GateEntry>(path`/gate/${entry}`, undefined, signal),
  });

export const gateImageUrl = (entry: string, frame: number) =>
  apiUrl(path`/gate/${entry}/frames/${frame}/image`);

export function useGateDecision(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { entry: string; decision: "clear" | "reject"; reason: string }) =>
      api.post<void>(path`/gate/${body.entry}/decision`, { decision: body.decision, reason: body.reason }),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["gate", project] });
      client.invalidateQueries({ queryKey: ["projects", project] });
    },
  });
}
