/** Protocols as documents: the one in force, its versions, drafts, and how work moves through the stages. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type {
  CheckedDraft,
  ProtocolDocument,
  ProtocolFlow,
  ProtocolTemplate,
  ProtocolVersion,
} from "./types";

/** A part of JSON Schema, as far as completion reads it. */
export type SchemaNode = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: string[];
  oneOf?: SchemaNode[];
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
};
export type ProtocolSchema = SchemaNode & { $defs: Record<string, SchemaNode> };

export const protocolQuery = (project: string) =>
  queryOptions({
    queryKey: ["projects", project, "protocol"],
    queryFn: ({ signal }) =>
      api.get<ProtocolDocument>(path`/projects/${project}/protocol`, undefined, signal),
  });

export const versionsQuery = (project: string) =>
  queryOptions({
    queryKey: ["projects", project, "protocol", "versions"],
    queryFn: ({ signal }) =>
      api.get<ProtocolVersion[]>(path`/projects/${project}/protocol/versions`, undefined, signal),
  });

/** A version never changes; what it changed is told against the version before it. */
export const versionQuery = (project: string, version: number) =>
  queryOptions({
    queryKey: ["protocol-version", project, version],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      api.get<ProtocolDocument>(path`/projects/${project}/protocol/versions/${version}`, undefined, signal),
  });

export const flowQuery = (project: string) =>
  queryOptions({
    queryKey: ["projects", project, "protocol", "flow"],
    queryFn: ({ signal }) =>
      api.get<ProtocolFlow>(path`/projects/${project}/protocol/flow`, undefined, signal),
  });

export const checkQuery = (project: string, document: string) =>
  queryOptions({
    queryKey: ["projects", project, "protocol", "check", document],
    gcTime: 30_000,
    queryFn: () => api.post<CheckedDraft>(path`/projects/${project}/protocol/check`, { document }),
  });

export const templatesQuery = queryOptions({
  queryKey: ["protocols"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: ({ signal }) => api.get<ProtocolTemplate[]>("/protocols", undefined, signal),
});

export const schemaQuery = queryOptions({
  queryKey: ["protocol-schema"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: ({ signal }) => api.get<ProtocolSchema>("/protocol.schema.json", undefined, signal),
});

export function usePutProtocol(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      against,
      ...body
    }: {
      against: number;
      document: string;
      login?: string;
      password: string;
      reason: string | null;
      effective_at: number | null;
    }) => api.post<{ id: string; version: number }>(path`/projects/${project}/protocol`, body, against),
    onSuccess: () => client.invalidateQueries({ queryKey: ["projects", project] }),
  });
}

/** The signature under the version in force that nobody has signed yet. */
export function useSignProtocol(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ version, ...components }: { version: number; login?: string; password: string }) =>
      api.post<{ id: string; version: number }>(
        path`/projects/${project}/protocol/signature`,
        components,
        version,
      ),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["projects", project] });
      client.invalidateQueries({ queryKey: ["home"] });
    },
  });
}

/** Withdraws the signed version that waits for its time. */
export function useWithdrawProtocol(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      api.post<void>(path`/projects/${project}/protocol/withdrawal`, { reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["projects", project] }),
  });
}
