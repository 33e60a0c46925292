import { decodeSlice, type Slice } from "./lut";

/** Memory that decoded slices of one stack may take, bytes: about 240 CT slices. */
export const SLICE_CACHE_BYTES = 128 * 1024 * 1024;
/** Slices fetched ahead in the direction of scrolling, and behind it. */
export const PRELOAD_AHEAD = 6;
export const PRELOAD_BEHIND = 2;
/** Slices fetched ahead of somebody who keeps scrolling one way: what they see within a second. */
export const PRELOAD_FAR = 24;
/** Steps one way that make a scroll. */
const SCROLL_STEPS = 3;
/** Requests for preloading that run at the same time, so that the slice on screen is never behind them. */
const PRELOAD_PARALLEL = 3;

/** A store of bounded size that forgets what was used longest ago. */
export class LruCache<V> {
  private readonly entries = new Map<number, { value: V; bytes: number }>();
  private total = 0;

  constructor(private readonly limit: number) {}

  get bytes(): number {
    return this.total;
  }

  has(key: number): boolean {
    return this.entries.has(key);
  }

  get(key: number): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: number, value: V, bytes: number): void {
    this.delete(key);
    this.entries.set(key, { value, bytes });
    this.total += bytes;
    for (const oldest of this.entries.keys()) {
      // The newest stays even when it alone is larger than the limit: it is what is looked at.
      if (this.total <= this.limit || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: number): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.bytes;
  }
}

export type SliceFetcher = (index: number, signal: AbortSignal) => Promise<Slice>;

/** Order in which neighbours are fetched: ahead first, nearest first. */
export function preloadOrder(at: number, direction: 1 | -1, count: number, ahead = PRELOAD_AHEAD): number[] {
  const order: number[] = [];
  for (let step = 1; step <= ahead; step += 1) {
    order.push(at + direction * step);
    if (step <= PRELOAD_BEHIND) order.push(at - direction * step);
  }
  return order.filter((index) => index >= 0 && index < count);
}

/** The slices of one stack: fetched once, kept within a budget, neighbours fetched ahead. */
export class SliceStore {
  private readonly cache: LruCache<Slice>;
  private readonly running = new Map<number, { promise: Promise<Slice>; abort: AbortController }>();
  private queue: number[] = [];
  private last = 0;
  private steps = 0;

  constructor(
    readonly count: number,
    private readonly fetcher: SliceFetcher,
    limit = SLICE_CACHE_BYTES,
  ) {
    this.cache = new LruCache(limit);
  }

  peek(index: number): Slice | undefined {
    return this.cache.get(index);
  }

  /** Whether a slice is here, without making it the one used last. */
  has(index: number): boolean {
    return this.cache.has(index);
  }

  /** The slice; its neighbours follow in the background. */
  async get(index: number): Promise<Slice> {
    const direction = index >= this.last ? 1 : -1;
    const near = Math.abs(index - this.last) === 1;
    this.steps = near && Math.sign(this.steps || direction) === direction ? this.steps + direction : 0;
    this.last = index;
    const ahead = Math.abs(this.steps) >= SCROLL_STEPS ? PRELOAD_FAR : PRELOAD_AHEAD;
    this.queue = preloadOrder(index, direction, this.count, ahead);
    const slice = this.cache.get(index) ?? (await this.load(index));
    this.pump();
    return slice;
  }

  /** A slice that nobody looks at: the order in which neighbours are fetched stays as it is. */
  async take(index: number): Promise<Slice> {
    return this.cache.get(index) ?? this.load(index);
  }

  destroy(): void {
    this.queue = [];
    for (const { abort } of this.running.values()) abort.abort();
    this.running.clear();
  }

  private load(index: number): Promise<Slice> {
    const known = this.running.get(index);
    if (known) return known.promise;
    const abort = new AbortController();
    const promise = this.fetcher(index, abort.signal)
      .then((slice) => {
        this.cache.set(index, slice, slice.data.byteLength);
        return slice;
      })
      .finally(() => this.running.delete(index));
    this.running.set(index, { promise, abort });
    return promise;
  }

  private pump(): void {
    while (this.running.size < PRELOAD_PARALLEL) {
      const next = this.queue.shift();
      if (next === undefined) return;
      if (this.cache.has(next) || this.running.has(next)) continue;
      // A neighbour that fails is fetched again, and reported, when somebody looks at it.
      this.load(next).then(
        () => this.pump(),
        () => {},
      );
    }
  }
}

/** Fetches and decodes `/frames/{f}/pixels`. */
export async function fetchSlice(url: string, signal?: AbortSignal): Promise<Slice> {
  const response = await fetch(url, { credentials: "same-origin", ...(signal ? { signal } : {}) });
  if (!response.ok) throw new Error(`the slice could not be loaded (${response.status})`);
  return decodeSlice((name) => response.headers.get(name), await response.arrayBuffer());
}
