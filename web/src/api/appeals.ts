/** What came back to me and what I say against it; what others say against reviews, for those who decide. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type ReturnedList = Schemas["ReturnedList"];
export type ReturnedWork = Schemas["ReturnedWork"];
export type OwnAppeal = Schemas["OwnAppeal"];
export type Appeal = Schemas["AppealView"];
export type AppealCase = Schemas["AppealCase"];
export type AppealChoice = Schemas["AppealChoice"];

export const returnedQuery = queryOptions({
  queryKey: ["feedback", "returned"],
  queryFn: ({ signal }) => api.get<ReturnedList>("/me/returned", undefined, signal),
});

export const appealsQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "appeals"],
    queryFn: ({ signal }) => api.get<Appeal[]>(path`/projects/${project}/appeals`, undefined, signal),
  });

export const appealCaseQuery = (project: string, appeal: string) =>
  queryOptions({
    queryKey: ["quality", project, "appeals", appeal],
    queryFn: ({ signal }) => api.get<AppealCase>(path`/appeals/${appeal}`, undefined, signal),
  });

export function useAppealReview() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ review, words }: { review: string; words: string }) =>
      api.post<OwnAppeal>(path`/reviews/${review}/appeal`, { words }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["feedback"] }),
  });
}

export function useDecideAppeal(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ appeal, ...decision }: { appeal: string; decision: AppealChoice; reason: string }) =>
      api.post<Appeal>(path`/appeals/${appeal}/decision`, decision),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["quality", project] });
      client.invalidateQueries({ queryKey: ["home"] });
    },
  });
}
