/** The items behind a figure: what a number counts, page by page. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Behind = Schemas["BehindView"];
export type BehindItem = Schemas["BehindItem"];
/** Which items: those that add to the number, those that do not (or not wholly), those that do in part, or all. */
export type Part = "counted" | "rest" | "split" | "all";

/** A figure whose items can be listed. */
export type Figure = {
  /** Names it among the figures of its report. */
  key: string;
  /** What it is, in words. */
  title: string;
  url: string;
  query: Record<string, string | undefined>;
  /** Its parts that can be asked for, the first one first. */
  parts: { value: Part; label: string }[];
  /** What is said of an item; the plain counts where nothing else is. */
  said?: (item: BehindItem) => string;
};

export const behindQuery = ({ url, query }: Figure, part: Part) =>
  infiniteQueryOptions({
    queryKey: ["quality", "behind", url, query, part],
    queryFn: ({ pageParam, signal }) =>
      api.get<Behind>(url, { ...query, part, from: pageParam || undefined }, signal),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next ?? undefined,
  });

const vendorUrl = (project: string, organization: string) =>
  path`/projects/${project}/vendors/${organization}/items`;
const streamUrl = (project: string, user: string) => path`/projects/${project}/monitor/${user}/items`;
const agreementUrl = (project: string) => path`/projects/${project}/agreement/items`;
export const behindUrls = { vendor: vendorUrl, stream: streamUrl, agreement: agreementUrl };
