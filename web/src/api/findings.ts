/** Findings: questions and defects pinned to a place, and what people say to them. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Finding = Schemas["PinnedFinding"];
export type FindingDraft = Schemas["FindingDraft"];
export type FindingSeverity = Schemas["FindingSeverity"];

/** Below the item's own key: whatever happens to the item makes its findings stale. */
export const findingsQuery = (item: string) =>
  queryOptions({
    queryKey: ["items", item, "findings"],
    queryFn: ({ signal }) => api.get<Finding[]>(path`/items/${item}/findings`, undefined, signal),
  });

/** What waits for me: questions about my work, answers to my own. */
export const myFindingsQuery = queryOptions({
  queryKey: ["home", "findings"],
  queryFn: ({ signal }) => api.get<Finding[]>("/me/findings", undefined, signal),
});

export function useFindingActions(item: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["items", item, "findings"] });
    client.invalidateQueries({ queryKey: ["home"] });
  };
  return {
    open: useMutation({
      mutationFn: (draft: FindingDraft) => api.post<Finding>(path`/items/${item}/findings`, draft),
      onSuccess,
    }),
    reply: useMutation({
      mutationFn: ({ id, words }: { id: string; words: string }) =>
        api.post<Finding>(path`/findings/${id}/replies`, { words }),
      onSuccess,
    }),
    resolve: useMutation({
      mutationFn: ({ id, words }: { id: string; words: string }) =>
        api.post<Finding>(path`/findings/${id}/resolve`, words ? { words } : {}),
      onSuccess,
    }),
    reopen: useMutation({
      mutationFn: ({ id, words }: { id: string; words: string }) =>
        api.post<Finding>(path`/findings/${id}/reopen`, { words }),
      onSuccess,
    }),
  };
}
