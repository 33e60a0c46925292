import type { ImageSource } from "./image-layer";
import { LruCache } from "./slices";
import { levelFor, type Slide, type SlideLevel, tileKey, tilePlace, tilesIn, type WantedTile } from "./slide";
import type { Viewport } from "./viewport";

/** Memory that decoded tiles may take, bytes: some 500 tiles of 256 by 256. */
const TILE_CACHE_BYTES = 128 * 1024 * 1024;
/** Requests for tiles that run at the same time. */
const PARALLEL = 6;
/** How often a tile that failed is asked for again when it comes into view. */
const TRIES = 2;

export type TileFetcher = (tile: WantedTile, signal: AbortSignal) => Promise<ImageBitmap>;

/**
 * A slide as something that fills the image plane: the tiles of the level that fits the magnification, and what is there
 * of coarser ones below them until they have come. Only what is in view is asked for.
 */
export class TiledSource implements ImageSource {
  readonly width: number;
  readonly height: number;
  private readonly tiles: LruCache<ImageBitmap>;
  private readonly keys = new Map<string, number>();
  private readonly running = new Map<string, AbortController>();
  private readonly failures = new Map<string, number>();
  private queue: WantedTile[] = [];
  private gone = false;

  constructor(
    readonly slide: Slide,
    private readonly fetcher: TileFetcher,
    /** Told when a tile has come or could not be had. */
    private readonly changed: (failed: number) => void,
    limit = TILE_CACHE_BYTES,
  ) {
    const finest = slide.levels[0] as SlideLevel;
    this.width = finest.columns;
    this.height = finest.rows;
    this.tiles = new LruCache(limit);
  }

  /** Tiles that could not be had. */
  get failed(): number {
    return [...this.failures.values()].filter((tries) => tries >= TRIES).length;
  }

  draw(): void {
    // Without a view there is no telling which tiles: `drawThrough` always draws.
  }

  drawThrough(g: CanvasRenderingContext2D, viewport: Viewport, ratio: number): boolean {
    const wanted = levelFor(this.slide, viewport.scale * ratio);
    const region = viewport.visible();
    this.ask(tilesIn(this.slide, wanted, region));
    g.setTransform(
      viewport.scale * ratio,
      0,
      0,
      viewport.scaleY * ratio,
      viewport.offsetX * ratio,
      viewport.offsetY * ratio,
    );
    g.imageSmoothingEnabled = viewport.scale < 2;
    // Coarse first: what has come of the wanted level covers it.
    for (let level = this.slide.levels.length - 1; level >= wanted; level -= 1)
      for (const tile of tilesIn(this.slide, level, region)) this.paint(g, tile);
    return true;
  }

  destroy(): void {
    this.gone = true;
    this.queue = [];
    for (const abort of this.running.values()) abort.abort();
    this.running.clear();
  }

  /** Loads the whole of the coarsest level: the overview, and what is shown while finer tiles come. */
  async overview(): Promise<void> {
    const level = this.slide.levels.length - 1;
    const all = { minX: 0, minY: 0, maxX: this.width, maxY: this.height };
    await Promise.all(tilesIn(this.slide, level, all).map((tile) => this.load(tile)));
  }

  /** Draws the coarsest level into a frame of the screen. */
  drawOverview(g: CanvasRenderingContext2D, width: number, height: number): void {
    g.save();
    g.scale(width / this.width, height / this.height);
    const level = this.slide.levels.length - 1;
    const all = { minX: 0, minY: 0, maxX: this.width, maxY: this.height };
    for (const tile of tilesIn(this.slide, level, all)) this.paint(g, tile);
    g.restore();
  }

  private paint(g: CanvasRenderingContext2D, tile: WantedTile): void {
    const bitmap = this.get(tileKey(tile));
    if (!bitmap) return;
    const { usedWidth, usedHeight, x, y, width, height } = tilePlace(this.slide, tile);
    const { a, d, e, f } = g.getTransform();
    // Edges on whole device pixels: two half-covered neighbours would show what lies below between them.
    const [left, top] = [Math.round(a * x + e), Math.round(d * y + f)];
    const [right, bottom] = [Math.round(a * (x + width) + e), Math.round(d * (y + height) + f)];
    g.save();
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.drawImage(bitmap, 0, 0, usedWidth, usedHeight, left, top, right - left, bottom - top);
    g.restore();
  }

  private get(key: string): ImageBitmap | undefined {
    const id = this.keys.get(key);
    return id === undefined ? undefined : this.tiles.get(id);
  }

  private ask(tiles: WantedTile[]): void {
    const wanted = new Set(tiles.map(tileKey));
    // What has left the view is no longer waited for, so that the view comes first; the overview always is.
    const coarsest = `${this.slide.levels.length - 1}/`;
    for (const [key, abort] of this.running)
      if (!wanted.has(key) && !key.startsWith(coarsest)) {
        abort.abort();
        this.running.delete(key);
      }
    this.queue = tiles.filter((tile) => this.isMissing(tileKey(tile)));
    this.pump();
  }

  private isMissing(key: string): boolean {
    return !this.get(key) && !this.running.has(key) && (this.failures.get(key) ?? 0) < TRIES;
  }

  private pump(): void {
    while (this.running.size < PARALLEL && !this.gone) {
      const tile = this.queue.shift();
      if (!tile) return;
      if (this.isMissing(tileKey(tile))) void this.load(tile).then(() => this.pump());
    }
  }

  private async load(tile: WantedTile): Promise<void> {
    const key = tileKey(tile);
    if (!this.isMissing(key)) return;
    const abort = new AbortController();
    this.running.set(key, abort);
    try {
      const bitmap = await this.fetcher(tile, abort.signal);
      const id = this.keys.get(key) ?? this.keys.size;
      this.keys.set(key, id);
      this.tiles.set(id, bitmap, bitmap.width * bitmap.height * 4);
      this.failures.delete(key);
    } catch {
      if (!abort.signal.aborted) this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
    } finally {
      if (this.running.get(key) === abort) this.running.delete(key);
    }
    if (!this.gone) this.changed(this.failed);
  }
}
