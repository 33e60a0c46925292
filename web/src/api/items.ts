/** Items: the list with its filters, one item, who saw it, holds, and the addresses of its pixels. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, apiUrl, path } from "./client";
import type { EvidenceEvent, Exposure, Hold, Item, ItemRow, Page } from "./types";

export type ItemFilter = {
  phase?: string;
  modality?: string;
  lot?: string;
  ctdi_min?: number;
  ctdi_max?: number;
  thickness_max?: number;
  held?: boolean;
  q?: string;
  sort?: "newest" | "oldest";
};
/** Rows fetched at once; enough to fill two screens. */
const ROWS_PER_PAGE = 100;

export const itemsQuery = (project: string, filter: ItemFilter) =>
  infiniteQueryOptions({
    queryKey: ["projects", project, "items", filter],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ItemRow>>(
        path`/projects/${project}/items`,
        { ...filter, limit: ROWS_PER_PAGE, cursor: pageParam },
        signal,
      ),
    getNextPageParam: (last) => last.next,
  });

export const itemQuery = (id: string) =>
  queryOptions({
    queryKey: ["items", id],
    queryFn: ({ signal }) => api.get<Item>(path`/items/${id}`, undefined, signal),
  });

export const itemEventsPage = (id: string, cursor: string | null, signal?: AbortSignal) =>
  api.get<Page<EvidenceEvent>>(path`/items/${id}/events`, { cursor, limit: ROWS_PER_PAGE }, signal);

/** The proof that an exposure is in the log, as a file. */
export const exposureProofUrl = (id: string) => apiUrl(path`/exposures/${id}/proof`);

export const exposuresPage = (id: string, cursor: string | null, signal?: AbortSignal) =>
  api.get<Page<Exposure>>(path`/items/${id}/exposures`, { cursor, limit: ROWS_PER_PAGE }, signal);

export function useHoldActions(item: string) {
  const client = useQueryClient();
  const done = () => {
    client.invalidateQueries({ queryKey: ["items", item] });
    client.invalidateQueries({ queryKey: ["projects"] });
  };
  return {
    hold: useMutation({
      mutationFn: (reason: string) => api.post<Hold>(path`/items/${item}/holds`, { reason }),
      onSuccess: done,
    }),
    lift: useMutation({
      mutationFn: (body: { hold: string; reason: string }) =>
        api.post<Hold>(path`/holds/${body.hold}/lift`, { reason: body.reason }),
      onSuccess: done,
    }),
  };
}

/** What an owner decides about an item that came back too often. */
export type OwnerDecision = "reopen" | "withdraw";

export function useReworkActions(item: string) {
  const client = useQueryClient();
  const done = (now: Item) => {
    client.setQueryData(itemQuery(item).queryKey, now);
    for (const key of [["items", item], ["projects"], ["home"]]) client.invalidateQueries({ queryKey: key });
  };
  return {
    decide: useMutation({
      mutationFn: (body: { decision: OwnerDecision; reason: string }) =>
        api.post<Item>(path`/items/${item}/owner-decision`, body),
      onSuccess: done,
    }),
    unreserve: useMutation({
      mutationFn: (reason: string) => api.post<Item>(path`/items/${item}/unreserve`, { reason }),
      onSuccess: done,
    }),
  };
}

/** What a picture is shown for; the record of who saw it says so. All but `work` come small. */
export type ShownFor = "work" | "thumbnail" | "grid" | "search";
/** Rendered picture of one frame. `window` is centre and width, for DICOM. */
export const frameImageUrl = (
  item: string,
  stream: number,
  frame: number,
  window?: [number, number],
  purpose?: ShownFor,
) =>
  apiUrl(path`/items/${item}/streams/${stream}/frames/${frame}/image`, {
    window: window?.join(","),
    purpose,
  });
/** A small picture of one frame. */
export const frameThumbUrl = (item: string, stream: number, frame: number, purpose: ShownFor) =>
  frameImageUrl(item, stream, frame, undefined, purpose);
/** Stored values of a DICOM frame; geometry in the X-Countersign-* headers. */
export const framePixelsUrl = (item: string, stream: number, frame: number) =>
  apiUrl(path`/items/${item}/streams/${stream}/frames/${frame}/pixels`);
/** What lies over a DICOM frame: overlays, shutters, the file's lookup table. */
export const frameDisplayUrl = (item: string, stream: number, frame: number) =>
  apiUrl(path`/items/${item}/streams/${stream}/frames/${frame}/display`);
/** A tile of a slide: `frame` is the level, `tile` the frame within its file. */
export const frameTileUrl = (item: string, stream: number, frame: number, tile: number) =>
  apiUrl(path`/items/${item}/streams/${stream}/frames/${frame}/tiles/${tile}`);
/** Points of a LiDAR frame in the wire format of the sensors crate. */
export const framePointsUrl = (item: string, stream: number, frame: number) =>
  apiUrl(path`/items/${item}/streams/${stream}/frames/${frame}/points`);
