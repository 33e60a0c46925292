/** Organizations, their contracts, what vendors are given to read and what it is worth. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";
import { meQuery } from "./session";
import { usersQuery } from "./users";

type Schemas = components["schemas"];
export type Organization = Schemas["OrganizationView"];
export type OrganizationDetail = Schemas["OrganizationDetail"];
export type NewOrganization = Schemas["NewOrganization"];
export type ChangedOrganization = Schemas["ChangedOrganization"];
export type VendorReport = Schemas["VendorReport"];
export type VendorView = Schemas["VendorView"];
export type Compared = Schemas["ComparedView"];
export type Counted = Schemas["CountView"];
export type Mix = Schemas["MixView"];
export type NewMix = Schemas["NewMix"];

export const organizationsQuery = queryOptions({
  queryKey: ["organizations"],
  queryFn: ({ signal }) => api.get<OrganizationDetail[]>("/organizations", undefined, signal),
});

export function useOrganizationActions() {
  const client = useQueryClient();
  const done = () =>
    Promise.all(
      [organizationsQuery, usersQuery, meQuery].map((query) =>
        client.invalidateQueries({ queryKey: query.queryKey }),
      ),
    );
  return {
    make: useMutation({
      mutationFn: (body: NewOrganization) => api.post<Organization>("/organizations", body),
      onSuccess: done,
    }),
    change: useMutation({
      mutationFn: ({ id, ...body }: ChangedOrganization & { id: string }) =>
        api.put<Organization>(path`/organizations/${id}`, body),
      onSuccess: done,
    }),
    move: useMutation({
      mutationFn: ({ user, ...body }: { user: string; organization: string; reason: string }) =>
        api.put(path`/users/${user}/organization`, body),
      onSuccess: done,
    }),
  };
}

/** What is asked of the report; shares are between 0 and 1. */
export type VendorQuestion = { critical: string[]; first: number; second: number };

const asked = (question: VendorQuestion) => ({
  critical: question.critical.join(",") || undefined,
  first: String(question.first),
  second: String(question.second),
});

export const vendorsQuery = (project: string, question: VendorQuestion) =>
  queryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "vendors", question),
    queryFn: ({ signal }) =>
      api.get<VendorReport>(path`/projects/${project}/vendors`, asked(question), signal),
    placeholderData: (before) => before,
  });

export function vendorsTableUrl(project: string, question: VendorQuestion): string {
  const words = Object.entries(asked(question)).filter(([, value]) => value !== undefined);
  return `${apiUrl(path`/projects/${project}/vendors.csv`)}?${new URLSearchParams(words as [string, string][])}`;
}

export const paymentUrl = (project: string, organization: string, from: number, until: number) =>
  `${apiUrl(path`/projects/${project}/vendors/${organization}/payment.csv`)}?from=${from}&until=${until}`;

export const mixesQuery = (project: string) =>
  queryOptions({
    queryKey: ["mixes", project],
    queryFn: ({ signal }) => api.get<Mix[]>(path`/projects/${project}/mixes`, undefined, signal),
  });

export function useMixActions(project: string) {
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: mixesQuery(project).queryKey });
  return {
    draw: useMutation({
      mutationFn: (body: NewMix) => api.post<Mix>(path`/projects/${project}/mixes`, body),
      onSuccess: done,
    }),
    takeBack: useMutation({
      mutationFn: ({ mix, ...body }: { mix: string; organization: string; reason: string }) =>
        api.post<Mix[]>(path`/mixes/${mix}/take-back`, body),
      onSuccess: done,
    }),
  };
}
