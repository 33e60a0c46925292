/** The scope of a breach, and the inspector's copy. */
import { queryOptions } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { BreachReport, EvidenceLight, Id } from "./types";

/** How often the light is looked at, milliseconds. */
const LIGHT_EVERY_MS = 10_000;

/** Which exposures count; times in microseconds, the end not included. */
export type BreachQuestion = { from: number; to: number; user?: Id; subject?: Id };

/** A question about one project, or about the whole installation. */
const within = (project: Id | null, tail: string) =>
  project === null ? `/${tail}` : path`/projects/${project}/` + tail;

export const breachQuery = (project: Id | null, asked: BreachQuestion) =>
  queryOptions({
    queryKey: ["breach", project, asked],
    queryFn: ({ signal }) => api.get<BreachReport>(within(project, "breach"), asked, signal),
    // Each question is on record: it is asked again only by a person.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    retry: false,
  });

/** Whether the log is to be relied on, for those who answer for a project's evidence. */
export const lightQuery = (project: Id) =>
  queryOptions({
    queryKey: ["integrity", project],
    queryFn: ({ signal }) => api.get<EvidenceLight>(path`/projects/${project}/integrity`, undefined, signal),
    refetchInterval: LIGHT_EVERY_MS,
  });

export const breachTableUrl = (project: Id | null, asked: BreachQuestion) =>
  apiUrl(within(project, "breach.csv"), asked);

/** Each exposure by itself: who, which image, when, what for. */
export const breachViewsUrl = (project: Id | null, asked: BreachQuestion) =>
  apiUrl(within(project, "breach-views.csv"), asked);

export const inspectionUrl = (project: Id) => apiUrl(path`/projects/${project}/inspection`);
export const wholeInspectionUrl = apiUrl("/inspection");
