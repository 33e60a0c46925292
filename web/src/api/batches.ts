/** Batches: submitted together, inspected by a drawn sample, accepted or sent back together. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Batch = Schemas["BatchView"];
export type Batches = Schemas["BatchesView"];
export type BatchDetail = Schemas["BatchDetail"];
export type BatchDraft = Schemas["BatchDraft"];
export type BatchChoice = Schemas["BatchChoice"];
export type BatchTally = Schemas["BatchTally"];
export type SupplierTally = Schemas["SupplierTally"];
export type SamplingPlan = Schemas["SamplingPlan"];
export type PlanCurve = Schemas["PlanCurve"];
export type PlanDraft = Schemas["PlanDraft"];
export type PlanPreview = Schemas["PlanPreview"];
export type SchemeCurve = Schemas["SchemeCurve"];
export type PlanWish = Schemas["PlanWish"];
export type DesignedPlan = Schemas["DesignedPlan"];
export type PlanDesigns = Schemas["PlanDesigns"];

export const batchesQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "batches"],
    queryFn: ({ signal }) => api.get<Batches>(path`/projects/${project}/batches`, undefined, signal),
  });

export const batchQuery = (project: string, batch: string) =>
  queryOptions({
    queryKey: ["quality", project, "batches", batch],
    queryFn: ({ signal }) => api.get<BatchDetail>(path`/batches/${batch}`, undefined, signal),
  });

/** What it takes to draw the sample and to decide again without the server. */
export const batchRecordUrl = (batch: string) => apiUrl(path`/batches/${batch}/record`);

export function useBatches(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: ["items"] });
  };
  return {
    look: useMutation({
      mutationFn: (draft: PlanDraft) => api.post<PlanPreview>(path`/projects/${project}/batches/plan`, draft),
    }),
    design: useMutation({
      mutationFn: (wish: PlanWish) => api.post<PlanDesigns>(path`/projects/${project}/batches/design`, wish),
    }),
    submit: useMutation({
      mutationFn: (draft: BatchDraft) => api.post<Batch>(path`/projects/${project}/batches`, draft),
      onSuccess,
    }),
    draw: useMutation({
      mutationFn: ({ id, words }: { id: string; words: string }) =>
        api.post<BatchDetail>(path`/batches/${id}/order`, { words }),
      onSuccess,
    }),
    withdraw: useMutation({
      mutationFn: ({ id, reason }: { id: string; reason: string }) =>
        api.post<BatchDetail>(path`/batches/${id}/withdraw`, { reason }),
      onSuccess,
    }),
    resume: useMutation({
      mutationFn: (body: { supplier: string; reason: string }) =>
        api.post<Batches>(path`/projects/${project}/batches/resume`, body),
      onSuccess,
    }),
  };
}
