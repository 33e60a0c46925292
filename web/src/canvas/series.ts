import type { Ruler } from "./decorations";
import type { Window } from "./lut";
import { add, cross, type Plane, type SeriesSpace } from "./space";
import type { Vec3 } from "./types";

/** An area of an ultrasound image with a scale of its own, in columns and rows. */
export interface ScaledRegion {
  left: number;
  top: number;
  right: number;
  bottom: number;
  row: number;
  column: number;
}

/** What a stream says about its pixels (`Stream.properties`), read and checked; absent means unknown. */
export interface SeriesFacts extends SeriesSpace {
  modality: string | undefined;
  bodyPart: string | undefined;
  /** Row and column direction, six cosines, where all frames share them. */
  orientation: number[] | undefined;
  window: Window | undefined;
  /** Distance of the slices where it is even, mm. */
  sliceSpacing: number | null;
  /** Height of a pixel over its width. */
  aspect: number;
  /** Frames per second that the file asks for. */
  frameRate: number | null;
  ruler: Ruler | string;
  regions: ScaledRegion[];
  issues: string[];
}

/** A stream as it comes from the server, as far as it is needed here. */
export interface StreamLike {
  kind: string;
  frames: { position_mm?: number | null }[];
  properties?: Record<string, unknown> | undefined;
}

const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
const positive = (value: unknown): number | null => {
  const known = number(value);
  return known !== null && known > 0 ? known : null;
};
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const numbers = (value: unknown, length: number): number[] | null =>
  Array.isArray(value) && value.length === length && value.every((v) => number(v) !== null)
    ? (value as number[])
    : null;

const UNIT_TOLERANCE = 1e-2;

/** Two directions that are unit vectors and perpendicular; anything else would lead somewhere else. */
function directions(six: number[] | null): { row: Vec3; column: Vec3 } | null {
  if (!six) return null;
  const row = six.slice(0, 3) as Vec3;
  const column = six.slice(3) as Vec3;
  const length = (v: Vec3) => Math.hypot(...v);
  const skew = row[0] * column[0] + row[1] * column[1] + row[2] * column[2];
  const unit = Math.abs(length(row) - 1) < UNIT_TOLERANCE && Math.abs(length(column) - 1) < UNIT_TOLERANCE;
  return unit && Math.abs(skew) < UNIT_TOLERANCE ? { row, column } : null;
}

/** Reads the properties of a stream. `item` are facts of items that came in before streams had their own. */
export function seriesFacts(
  stream: StreamLike,
  item: {
    modality?: string | null | undefined;
    orientation?: number[] | null | undefined;
    row_spacing_mm?: number | null | undefined;
    column_spacing_mm?: number | null | undefined;
  } = {},
): SeriesFacts {
  const p = stream.properties ?? {};
  // A series that says what its spacing means says all that is known of it.
  const old = p.spacing_origin === undefined ? item : {};
  const rowSpacing = positive(p.row_spacing_mm) ?? positive(old.row_spacing_mm);
  const columnSpacing = positive(p.column_spacing_mm) ?? positive(old.column_spacing_mm);
  const spacing = rowSpacing && columnSpacing ? { row: rowSpacing, column: columnSpacing } : null;
  const six = numbers(p.orientation, 6) ?? (p.orientation === undefined ? numbers(old.orientation, 6) : null);
  const axes = directions(six);
  const stated = windows(p.windows);
  const regions = scaledRegions(p.regions);
  const imager = positive(p.imager_column_spacing_mm);
  const imagerRow = positive(p.imager_row_spacing_mm);
  const positions = stream.frames.map((frame) => frame.position_mm ?? null);
  const origin = numbers(p.origin_mm, 3) as Vec3 | null;
  return {
    modality: text(p.modality) ?? item.modality ?? undefined,
    bodyPart: text(p.body_part),
    orientation: axes && six ? six : undefined,
    window: stated,
    row: axes?.row ?? null,
    column: axes?.column ?? null,
    // Without a stated place the stack still has places within itself, but none that others share.
    origin: origin ?? ownOrigin(axes, positions[0] ?? null),
    space: origin ? number(p.space) : null,
    spacing,
    positions,
    planes: planes(p.planes, spacing),
    rows: number(p.rows) ?? 0,
    columns: number(p.columns) ?? 0,
    sliceSpacing: positive(p.slice_spacing_mm),
    aspect: spacing
      ? spacing.row / spacing.column
      : imager && imagerRow
        ? imagerRow / imager
        : (positive(p.pixel_aspect) ?? 1),
    frameRate: positive(p.frame_rate_hz) ?? rate(positive(p.frame_time_ms)),
    ruler: ruler(spacing?.column ?? null, p.spacing_origin, imager, regions, issuesOf(p.stack_issues)),
    regions,
    issues: issuesOf(p.stack_issues),
  };
}

function ownOrigin(axes: { row: Vec3; column: Vec3 } | null, position: number | null): Vec3 | null {
  return axes && position !== null ? add([0, 0, 0], cross(axes.row, axes.column), position) : null;
}

const rate = (ms: number | null): number | null => (ms === null ? null : 1000 / ms);

const issuesOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : [];

function windows(value: unknown): Window | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const entry of value as { center?: unknown; width?: unknown }[]) {
    const [center, width] = [number(entry?.center), positive(entry?.width)];
    if (center !== null && width !== null) return { center, width };
  }
  return undefined;
}

function planes(value: unknown, spacing: { row: number; column: number } | null): Plane[] {
  if (!Array.isArray(value) || !spacing) return [];
  return value.flatMap((entry) => {
    const nine = numbers(entry, 9);
    const axes = directions(nine?.slice(3) ?? null);
    if (!nine || !axes) return [];
    return [{ origin: nine.slice(0, 3) as Vec3, ...axes, dx: spacing.column, dy: spacing.row }];
  });
}

function scaledRegions(value: unknown): ScaledRegion[] {
  if (!Array.isArray(value)) return [];
  return (value as Record<string, unknown>[]).flatMap((entry) => {
    const [left, top] = [number(entry?.left), number(entry?.top)];
    const [right, bottom] = [number(entry?.right), number(entry?.bottom)];
    const [row, column] = [positive(entry?.row_spacing_mm), positive(entry?.column_spacing_mm)];
    if (left === null || top === null || right === null || bottom === null || row === null || column === null)
      return [];
    return [{ left, top, right, bottom, row, column }];
  });
}

/** What a ruler may say: lengths in the patient, lengths with a caveat, or why there are none. */
function ruler(
  mm: number | null,
  origin: unknown,
  imager: number | null,
  regions: ScaledRegion[],
  issues: string[],
): Ruler | string {
  if (issues.includes("mixed_spacing")) return "no scale: images of this series differ in spacing";
  if (mm !== null) {
    // Items of older servers do not say what their spacing means.
    if (origin === "patient" || origin === "calibrated" || origin === undefined)
      return { mm, caveat: origin === "calibrated" ? "(calibrated)" : "" };
    return { mm, caveat: origin === "detector" ? "at the detector" : "(origin of spacing not stated)" };
  }
  if (imager !== null) return { mm: imager, caveat: "at the detector" };
  const [only] = regions;
  if (only && regions.length === 1) return { mm: only.column, caveat: "inside the scan area" };
  if (regions.length > 1) return "several scales: see the areas";
  return "no spacing: lengths in pixels only";
}

/** The spacing that holds at an image point, mm per column and row; nothing where none is known. */
export function spacingAt(facts: SeriesFacts, x: number, y: number): { row: number; column: number } | null {
  if (facts.spacing) return facts.spacing;
  const region = facts.regions.find(
    (r) => x >= r.left && x <= r.right + 1 && y >= r.top && y <= r.bottom + 1,
  );
  return region ? { row: region.row, column: region.column } : null;
}

/** Frames that one after the other are times rather than places: shown as a film. */
export function isFilm(facts: SeriesFacts, frames: number): boolean {
  return frames > 1 && facts.positions.every((position) => position === null) && facts.planes.length === 0;
}

/** Why three planes cannot be shown of a series, or nothing when they can. */
export function volumeRefusal(facts: SeriesFacts, frames: number): string | null {
  if (frames < 3) return "a volume needs at least three slices";
  if (!facts.spacing) return "the distance of the pixels is not known";
  if (!facts.row || !facts.column) return "the orientation of the slices is not known";
  if (facts.positions.some((position) => position === null)) return "the places of the slices are not known";
  if (facts.issues.includes("gantry_tilt")) return "the slices are tilted against their axis";
  if (facts.issues.includes("duplicate_slices")) return "several slices lie in one place";
  return null;
}
