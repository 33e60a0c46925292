/** Label errors: accepted labels that something speaks against. */
import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";

export type LabelErrors = components["schemas"]["LabelErrors"];
export type LabelSearch = components["schemas"]["LabelSearchView"];
export type Doubt = components["schemas"]["DoubtView"];
export type DoubtChoice = components["schemas"]["DoubtChoice"];

/** What its queries are called among reports. */
export const LABEL_ERRORS = "label-errors";
/** Doubts in one list before more are asked for. */
const PAGE = 50;

export const labelErrorsQuery = (project: string, kind: string, state: string) =>
  infiniteQueryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, LABEL_ERRORS, kind, state),
    queryFn: ({ signal, pageParam }) =>
      api.get<LabelErrors>(
        path`/projects/${project}/label-errors`,
        { kind, state, limit: PAGE, after: pageParam },
        signal,
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
  });

export function useLabelErrors(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: reportKey(project, LABEL_ERRORS) });
  };
  return {
    begin: useMutation({
      mutationFn: () => api.post<LabelErrors>(path`/projects/${project}/label-errors`, undefined),
      onSuccess,
    }),
    decide: useMutation({
      mutationFn: ({ id, ...decision }: { id: string; decision: DoubtChoice; comment?: string }) =>
        api.post<Doubt>(path`/label-doubts/${id}/decision`, decision),
      onSettled: onSuccess,
    }),
  };
}
