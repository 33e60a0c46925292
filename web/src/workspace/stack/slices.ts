import { reportSignedOut } from "@/api/client";
import { frameDisplayUrl, framePixelsUrl } from "@/api/items";
import { problemFrom } from "@/api/problem";
import { type DisplayAnswer, displayOf } from "@/canvas/display";
import { decodeSlice } from "@/canvas/lut";
import { type SliceFetcher, SliceStore } from "@/canvas/slices";
import { fetchFrame } from "../preload";

/** Fetches stored values of a stream's frames, and what lies over them where something does. */
export function sliceFetcher(item: string, stream: number): SliceFetcher {
  return async (index, signal) => {
    const response = await checked(await fetchFrame(framePixelsUrl(item, stream, index), signal));
    const slice = decodeSlice((name) => response.headers.get(name), await response.arrayBuffer());
    if (!slice.extras) return slice;
    const over = await fetch(frameDisplayUrl(item, stream, index), { credentials: "same-origin", signal });
    slice.display = displayOf((await (await checked(over)).json()) as DisplayAnswer);
    return slice;
  };
}

async function checked(response: Response): Promise<Response> {
  if (response.status === 401) reportSignedOut();
  if (!response.ok) throw await problemFrom(response);
  return response;
}

/** The slices of an item's series, kept while the item is open: going back to a series shows it at once. */
export class ItemSlices {
  private readonly stores = new Map<number, SliceStore>();

  constructor(
    private readonly item: string,
    private readonly counts: (stream: number) => number,
  ) {}

  of(stream: number): SliceStore {
    const known = this.stores.get(stream);
    if (known) return known;
    const made = new SliceStore(this.counts(stream), this.fetcher(stream));
    this.stores.set(stream, made);
    return made;
  }

  fetcher(stream: number): SliceFetcher {
    return sliceFetcher(this.item, stream);
  }

  destroy(): void {
    for (const store of this.stores.values()) store.destroy();
    this.stores.clear();
  }
}
