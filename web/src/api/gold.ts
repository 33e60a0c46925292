/** Hidden gold of a project, for those who answer for quality. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type GoldReport = Schemas["GoldReport"];
export type GoldItem = Schemas["GoldView"];
export type GoldPerson = Schemas["GoldPerson"];
export type GoldResult = Schemas["GoldResultView"];

/** Whose reads of gold, or of which gold item; both absent: all. */
export type Whose = { gold?: string; user?: string };

export const goldQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "gold"],
    queryFn: ({ signal }) => api.get<GoldReport>(path`/projects/${project}/gold`, undefined, signal),
  });

export const goldResultsQuery = (project: string, whose: Whose) =>
  queryOptions({
    queryKey: ["quality", project, "gold", "results", whose],
    queryFn: ({ signal }) => api.get<GoldResult[]>(path`/projects/${project}/gold/results`, whose, signal),
  });

export function useMakeGold(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: { item: string; reason: string }) =>
      api.post<GoldItem>(path`/projects/${project}/gold`, draft),
    onSuccess: () => client.invalidateQueries({ queryKey: ["quality", project, "gold"] }),
  });
}

export function useRetireGold(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ gold, ...retirement }: { gold: string; reason: string; wrong: boolean }) =>
      api.post<GoldItem>(path`/gold/${gold}/retire`, retirement),
    onSuccess: () => client.invalidateQueries({ queryKey: ["quality", project, "gold"] }),
  });
}
