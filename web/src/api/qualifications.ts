/** Who holds which certificate until when. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path, send } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Qualification = Schemas["QualificationView"];
export type QualificationDraft = Schemas["QualificationDraft"];
export type Qualifications = Schemas["QualificationsView"];

export const qualificationsQuery = (project: string) =>
  queryOptions({
    queryKey: ["qualifications", project],
    queryFn: ({ signal }) =>
      api.get<Qualifications>(path`/projects/${project}/qualifications`, undefined, signal),
  });

/** One's own. */
export const myQualificationsQuery = queryOptions({
  queryKey: ["qualifications", "mine"],
  queryFn: ({ signal }) => api.get<Qualification[]>("/me/qualifications", undefined, signal),
});

/** Those that count on every project. */
export const everywhereQuery = queryOptions({
  queryKey: ["qualifications", "everywhere"],
  queryFn: ({ signal }) => api.get<Qualification[]>("/qualifications", undefined, signal),
});

/** The document of a certificate; the browser keeps it as a file. */
export const paperUrl = (id: string) => apiUrl(path`/qualifications/${id}/paper`);

/** For a project, or, without one, for those that count everywhere. */
export function useQualificationActions(project: string | null) {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: ["qualifications"] });
  return {
    issue: useMutation({
      mutationFn: (draft: QualificationDraft) =>
        api.post<Qualification>(
          project === null ? "/qualifications" : path`/projects/${project}/qualifications`,
          draft,
        ),
      onSuccess,
    }),
    keep: useMutation({
      mutationFn: async ({ id, file }: { id: string; file: Blob }) =>
        (await send<Qualification>("PUT", path`/qualifications/${id}/paper`, { bytes: file })).data,
      onSuccess,
    }),
    revoke: useMutation({
      mutationFn: ({ id, reason }: { id: string; reason: string }) =>
        api.post<Qualification>(path`/qualifications/${id}/revoke`, { reason }),
      onSuccess,
    }),
  };
}
