/** How good labels are: frozen sets, their blind audits, the bounds and certificates that follow. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";
import type { Page } from "./types";

type Schemas = components["schemas"];
export type Certification = Schemas["CertificationView"];
export type CertificationDraft = Schemas["CertificationDraft"];
export type Bound = Schemas["BoundView"];
export type AuditUnit = Schemas["AuditUnit"];
export type ShownUnit = Schemas["ShownUnit"];
export type FoundError = Schemas["FoundError"];
export type ErrorKind = Schemas["ErrorKind"];
export type Severity = Schemas["Severity"];
export type Finding = Schemas["FindingView"];

const ROWS_PER_PAGE = 100;

export const certificationsQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "certifications"],
    queryFn: async ({ signal }) =>
      (
        await api.get<Page<Certification>>(
          path`/projects/${project}/certifications`,
          { limit: ROWS_PER_PAGE },
          signal,
        )
      ).items,
  });

export const findingsQuery = (project: string, certification: string) =>
  queryOptions({
    queryKey: ["quality", project, "certifications", certification],
    queryFn: ({ signal }) =>
      api.get<Finding[]>(path`/certifications/${certification}/findings`, undefined, signal),
  });

/** A window, in rescaled units, counts for DICOM only; without one a frame is shown as its file says. */
export const unitImageUrl = (
  certification: string,
  position: number,
  frame: number,
  window?: { center: number; width: number } | null,
) =>
  apiUrl(path`/certifications/${certification}/units/${position}/frames/${frame}/image`, {
    window: window ? `${window.center},${window.width}` : undefined,
  });

export function useCertify(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: ["items"] });
  };
  return {
    freeze: useMutation({
      mutationFn: (draft: CertificationDraft) =>
        api.post<Certification>(path`/projects/${project}/certifications`, draft),
      onSuccess,
    }),
    draw: useMutation({
      mutationFn: ({ id, words }: { id: string; words: string }) =>
        api.post<Certification>(path`/certifications/${id}/order`, { words }),
      onSuccess,
    }),
    end: useMutation({
      mutationFn: ({ id, reason }: { id: string; reason: string }) =>
        api.post<Certification>(path`/certifications/${id}/end`, { reason }),
      onSuccess,
    }),
  };
}

/** What a judgement is about: its audit ends in a certificate, or decides a batch. */
export type AuditKind = "certifications" | "batches";

/** Blind audits are given out and looked at alike, whatever they are for. */
export function useAudit(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: ["items"] });
  };
  return {
    next: useMutation({
      mutationFn: (id: string) => api.post<AuditUnit>(path`/certifications/${id}/next`, {}),
    }),
    own: useMutation({
      mutationFn: ({
        id,
        position,
        classes,
      }: {
        id: string;
        position: number;
        classes: Record<string, number>;
      }) => api.post<AuditUnit>(path`/certifications/${id}/units/${position}/own`, { classes }),
    }),
    judge: useMutation({
      mutationFn: (body: {
        kind: AuditKind;
        id: string;
        position: number;
        errors: FoundError[];
        comment: string | null;
      }) => {
        const { kind, id, position, ...judgement } = body;
        return api.post<unknown>(path`/${kind}/${id}/units/${position}/judgement`, judgement);
      },
      onSuccess,
    }),
  };
}

export type Monitor = Schemas["MonitorView"];
export type Worked = Schemas["WorkedView"];
export type Alarm = Schemas["AlarmView"];
export type StreamOf = Schemas["StreamView"];
export type Check = Schemas["CheckView"];
export type Cusum = Schemas["CusumView"];
export type Corrections = Schemas["CorrectionsView"];
export type AlarmItem = Schemas["AlarmItemView"];
export type EarlierItem = Schemas["EarlierItemView"];

export const monitorQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "monitor"],
    queryFn: ({ signal }) => api.get<Monitor>(path`/projects/${project}/monitor`, undefined, signal),
  });

export const checksQuery = (project: string, user: string, stream: string) =>
  queryOptions({
    queryKey: ["quality", project, "monitor", user, stream],
    queryFn: ({ signal }) =>
      api.get<Check[]>(path`/projects/${project}/monitor/${user}/checks`, { stream }, signal),
  });

export const cusumQuery = (project: string, user: string, stream: string) =>
  queryOptions({
    queryKey: ["quality", project, "monitor", user, stream, "cusum"],
    queryFn: ({ signal }) =>
      api.get<Cusum | null>(path`/projects/${project}/monitor/${user}/cusum`, { stream }, signal),
  });

export const alarmItemsQuery = (project: string, alarm: string) =>
  queryOptions({
    queryKey: ["quality", project, "alarm", alarm],
    queryFn: ({ signal }) => api.get<AlarmItem[]>(path`/alarms/${alarm}/items`, undefined, signal),
  });

export const alarmEarlierQuery = (project: string, alarm: string) =>
  queryOptions({
    queryKey: ["quality", project, "alarm", alarm, "earlier"],
    queryFn: ({ signal }) => api.get<EarlierItem[]>(path`/alarms/${alarm}/earlier`, undefined, signal),
  });

export const correctionsQuery = (project: string) =>
  queryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "corrections"),
    queryFn: ({ signal }) => api.get<Corrections>(path`/projects/${project}/corrections`, undefined, signal),
  });

/** What is said of one's own work. */
export const feedbackQuery = queryOptions({
  queryKey: ["feedback"],
  queryFn: ({ signal }) => api.get<Alarm[]>("/me/feedback", undefined, signal),
});

export function useAppeal() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ alarm, words }: { alarm: string; words: string }) =>
      api.post<Alarm>(path`/alarms/${alarm}/appeal`, { words }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["feedback"] }),
  });
}

export function useMonitorActions(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["quality", project] });
    client.invalidateQueries({ queryKey: ["projects", project] });
    client.invalidateQueries({ queryKey: ["items"] });
  };
  return {
    set: useMutation({
      mutationFn: (runLength: number) =>
        api.put<Monitor>(path`/projects/${project}/monitor`, { run_length: runLength }),
      onSuccess,
    }),
    decide: useMutation({
      mutationFn: ({
        alarm,
        ...decision
      }: {
        alarm: string;
        decision: "dismiss" | "uphold";
        reason: string;
      }) => api.post<Alarm>(path`/alarms/${alarm}/decision`, decision),
      onSuccess,
    }),
  };
}
