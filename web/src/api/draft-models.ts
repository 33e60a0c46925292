/** Models that draft in a project, and stopping one. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

export type DraftModel = components["schemas"]["DraftModelView"];

export const draftModelsQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "draft-models"],
    queryFn: ({ signal }) =>
      api.get<DraftModel[]>(path`/projects/${project}/draft-models`, undefined, signal),
  });

/** The models that drafted in any project, for those who lead the installation. */
export const draftModelsEverywhereQuery = queryOptions({
  queryKey: ["draft-models"],
  queryFn: ({ signal }) => api.get<DraftModel[]>("/draft-models", undefined, signal),
});

/** Stops a model in a project, or in every one, or lets it draft again. */
export function useDraftModel(project: string | null) {
  const client = useQueryClient();
  const at = project === null ? "" : path`/projects/${project}`;
  const key = project === null ? ["draft-models"] : ["quality", project, "draft-models"];
  return useMutation({
    mutationFn: ({ stop, ...body }: { stop: boolean; model: string; reason: string }) =>
      api.post<void>(`${at}/draft-models/${stop ? "stop" : "resume"}`, body),
    onSuccess: () => client.invalidateQueries({ queryKey: key }),
  });
}
