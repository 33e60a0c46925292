/** The start page: what waits for this person. */
import { queryOptions } from "@tanstack/react-query";
import { api, path } from "./client";
import type { HomeCard, OverdueEntry } from "./types";

export const homeQuery = queryOptions({
  queryKey: ["home"],
  queryFn: async ({ signal }) => (await api.get<{ cards: HomeCard[] }>("/home", undefined, signal)).cards,
});

/** What waits in a project longer than its protocol gives it, and this person may answer. */
export const overdueQuery = (project: string) =>
  queryOptions({
    queryKey: ["home", "overdue", project],
    queryFn: ({ signal }) => api.get<OverdueEntry[]>(path`/projects/${project}/overdue`, undefined, signal),
  });
