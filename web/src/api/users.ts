/** Accounts; only an owner may see or change them. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, list, path } from "./client";
import type { Account, CreatedAccount, Page } from "./types";

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => list(await api.get<Account[] | Page<Account>>("/users", undefined, signal)),
});

export function useUserActions() {
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: usersQuery.queryKey });
  return {
    create: useMutation({
      mutationFn: (body: { login: string; printed_name: string; organization?: string | null }) =>
        api.post<CreatedAccount>("/users", body),
      onSuccess: done,
    }),
    change: useMutation({
      mutationFn: ({ id, ...body }: { id: string; active?: boolean; printed_name?: string }) =>
        api.patch<Account>(path`/users/${id}`, body),
      onSuccess: done,
    }),
  };
}
