/** Models that draw by clicks: registered for a project and retired. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type ClickModelView = Schemas["ClickModelView"];
export type ClickModels = Schemas["ClickModels"];
export type ClickModelDraft = Schemas["ClickModelDraft"];

export const clickModelsQuery = (project: string) =>
  queryOptions({
    queryKey: ["gate", project, "click-models"],
    queryFn: ({ signal }) => api.get<ClickModels>(path`/projects/${project}/click-models`, undefined, signal),
  });

export function useClickModels(project: string) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: ["gate", project, "click-models"] });
  return {
    register: useMutation({
      mutationFn: (body: ClickModelDraft) =>
        api.post<ClickModelView>(path`/projects/${project}/click-models`, body),
      onSettled,
    }),
    retire: useMutation({
      mutationFn: ({ model, reason }: { model: string; reason: string }) =>
        api.post<ClickModelView>(path`/click-models/${model}/retire`, { reason }),
      onSettled,
    }),
  };
}
