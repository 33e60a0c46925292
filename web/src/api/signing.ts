/** What a signature takes, and alerts about accounts that were locked after wrong passwords. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, list, path } from "./client";
import type { AccessAlert, SigningState } from "./types";

/** Asked each time that a dialog opens: a quarter of an hour without a signature changes the answer. */
export const signingQuery = queryOptions({
  queryKey: ["me", "signing"],
  queryFn: ({ signal }) => api.get<SigningState>("/me/signing", undefined, signal),
  staleTime: 0,
  gcTime: 0,
});

/** Says, once, that the electronic signature binds. */
export function useAgree() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) => api.post<SigningState>("/me/signing", { version }),
    onSuccess: (state) => client.setQueryData(signingQuery.queryKey, state),
  });
}

export const alertsQuery = queryOptions({
  queryKey: ["alerts"],
  queryFn: async ({ signal }) => list(await api.get<AccessAlert[]>("/alerts", undefined, signal)),
  refetchInterval: 60_000,
});

export function useCloseAlert() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ alert, reason }: { alert: string; reason: string }) =>
      api.post<AccessAlert>(path`/alerts/${alert}/close`, { reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: alertsQuery.queryKey }),
  });
}
