import type { Bounds } from "./types";

/** One level of a slide. */
export interface SlideLevel {
  /** Frame of the stream that holds it. */
  frame: number;
  columns: number;
  rows: number;
  tileColumns: number;
  tileRows: number;
  /** Frame of each tile, row by row, where they are not simply in that order; -1 where nothing was scanned. */
  frames: number[] | null;
}

/** A slide: its levels, the finest first. Marks are in pixels of that one. */
export interface Slide {
  levels: SlideLevel[];
  /** Micrometres per pixel of the finest level, along a row; nothing where the file does not say. */
  um: number | null;
}

/** Magnifications that people ask for by a button. */
export const MAGNIFICATIONS = [1, 5, 10, 20, 40] as const;
/** Micrometres per screen pixel at a magnification of 1: 40× is a quarter of a micrometre, as scanners have it. */
const UM_AT_ONE = 10;

const whole = (value: unknown): number | null =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? value : null;

/** Reads `Stream.properties.slide`; nothing for streams that are no slide or whose levels make no sense. */
export function slideOf(properties: Record<string, unknown> | undefined): Slide | null {
  const stated = (properties?.slide as { levels?: unknown } | undefined)?.levels;
  if (!Array.isArray(stated)) return null;
  const levels: SlideLevel[] = [];
  for (const [frame, entry] of (stated as Record<string, unknown>[]).entries()) {
    const [columns, rows] = [whole(entry.columns), whole(entry.rows)];
    const [tileColumns, tileRows] = [whole(entry.tile_columns), whole(entry.tile_rows)];
    if (!columns || !rows || !tileColumns || !tileRows) return null;
    const frames = Array.isArray(entry.frames)
      ? entry.frames.map((value) => (typeof value === "number" ? value : -1))
      : null;
    levels.push({ frame, columns, rows, tileColumns, tileRows, frames });
  }
  const mm = properties?.column_spacing_mm;
  return levels.length > 0 ? { levels, um: typeof mm === "number" && mm > 0 ? mm * 1000 : null } : null;
}

/** A tile that is wanted: its level, its place there in tiles, and its frame in the level's file. */
export interface WantedTile {
  level: number;
  x: number;
  y: number;
  frame: number;
}

export const tileKey = ({ level, x, y }: { level: number; x: number; y: number }) => `${level}/${x}/${y}`;

/** The coarsest level that still has a pixel for each pixel of the screen; the finest when none has. */
export function levelFor(slide: Slide, scale: number): number {
  const finest = slide.levels[0] as SlideLevel;
  for (let level = slide.levels.length - 1; level > 0; level -= 1) {
    const down = finest.columns / (slide.levels[level] as SlideLevel).columns;
    // A third of blur is not seen, and halves what is loaded.
    if (1 / down >= scale * 0.75) return level;
  }
  return 0;
}

/** The tiles of a level that a region of the finest level's pixels shows, from its middle outward. */
export function tilesIn(slide: Slide, level: number, region: Bounds): WantedTile[] {
  const here = slide.levels[level] as SlideLevel;
  const finest = slide.levels[0] as SlideLevel;
  const [sx, sy] = [here.columns / finest.columns, here.rows / finest.rows];
  const across = Math.ceil(here.columns / here.tileColumns);
  const down = Math.ceil(here.rows / here.tileRows);
  const clamp = (value: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(value)));
  if (region.maxX <= 0 || region.maxY <= 0 || region.minX >= finest.columns || region.minY >= finest.rows)
    return [];
  const [x0, x1] = [
    clamp((region.minX * sx) / here.tileColumns, across),
    clamp((region.maxX * sx) / here.tileColumns, across),
  ];
  const [y0, y1] = [
    clamp((region.minY * sy) / here.tileRows, down),
    clamp((region.maxY * sy) / here.tileRows, down),
  ];
  const found: WantedTile[] = [];
  for (let y = y0; y <= y1; y += 1)
    for (let x = x0; x <= x1; x += 1) {
      const at = y * across + x;
      const frame = here.frames ? (here.frames[at] ?? -1) : at;
      if (frame >= 0) found.push({ level, x, y, frame });
    }
  const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const far = (tile: WantedTile) => Math.hypot(tile.x - mx, tile.y - my);
  return found.sort((a, b) => far(a) - far(b));
}

/** Where a tile lies in pixels of the finest level. Its picture may be filled up beyond the edge of the slide. */
export function tilePlace(slide: Slide, tile: { level: number; x: number; y: number }) {
  const here = slide.levels[tile.level] as SlideLevel;
  const finest = slide.levels[0] as SlideLevel;
  const [sx, sy] = [finest.columns / here.columns, finest.rows / here.rows];
  const width = Math.min(here.tileColumns, here.columns - tile.x * here.tileColumns);
  const height = Math.min(here.tileRows, here.rows - tile.y * here.tileRows);
  return {
    x: tile.x * here.tileColumns * sx,
    y: tile.y * here.tileRows * sy,
    width: width * sx,
    height: height * sy,
    /** The part of the picture that is slide. */
    usedWidth: width,
    usedHeight: height,
  };
}

/** Screen pixels per pixel of the finest level at a magnification; nothing where the spacing is not known. */
export function scaleAt(slide: Slide, magnification: number): number | null {
  return slide.um === null ? null : (slide.um * magnification) / UM_AT_ONE;
}

/** The magnification of a scale. */
export function magnificationAt(slide: Slide, scale: number): number | null {
  return slide.um === null ? null : (scale * UM_AT_ONE) / slide.um;
}
