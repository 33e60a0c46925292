/** Whether people follow a model where it is wrong. */
import { queryOptions } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type SuggestionReport = Schemas["SuggestionReport"];
export type SuggestionStage = Schemas["SuggestionStage"];
export type Follow = Pick<SuggestionStage, "given" | "kept" | "share">;
export type SuggestionMode = Schemas["SuggestionMode"];
export type PlantKind = Schemas["PlantKind"];

export const suggestionsQuery = (project: string) =>
  queryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "suggestions"),
    queryFn: ({ signal }) =>
      api.get<SuggestionReport>(path`/projects/${project}/suggestions`, undefined, signal),
  });

export const suggestionsTableUrl = (project: string) => apiUrl(path`/projects/${project}/suggestions.csv`);
