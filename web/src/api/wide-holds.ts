/** Holds on a lot, a batch, a release or a person's work, and the releases that they reach into. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type WideHold = Schemas["WideHoldView"];
export type HoldScope = Schemas["HoldScope"];
export type WideHoldCheck = Schemas["WideHoldCheck"];

export const wideHoldsQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "holds"],
    queryFn: ({ signal }) => api.get<WideHold[]>(path`/projects/${project}/holds`, undefined, signal),
  });

/** What a hold would reach. */
export const wideHoldCheckQuery = (project: string, on: HoldScope | null) =>
  queryOptions({
    queryKey: ["quality", project, "holds", "check", on],
    queryFn: () => api.post<WideHoldCheck>(path`/projects/${project}/holds/check`, on),
    enabled: on !== null,
  });

export function useWideHolds(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: ["releases"] });
    client.invalidateQueries({ queryKey: ["projects", project] });
  };
  return {
    put: useMutation({
      mutationFn: (body: { on: HoldScope; reason: string }) =>
        api.post<WideHold>(path`/projects/${project}/holds`, body),
      onSuccess,
    }),
    lift: useMutation({
      mutationFn: ({ hold, reason }: { hold: string; reason: string }) =>
        api.post<WideHold>(path`/wide-holds/${hold}/lift`, { reason }),
      onSuccess,
    }),
  };
}
