/** Releases: what was let go, under which root hash. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, list, path } from "./client";
import type { Page, Protocol, Release } from "./types";

export const releasesQuery = (project: string) =>
  queryOptions({
    queryKey: ["releases", project],
    queryFn: async ({ signal }) =>
      list(await api.get<Release[] | Page<Release>>(path`/projects/${project}/releases`, undefined, signal)),
  });

export const releaseQuery = (id: string) =>
  queryOptions({
    queryKey: ["releases", "one", id],
    queryFn: ({ signal }) => api.get<Release>(path`/releases/${id}`, undefined, signal),
  });

export function useMakeRelease(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: {
      name: string;
      items: string[] | "all_accepted";
      audience: "internal" | "public";
      certification?: string;
      login?: string;
      password?: string;
    }) => api.post<Release>(path`/projects/${project}/releases`, body),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["releases", project] });
      client.invalidateQueries({ queryKey: ["projects", project] });
    },
  });
}

export function useReleaseActions(release: string) {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: ["releases"] });
  return {
    countersign: useMutation({
      mutationFn: (body: { login?: string; password: string }) =>
        api.post<Release>(path`/releases/${release}/countersign`, body),
      onSuccess,
    }),
    withdraw: useMutation({
      mutationFn: (reason: string) => api.post<Release>(path`/releases/${release}/withdraw`, { reason }),
      onSuccess,
    }),
  };
}

/** A release of this project takes two people; absent from the protocol, it does in healthcare. */
export const takesTwo = (protocol: Protocol) =>
  protocol.release?.four_eyes ?? protocol.industry === "healthcare";

export const releaseDownloadUrl = (id: string) => apiUrl(path`/releases/${id}/download`);
