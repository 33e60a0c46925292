/** Releases: what was let go, under which root hash. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, list, path } from "./client";
import type { Page, Release } from "./types";

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
    }) => api.post<Release>(path`/projects/${project}/releases`, body),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["releases", project] });
      client.invalidateQueries({ queryKey: ["projects", project] });
    },
  });
}

export const releaseDownloadUrl = (id: string) => apiUrl(path`/releases/${id}/download`);
