/** Projects, their counts, grants and the declaration. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, list, path } from "./client";
import type { EvidenceEvent, Grant, Page, Project, ProjectSummary, ProtocolName, Role } from "./types";

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: async ({ signal }) =>
    list(await api.get<ProjectSummary[] | Page<ProjectSummary>>("/projects", undefined, signal)),
});

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: ["projects", id],
    queryFn: ({ signal }) => api.get<Project>(path`/projects/${id}`, undefined, signal),
  });

export const grantsQuery = (project: string) =>
  queryOptions({
    queryKey: ["projects", project, "grants"],
    queryFn: async ({ signal }) =>
      list(await api.get<Grant[] | Page<Grant>>(path`/projects/${project}/grants`, undefined, signal)),
  });

export const projectEventsPage = (project: string, cursor: string | null, signal?: AbortSignal) =>
  api.get<Page<EvidenceEvent>>(path`/projects/${project}/events`, { cursor, limit: 100 }, signal);

export function useCreateProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; protocol: ProtocolName; login?: string; password?: string }) =>
      api.post<ProjectSummary>("/projects", body),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: projectsQuery.queryKey });
      client.invalidateQueries({ queryKey: ["me"] });
    },
  });
}

export function useGrantActions(project: string) {
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: grantsQuery(project).queryKey });
  return {
    add: useMutation({
      mutationFn: (body: { user: string; role: Role }) =>
        api.post<Grant>(path`/projects/${project}/grants`, body),
      onSuccess: done,
    }),
    end: useMutation({
      mutationFn: (grant: string) => api.delete(path`/projects/${project}/grants/${grant}`),
      onSuccess: done,
    }),
  };
}

/** "This data is publicly released": said once, with the password, by a privacy officer. */
export function useDeclarePublic(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (signature: { login?: string; password: string }) =>
      api.post<void>(path`/projects/${project}/declaration`, {
        ...signature,
        statement: "publicly_released",
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["projects"] }),
  });
}
