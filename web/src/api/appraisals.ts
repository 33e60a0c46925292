/** Studies of people's eyes: planned, judged blind in drawn orders, signed. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Study = Schemas["AppraisalView"];
export type StudyDraft = Schemas["AppraisalDraft"];
export type StudyRecord = Schemas["AppraisalRecord"];
export type StudyTurn = Schemas["AppraisalTurn"];
export type StudyFigures = Schemas["AppraisalFigures"];
export type PersonFigures = Schemas["PersonFigures"];
export type PairFigures = Schemas["PairFigures"];
export type PartCandidate = Schemas["PartCandidate"];
export type Rate = Schemas["AppraisalRate"];
export type Kappa = Schemas["AppraisalKappa"];
export type Shortfall = Schemas["Shortfall"];
export type Verdict = Schemas["AppraisalVerdict"];
type Listed<T> = { items: T[]; next?: string | null };

/** Most items that are offered as parts at once. */
export const CANDIDATES_MAX = 500;

export const studiesQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "appraisals"],
    queryFn: ({ signal }) =>
      api.get<Listed<Study>>(path`/projects/${project}/appraisals`, { limit: 100 }, signal),
  });

export const studyQuery = (project: string, study: string) =>
  queryOptions({
    queryKey: ["quality", project, "appraisals", study],
    queryFn: ({ signal }) => api.get<Study>(path`/appraisals/${study}`, undefined, signal),
  });

export const candidatesQuery = (project: string, classes: string[], people: string[]) =>
  queryOptions({
    queryKey: ["quality", project, "appraisals", "candidates", classes, people],
    queryFn: ({ signal }) =>
      api.get<Listed<PartCandidate>>(
        path`/projects/${project}/appraisals/candidates`,
        { classes: classes.join(","), people: people.join(","), limit: CANDIDATES_MAX },
        signal,
      ),
  });

/** Every part and every answer of a study that is over. */
export const studyRecordQuery = (study: string) =>
  queryOptions({
    queryKey: ["studies", study, "record"],
    queryFn: ({ signal }) => api.get<StudyRecord>(path`/appraisals/${study}/record`, undefined, signal),
    // What is over does not change.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const studyRecordUrl = (study: string) => apiUrl(path`/appraisals/${study}/record`);
export const studyTableUrl = (study: string) => apiUrl(path`/appraisals/${study}/answers.csv`);
export const turnImageUrl = (study: string, number: number, frame: number) =>
  apiUrl(path`/appraisals/${study}/turns/${number}/frames/${frame}/image`);

export function useStudies(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: ["qualifications"] });
    client.invalidateQueries({ queryKey: ["home"] });
  };
  return {
    freeze: useMutation({
      mutationFn: (draft: StudyDraft) => api.post<Study>(path`/projects/${project}/appraisals`, draft),
      onSuccess,
    }),
    draw: useMutation({
      mutationFn: ({ id, words }: { id: string; words: string }) =>
        api.post<Study>(path`/appraisals/${id}/order`, { words }),
      onSuccess,
    }),
    end: useMutation({
      mutationFn: ({ id, reason }: { id: string; reason: string }) =>
        api.post<Study>(path`/appraisals/${id}/end`, { reason }),
      onSuccess,
    }),
    issue: useMutation({
      mutationFn: ({ id, login, password }: { id: string; login?: string | undefined; password: string }) =>
        api.post<Study>(path`/appraisals/${id}/issue`, { login, password }),
      onSuccess,
    }),
    next: useMutation({
      mutationFn: (id: string) => api.post<StudyTurn>(path`/appraisals/${id}/next`, {}),
    }),
    answer: useMutation({
      mutationFn: ({ id, number, bad }: { id: string; number: number; bad: boolean }) =>
        api.post<StudyTurn>(path`/appraisals/${id}/turns/${number}/answer`, { bad }),
    }),
  };
}
