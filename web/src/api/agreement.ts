/** How far independent readers agree. */
import { queryOptions } from "@tanstack/react-query";
import { api, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type AgreementReport = Schemas["AgreementReport"];
export type AgreementFigures = Schemas["AgreementFigures"];
export type ClassAgreement = Schemas["ClassAgreement"];
export type DisputeReason = Schemas["DisputeReason"];
export type Coefficient = Schemas["CoefficientView"];
export type Distance = Schemas["DistanceView"];
export type ConfusionCell = Schemas["ConfusionCell"];

export const agreementQuery = (project: string) =>
  queryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "agreement"),
    queryFn: ({ signal }) =>
      api.get<AgreementReport>(path`/projects/${project}/agreement`, undefined, signal),
  });

/** Why readers differed, the reason given most often first. */
export const disputeReasonsQuery = (project: string) =>
  queryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "reasons"),
    queryFn: ({ signal }) =>
      api.get<DisputeReason[]>(path`/projects/${project}/dispute-reasons`, undefined, signal),
  });
