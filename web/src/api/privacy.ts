/** People behind the data, for the privacy officer: subjects by pseudonym, requests that need two people, the vault. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { Page, PrivacyRequest, Revealed, Subject, VaultStatus } from "./types";

/** Subjects shown at once; the list grows by as many on request. */
const SUBJECTS_SHOWN = 100;

export const subjectsQuery = (project: string, cursor: string | null) =>
  queryOptions({
    queryKey: ["privacy", project, "subjects", cursor],
    queryFn: ({ signal }) =>
      api.get<Page<Subject>>(path`/projects/${project}/subjects`, { limit: SUBJECTS_SHOWN, cursor }, signal),
  });

export const requestsQuery = (project: string) =>
  queryOptions({
    queryKey: ["privacy", project, "requests"],
    queryFn: ({ signal }) =>
      api.get<PrivacyRequest[]>(path`/projects/${project}/privacy-requests`, undefined, signal),
  });

export const vaultQuery = (project: string) =>
  queryOptions({
    queryKey: ["privacy", project, "vault"],
    queryFn: ({ signal }) => api.get<VaultStatus>(path`/projects/${project}/vault`, undefined, signal),
  });

export const certificateUrl = (request: string) => apiUrl(path`/privacy-requests/${request}/certificate`);
export const certificateTextUrl = (request: string) =>
  apiUrl(path`/privacy-requests/${request}/certificate/text`);

export function usePrivacy(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["privacy", project] });
    client.invalidateQueries({ queryKey: ["home"] });
  };
  return {
    /** The patient ID goes in the body: no log of addresses has it. */
    find: useMutation({
      mutationFn: (body: { patient_id: string; issuer: string; reason: string }) =>
        api.post<Subject>(path`/projects/${project}/subjects/search`, body),
    }),
    erase: useMutation({
      mutationFn: (body: { subject: string; reason: string }) =>
        api.post<PrivacyRequest>(path`/projects/${project}/erasures`, body),
      onSuccess,
    }),
    reidentify: useMutation({
      mutationFn: (body: { item: string; reason: string }) =>
        api.post<PrivacyRequest>(path`/projects/${project}/reidentifications`, body),
      onSuccess,
    }),
    decide: useMutation({
      mutationFn: ({
        request,
        ...body
      }: {
        request: string;
        decision: "approve" | "refuse";
        reason: string;
        login?: string;
        password: string;
      }) => api.post<PrivacyRequest>(path`/privacy-requests/${request}/decision`, body),
      onSuccess,
    }),
    reveal: useMutation({
      mutationFn: (request: string) => api.post<Revealed>(path`/privacy-requests/${request}/reveal`, {}),
      onSuccess,
    }),
  };
}
