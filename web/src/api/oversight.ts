/** After the gate: what it did, sampled audits of what it cleared, leaks and what they recalled. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { components } from "./schema";
import type { Page } from "./types";

type Schemas = components["schemas"];
export type PrivacyReport = Schemas["PrivacyReport"];
export type Audit = Schemas["AuditView"];
export type AuditItem = Schemas["AuditItemView"];
export type Leak = Schemas["LeakView"];
export type ItemRisk = Schemas["ItemRiskView"];
export type LeakItem = Schemas["LeakItemView"];

/** A batch is recalled piece by piece; the page looks again until it is done, in milliseconds. */
const RECALL_POLL_MS = 1_000;
const ROWS_PER_PAGE = 100;

export const reportQuery = (project: string, batch: string | null) =>
  queryOptions({
    queryKey: ["oversight", project, "report", batch],
    queryFn: ({ signal }) =>
      api.get<PrivacyReport>(path`/projects/${project}/privacy-report`, { batch }, signal),
  });

export const auditsQuery = (project: string) =>
  queryOptions({
    queryKey: ["oversight", project, "audits"],
    queryFn: async ({ signal }) =>
      (await api.get<Page<Audit>>(path`/projects/${project}/audits`, { limit: ROWS_PER_PAGE }, signal)).items,
  });

export const auditItemsQuery = (project: string, audit: string) =>
  queryOptions({
    queryKey: ["oversight", project, "audits", audit],
    queryFn: ({ signal }) => api.get<AuditItem[]>(path`/audits/${audit}/items`, undefined, signal),
  });

export const auditImageUrl = (audit: string, position: number, frame: number) =>
  apiUrl(path`/audits/${audit}/items/${position}/frames/${frame}/image`);

export const leaksQuery = (project: string) =>
  queryOptions({
    queryKey: ["oversight", project, "leaks"],
    queryFn: async ({ signal }) =>
      (await api.get<Page<Leak>>(path`/projects/${project}/leaks`, { limit: ROWS_PER_PAGE }, signal)).items,
    refetchInterval: (query) =>
      query.state.data?.some((leak) => leak.state === "recalling") ? RECALL_POLL_MS : false,
  });

export const leakItemsQuery = (project: string, leak: string) =>
  infiniteQueryOptions({
    queryKey: ["oversight", project, "leaks", leak],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<LeakItem>>(
        path`/leaks/${leak}/items`,
        { state: "recalled", limit: ROWS_PER_PAGE, cursor: pageParam },
        signal,
      ),
    getNextPageParam: (last) => last.next,
  });

export const leakImageUrl = (leak: string, item: string, frame: number) =>
  apiUrl(path`/leaks/${leak}/items/${item}/frames/${frame}/image`);

export const risksQuery = (project: string, open: boolean) =>
  infiniteQueryOptions({
    queryKey: ["oversight", project, "risks", open],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ItemRisk>>(
        path`/projects/${project}/risks`,
        { open: String(open), limit: ROWS_PER_PAGE, cursor: pageParam },
        signal,
      ),
    getNextPageParam: (last) => last.next,
  });

export function useOversightActions(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["oversight", project] });
    client.invalidateQueries({ queryKey: ["projects", project] });
    client.invalidateQueries({ queryKey: ["items"] });
  };
  return {
    open: useMutation({
      mutationFn: (plan: Schemas["AuditSample"]) => api.post<Audit>(path`/projects/${project}/audits`, plan),
      onSuccess,
    }),
    answer: useMutation({
      mutationFn: (body: { audit: string; position: number } & Schemas["AuditAnswer"]) => {
        const { audit, position, ...answer } = body;
        return api.post<Schemas["AuditAnswered"]>(path`/audits/${audit}/items/${position}/answer`, answer);
      },
      onSuccess,
    }),
    waive: useMutation({
      mutationFn: (waiver: Schemas["RiskWaiver"]) =>
        api.post<Schemas["Waived"]>(path`/projects/${project}/risks/waivers`, waiver),
      onSuccess,
    }),
    decide: useMutation({
      mutationFn: (body: {
        leak: string;
        items: string[];
        decision: "restore" | "reject";
        reason: string;
      }) => {
        const { leak, ...decision } = body;
        return api.post<Leak>(path`/leaks/${leak}/decision`, decision);
      },
      onSuccess,
    }),
  };
}

/** Says that something in an item identifies a person. */
export function useReportLeak(item: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["LeakReport"]) =>
      api.post<Schemas["LeakNoted"]>(path`/items/${item}/leaks`, body),
    onSuccess: () => client.invalidateQueries({ queryKey: ["items", item] }),
  });
}
