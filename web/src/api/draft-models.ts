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

/** Stops a model, or lets it draft again. */
export function useDraftModel(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ stop, ...body }: { stop: boolean; model: string; reason: string }) =>
      stop
        ? api.post<void>(path`/projects/${project}/draft-models/stop`, body)
        : api.post<void>(path`/projects/${project}/draft-models/resume`, body),
    onSuccess: () => client.invalidateQueries({ queryKey: ["quality", project, "draft-models"] }),
  });
}
