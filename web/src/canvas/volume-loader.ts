import type { SeriesFacts } from "./series";
import type { SliceFetcher, SliceStore } from "./slices";
import { planeOf } from "./space";
import { emptyVolume, putSlice, stride, type Volume } from "./volume";

/** Requests for slices of a volume that run at the same time. */
const PARALLEL = 4;

export interface Loaded {
  volume: Volume;
  /** Every so-manieth column and row was kept, because the whole would not fit the memory. */
  step: number;
}

/** Loads all slices of a series into one volume. Fails with the reason of the first slice that fails. */
export async function loadVolume(
  facts: SeriesFacts,
  count: number,
  store: SliceStore,
  fetch: SliceFetcher,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<Loaded> {
  const plane = planeOf(facts, 0);
  if (!plane) throw new Error("the place of the first slice is not known");
  const take = async (index: number) => store.peek(index) ?? (await fetch(index, signal));
  const first = await take(0);
  if (first.format === "rgb8") throw new Error("colour images make no volume");
  const step = stride(first.columns, first.rows, count, first.data.BYTES_PER_ELEMENT);
  const start = facts.positions[0] ?? 0;
  const places = facts.positions.map((position) => (position ?? start) - start);
  const volume = emptyVolume(first, plane, places, step);
  putSlice(volume, 0, first, step);
  let next = 1;
  let done = 1;
  const work = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const slice = await take(index);
      signal.throwIfAborted();
      putSlice(volume, index, slice, step);
      done += 1;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { volume, step };
}
