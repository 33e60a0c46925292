/** Guidelines: cards with pictures, drafts, versions, and rounds of rework. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path, send } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Guideline = Schemas["GuidelineView"];
export type GuidelineVersion = Schemas["GuidelineVersion"];
export type GuidelineDocument = Schemas["GuidelineDocument"];
export type GuidelineCard = Schemas["GuidelineCard"];
export type GuidelineExample = Schemas["GuidelineExample"];
export type ExampleKind = Schemas["ExampleKind"];
export type GuidelineText = Schemas["GuidelineText"];
export type GuidelineDraft = Schemas["GuidelineDraft"];
export type GuidelineImpact = Schemas["Impact"];
export type Publication = Schemas["Publication"];
export type Campaign = Schemas["CampaignView"];

export const guidelineQuery = (project: string) =>
  queryOptions({
    queryKey: ["guideline", project],
    queryFn: ({ signal }) => api.get<Guideline>(path`/projects/${project}/guideline`, undefined, signal),
  });

/** A published version with its text and cards; it never changes. */
export const guidelineVersionQuery = (id: string) =>
  queryOptions({
    queryKey: ["guideline-version", id],
    queryFn: ({ signal }) => api.get<GuidelineText>(path`/guidelines/${id}`, undefined, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const impactQuery = (project: string) =>
  queryOptions({
    queryKey: ["guideline", project, "impact"],
    queryFn: ({ signal }) =>
      api.get<GuidelineImpact>(path`/projects/${project}/guideline/impact`, undefined, signal),
  });

export const campaignsQuery = (project: string) =>
  queryOptions({
    queryKey: ["guideline", project, "campaigns"],
    queryFn: ({ signal }) => api.get<Campaign[]>(path`/projects/${project}/campaigns`, undefined, signal),
  });

export const exampleUrl = (guideline: string, example: string) =>
  apiUrl(path`/guidelines/${guideline}/examples/${example}/image`);

export function useGuidelineActions(project: string) {
  const client = useQueryClient();
  const onSuccess = () => {
    client.invalidateQueries({ queryKey: ["guideline", project] });
    client.invalidateQueries({ queryKey: ["home"] });
  };
  return {
    save: useMutation({
      mutationFn: ({ revision, document }: { revision: number; document: GuidelineDocument }) =>
        api.put<GuidelineDraft>(path`/projects/${project}/guideline/draft`, document, revision),
      onSuccess,
    }),
    publish: useMutation({
      mutationFn: (publication: Publication) =>
        api.post<Schemas["Published"]>(path`/projects/${project}/guideline/publish`, publication),
      onSuccess,
    }),
    withdraw: useMutation({
      mutationFn: (reason: string) =>
        api.post<void>(path`/projects/${project}/guideline/withdrawal`, { reason }),
      onSuccess,
    }),
    acknowledge: useMutation({
      mutationFn: (guideline: string) =>
        api.post<Guideline>(path`/projects/${project}/guideline/acknowledge`, { guideline }),
      onSuccess,
    }),
    upload: useMutation({
      mutationFn: async (file: Blob) =>
        (
          await send<Schemas["UploadedPicture"]>("POST", path`/projects/${project}/guideline/pictures`, {
            bytes: file,
          })
        ).data,
    }),
  };
}
