/** Who is signed in, signing in and out, the password, the tokens. */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, list, path } from "./client";
import type { Me, Page, Role, Token } from "./types";

/**
 * `null` = signed out on purpose. A 401 stays an error: on the first load it means the sign-in screen, later it
 * means signing in again over the page, whose data must not vanish.
 */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }): Promise<Me | null> => api.get<Me>("/session", undefined, signal),
  staleTime: 60_000,
});

export const useMe = () => useQuery(meQuery).data ?? null;

export function hasRole(me: Me | null, role: Role, project?: string): boolean {
  if (!me) return false;
  return me.grants.some(
    (grant) => grant.role === role && (project === undefined || grant.project === project),
  );
}
/** An auditor of the whole installation. */
export const isAuditor = (me: Me | null) => me?.system_roles.includes("auditor") ?? false;
export const isOwner = (me: Me | null) => me?.system_roles.includes("owner") ?? false;

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { login: string; password: string }) => api.post<Me>("/session", body),
    onSuccess: (me) => client.setQueryData(meQuery.queryKey, me),
  });
}

const forgetting: (() => void)[] = [];

/** What is kept beside the answers of queries goes with them when somebody signs out. */
export const atSignOut = (forget: () => void) => void forgetting.push(forget);

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.delete("/session"),
    onSuccess: () => {
      // Nothing of one person's work may be left for the next one at this screen.
      client.setQueryData(meQuery.queryKey, null);
      client.removeQueries({ predicate: (query) => query.queryKey.join("/") !== "me" });
      for (const forget of forgetting) forget();
    },
  });
}

/** Re-enters the password before something is signed. */
export const verifyPassword = (password: string) => api.post<void>("/session/verify", { password });

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { current: string; new: string }) => api.put<void>("/me/password", body),
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
}

export const tokensQuery = queryOptions({
  queryKey: ["me", "tokens"],
  queryFn: async ({ signal }) => list(await api.get<Token[] | Page<Token>>("/me/tokens", undefined, signal)),
});

export function useTokenActions() {
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  return {
    create: useMutation({
      mutationFn: (token: { name: string; days: number }) => api.post<Token>("/me/tokens", token),
      onSuccess: done,
    }),
    end: useMutation({ mutationFn: (id: string) => api.delete(path`/me/tokens/${id}`), onSuccess: done }),
  };
}
