/** The scope of a breach, and the inspector's copy. */
import { queryOptions } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { BreachReport, Id } from "./types";

/** Which exposures count; times in microseconds, the end not included. */
export type BreachQuestion = { from: number; to: number; user?: Id; subject?: Id };

export const breachQuery = (project: Id, asked: BreachQuestion) =>
  queryOptions({
    queryKey: ["breach", project, asked],
    queryFn: ({ signal }) => api.get<BreachReport>(path`/projects/${project}/breach`, asked, signal),
    // Each question is on record: it is asked again only by a person.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    retry: false,
  });

export const breachTableUrl = (project: Id, asked: BreachQuestion) =>
  apiUrl(path`/projects/${project}/breach.csv`, asked);

export const inspectionUrl = (project: Id) => apiUrl(path`/projects/${project}/inspection`);
export const wholeInspectionUrl = apiUrl("/inspection");
