/** What each tier of a project finds, misses, takes and costs. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type TierReport = Schemas["TierReport"];
export type TierStage = Schemas["TierStage"];
export type TierPerson = Schemas["TierPerson"];
export type TierReader = Schemas["TierReader"];
export type Found = Schemas["FoundView"];
export type Share = Schemas["ShareView"];
export type Times = Schemas["TimesView"];
export type Unseen = Schemas["UnseenView"];
export type Rate = Schemas["RateView"];
export type RateDraft = Schemas["RateDraft"];

export const tiersQuery = (project: string) =>
  queryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "tiers"),
    queryFn: ({ signal }) => api.get<TierReport>(path`/projects/${project}/tiers`, undefined, signal),
  });

export const tiersTableUrl = (project: string) => apiUrl(path`/projects/${project}/tiers.csv`);

export function useRates(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rates: RateDraft[]) => api.put<Rate[]>(path`/projects/${project}/rates`, { rates }),
    onSuccess: () => client.invalidateQueries({ queryKey: reportKey(project, "tiers") }),
  });
}
