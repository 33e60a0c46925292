/** What independent readers' answers say that is true. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, path } from "./client";
import { AS_REPORT, reportKey } from "./reports";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type ConsensusReport = Schemas["ConsensusReport"];
export type ConsensusAbout = Schemas["ConsensusAbout"];
export type ConsensusAnswer = Schemas["ConsensusAnswer"];
export type ConsensusLabel = Schemas["ConsensusLabel"];
export type ConsensusReader = Schemas["ConsensusReader"];

/** Items in one list before more are asked for. */
const PAGE = 20;

/** `about`: null for what there is, tags first. */
export const consensusQuery = (project: string, about: ConsensusAbout | null) =>
  infiniteQueryOptions({
    ...AS_REPORT,
    queryKey: reportKey(project, "consensus", about),
    queryFn: ({ signal, pageParam }) =>
      api.get<ConsensusReport>(
        path`/projects/${project}/consensus`,
        { ...(about ? { about } : {}), limit: PAGE, after: pageParam },
        signal,
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
  });
