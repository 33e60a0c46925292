/** The classes of a project: dry runs, changes, history. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type OntologyOperation = Schemas["OntologyOperation"];
export type OntologyChange = Schemas["OntologyChangeView"];
export type DryRun = Schemas["DryRun"];

export const ontologyQuery = (project: string) =>
  queryOptions({
    queryKey: ["ontology", project],
    queryFn: ({ signal }) =>
      api.get<OntologyChange[]>(path`/projects/${project}/ontology`, undefined, signal),
  });

export function useOntologyActions(project: string) {
  const client = useQueryClient();
  return {
    dryRun: useMutation({
      mutationFn: (operations: OntologyOperation[]) =>
        api.post<DryRun>(path`/projects/${project}/ontology/dry-run`, { operations }),
    }),
    /** The same, dated ahead: the version waits for its time. */
    plan: useMutation({
      mutationFn: ({ against, draft }: { against: number; draft: Schemas["OntologyPlan"] }) =>
        api.post<{ id: string; version: number }>(path`/projects/${project}/ontology/plan`, draft, against),
      onSuccess: () => client.invalidateQueries({ queryKey: ["projects", project] }),
    }),
    change: useMutation({
      mutationFn: ({ against, draft }: { against: number; draft: Schemas["OntologyDraft"] }) =>
        api.post<OntologyChange>(path`/projects/${project}/ontology`, draft, against),
      onSuccess: () => {
        client.invalidateQueries({ queryKey: ["ontology", project] });
        client.invalidateQueries({ queryKey: ["guideline", project] });
        client.invalidateQueries({ queryKey: ["projects", project] });
      },
    }),
  };
}
