/** Models that find faces and plates: registered, measured on labelled frames, believed by the gate or not. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type FaceModel = Schemas["FaceModelView"];
export type FaceModels = Schemas["FaceModels"];
export type FaceModelConfig = Schemas["FaceModelConfig"];
export type FaceRun = Schemas["FaceRunView"];
export type Sample = Schemas["SampleDraft"];
export type ModelCheck = Schemas["ModelCheck"];

/** While a run goes on the page looks again, in milliseconds. */
const RUN_POLL_MS = 1_000;

export const isRunning = (run: FaceRun) => run.state === "waiting" || run.state === "running";

export const faceModelsQuery = (project: string) =>
  queryOptions({
    queryKey: ["gate", project, "models"],
    queryFn: ({ signal }) => api.get<FaceModels>(path`/projects/${project}/face-models`, undefined, signal),
    refetchInterval: (query) =>
      query.state.data?.models.some((model) => model.runs.some(isRunning)) ? RUN_POLL_MS : false,
  });

export function useFaceModels(project: string) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: ["gate", project] });
  return {
    register: useMutation({
      mutationFn: (body: { name: string; config: FaceModelConfig }) =>
        api.post<FaceModel>(path`/projects/${project}/face-models`, body),
      onSettled,
    }),
    check: useMutation({
      mutationFn: (model: string) => api.post<ModelCheck>(path`/face-models/${model}/check`),
    }),
    retire: useMutation({
      mutationFn: (model: string) => api.post<FaceModel>(path`/face-models/${model}/retire`),
      onSettled,
    }),
    measure: useMutation({
      mutationFn: (body: { model: string; sample: Sample }) =>
        api.post<FaceRun>(path`/face-models/${body.model}/runs`, body.sample),
      onSettled,
    }),
    again: useMutation({
      mutationFn: () => api.post<void>(path`/projects/${project}/gate/again`),
      onSettled,
    }),
  };
}
