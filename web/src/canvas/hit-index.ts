import type { Bounds } from "./types";

/** Cell edge of the finest level, image pixels. */
const CELL_BASE_PX = 16;
/** Levels of doubling cells: 16 px up to 16 * 2^47 px, beyond any coordinate that the server accepts. */
const LEVELS = 48;
const CELL_LIMIT = 2 ** 26;

interface Entry {
  bounds: Bounds;
  level: number;
}

/**
 * A stack of grids whose cells double from level to level. An object lies on the level whose cells are at
 * least as large as itself and so touches at most four cells; insert, move and remove cost the same for a
 * speck and for a shape over the whole image, and a query looks only at the levels in use.
 */
export class HitIndex {
  private readonly entries = new Map<string, Entry>();
  private readonly levels: Map<number, Set<string>>[] = Array.from({ length: LEVELS }, () => new Map());

  get size(): number {
    return this.entries.size;
  }

  bounds(id: string): Bounds | undefined {
    return this.entries.get(id)?.bounds;
  }

  set(id: string, bounds: Bounds): void {
    this.remove(id);
    if (![bounds.minX, bounds.minY, bounds.maxX, bounds.maxY].every(Number.isFinite)) return;
    const extent = Math.max(bounds.maxX - bounds.minX, bounds.maxY - bounds.minY, 0);
    let level = 0;
    while (level < LEVELS - 1 && CELL_BASE_PX * 2 ** level < extent) level += 1;
    this.entries.set(id, { bounds, level });
    this.eachCell(bounds, level, (key) => {
      const cells = this.levels[level] as Map<number, Set<string>>;
      const cell = cells.get(key);
      if (cell) cell.add(id);
      else cells.set(key, new Set([id]));
    });
  }

  remove(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    const cells = this.levels[entry.level] as Map<number, Set<string>>;
    this.eachCell(entry.bounds, entry.level, (key) => {
      const cell = cells.get(key);
      if (!cell) return;
      cell.delete(id);
      if (cell.size === 0) cells.delete(key);
    });
  }

  clear(): void {
    this.entries.clear();
    for (const level of this.levels) level.clear();
  }

  /** Ids whose bounds touch the region (edges count). */
  query(region: Bounds): Set<string> {
    const found = new Set<string>();
    this.levels.forEach((cells, level) => {
      if (cells.size === 0) return;
      const edge = CELL_BASE_PX * 2 ** level;
      const span =
        (Math.floor(region.maxX / edge) - Math.floor(region.minX / edge) + 1) *
        (Math.floor(region.maxY / edge) - Math.floor(region.minY / edge) + 1);
      const collect = (ids: Set<string>) => {
        for (const id of ids) if (!found.has(id) && this.touches(id, region)) found.add(id);
      };
      // A wide view of a fine level would step through millions of empty cells: walk what is there instead.
      if (span > cells.size) for (const ids of cells.values()) collect(ids);
      else
        this.eachCell(region, level, (key) => {
          const ids = cells.get(key);
          if (ids) collect(ids);
        });
    });
    return found;
  }

  private touches(id: string, region: Bounds): boolean {
    const b = this.entries.get(id)?.bounds;
    return (
      b !== undefined &&
      b.minX <= region.maxX &&
      b.maxX >= region.minX &&
      b.minY <= region.maxY &&
      b.maxY >= region.minY
    );
  }

  private eachCell(bounds: Bounds, level: number, visit: (key: number) => void): void {
    const edge = CELL_BASE_PX * 2 ** level;
    const clamp = (v: number) =>
      Math.min(CELL_LIMIT / 2 - 1, Math.max(-CELL_LIMIT / 2, Math.floor(v / edge)));
    const [x0, x1] = [clamp(bounds.minX), clamp(bounds.maxX)];
    const [y0, y1] = [clamp(bounds.minY), clamp(bounds.maxY)];
    for (let y = y0; y <= y1; y += 1) for (let x = x0; x <= x1; x += 1) visit(y * CELL_LIMIT + x);
  }
}
