import type { FrameDisplay } from "./display";

/** Stored pixel formats of `/frames/{f}/pixels`. */
export type PixelFormat = "u8" | "u16" | "i16" | "rgb8";

/** Window in rescaled units (HU for CT). */
export interface Window {
  center: number;
  width: number;
}

export interface Preset extends Window {
  name: string;
}

/** How a window maps values to grays (PS3.3 C.11.2.1). */
export type Curve = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/** A lookup table of the file over rescaled values; what lies outside takes the first or the last entry. */
export interface VoiTable {
  first: number;
  bits: number;
  values: Uint16Array;
}

/** One decoded frame as the server sends it. */
export interface Slice {
  rows: number;
  columns: number;
  format: PixelFormat;
  /** rescaled = stored * slope + intercept. */
  slope: number;
  intercept: number;
  /** DICOM word such as `MONOCHROME2`. */
  photometric: string;
  data: Uint8Array | Uint16Array | Int16Array;
  /** Unit of rescaled values, as the file says; absent where it says none. */
  unit?: string | undefined;
  /** The first window of the frame. */
  window?: Window | undefined;
  curve?: Curve | undefined;
  /** Something lies over the frame: `/display` has it. */
  extras?: boolean | undefined;
  /** What lies over it, once it is known. */
  display?: FrameDisplay | undefined;
}

/** Largest side of a frame that is taken from the wire, pixels. */
export const SLICE_SIDE_MAX = 32_768;

/** A slice that does not fit its own headers; `place` names the header or the body. */
export class SliceError extends Error {
  constructor(
    readonly place: string,
    message: string,
  ) {
    super(`${place}: ${message}`);
    this.name = "SliceError";
  }
}

/** Reads a `/pixels` answer: little-endian stored values described by headers. */
export function decodeSlice(header: (name: string) => string | null, body: ArrayBuffer): Slice {
  const number = (name: string, fallback?: number): number => {
    const text = header(name);
    const value = text === null || text.trim() === "" ? fallback : Number(text);
    if (value === undefined || !Number.isFinite(value))
      throw new SliceError(name, "is missing or not a number");
    return value;
  };
  const side = (name: string): number => {
    const value = number(name);
    if (!Number.isInteger(value) || value < 1 || value > SLICE_SIDE_MAX)
      throw new SliceError(name, `${value} is out of range`);
    return value;
  };
  const rows = side("X-Countersign-Rows");
  const columns = side("X-Countersign-Columns");
  const format = header("X-Countersign-Format") ?? "";
  if (format !== "u8" && format !== "u16" && format !== "i16" && format !== "rgb8") {
    throw new SliceError("X-Countersign-Format", `${JSON.stringify(format)} is not a pixel format`);
  }
  const bytes = format === "u8" ? 1 : format === "rgb8" ? 3 : 2;
  if (body.byteLength !== rows * columns * bytes) {
    throw new SliceError("body", `${body.byteLength} bytes, expected ${rows * columns * bytes}`);
  }
  return {
    rows,
    columns,
    format,
    slope: number("X-Countersign-Slope", 1),
    intercept: number("X-Countersign-Intercept", 0),
    photometric: header("X-Countersign-Photometric") ?? "MONOCHROME2",
    data: typed(format, body),
    unit: header("X-Countersign-Unit") || undefined,
    window: windowOf(header("X-Countersign-Window")),
    curve: curveOf(header("X-Countersign-Curve")),
    extras: header("X-Countersign-Extras") === "yes",
  };
}

function windowOf(text: string | null): Window | undefined {
  const [center, width] = (text ?? "").split(",").map(Number);
  if (text === null || center === undefined || width === undefined) return undefined;
  return Number.isFinite(center) && Number.isFinite(width) && width > 0 ? { center, width } : undefined;
}

function curveOf(text: string | null): Curve {
  return text === "LINEAR_EXACT" || text === "SIGMOID" ? text : "LINEAR";
}

function typed(format: PixelFormat, body: ArrayBuffer): Slice["data"] {
  // Typed arrays use the order of the machine; every browser that runs this page is little-endian.
  if (format === "u16") return new Uint16Array(body);
  if (format === "i16") return new Int16Array(body);
  return new Uint8Array(body);
}

/** Smallest and largest stored values that the format can hold. */
function storedRange(format: PixelFormat): [number, number] {
  if (format === "u16") return [0, 65_535];
  return format === "i16" ? [-32_768, 32_767] : [0, 255];
}

/** Share of full white of a rescaled value, 0 to 1, by the VOI LUT functions of DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3. */
export function share(x: number, { center, width }: Window, curve: Curve = "LINEAR"): number {
  const y =
    curve === "SIGMOID"
      ? 1 / (1 + Math.exp((-4 * (x - center)) / width))
      : curve === "LINEAR_EXACT"
        ? (x - center) / width + 0.5
        : width <= 1
          ? Number(x > center - 0.5)
          : (x - (center - 0.5)) / (width - 1) + 0.5;
  return Math.min(1, Math.max(0, y));
}

/** Share of full white of a rescaled value through a table of the file. */
export function tableShare(x: number, table: VoiTable): number {
  const index = Math.min(table.values.length - 1, Math.max(0, Math.round(x) - table.first));
  return (table.values[index] ?? 0) / (2 ** table.bits - 1);
}

/** Grey value per stored value. Index 0 is the smallest stored value of the format. */
export function buildLut(
  slice: Pick<Slice, "format" | "slope" | "intercept" | "photometric" | "curve">,
  window: Window,
  invert: boolean,
  table: VoiTable | null = null,
): Uint8Array {
  const [min, max] = storedRange(slice.format);
  const lut = new Uint8Array(max - min + 1);
  const flip = invert !== (slice.photometric === "MONOCHROME1");
  for (let i = 0; i < lut.length; i += 1) {
    const x = (i + min) * slice.slope + slice.intercept;
    const y = (table ? tableShare(x, table) : share(x, window, slice.curve)) * 255;
    lut[i] = Math.round(flip ? 255 - y : y);
  }
  return lut;
}

/** Writes a slice as RGBA (`out` holds 4 bytes per pixel). Colour slices ignore the window. */
export function renderSlice(slice: Slice, lut: Uint8Array, out: Uint8ClampedArray): void {
  const count = slice.rows * slice.columns;
  if (slice.format === "rgb8") {
    for (let i = 0; i < count; i += 1) {
      out[i * 4] = slice.data[i * 3] as number;
      out[i * 4 + 1] = slice.data[i * 3 + 1] as number;
      out[i * 4 + 2] = slice.data[i * 3 + 2] as number;
      out[i * 4 + 3] = 255;
    }
    return;
  }
  const pixels = new Uint32Array(out.buffer, out.byteOffset, count);
  const min = storedRange(slice.format)[0];
  const { data } = slice;
  for (let i = 0; i < count; i += 1) {
    const grey = lut[(data[i] as number) - min] as number;
    pixels[i] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
}

/** Rescaled value under an image point, or nothing outside and for colour. */
export function probe(slice: Slice, x: number, y: number): number | null {
  const column = Math.floor(x);
  const row = Math.floor(y);
  if (slice.format === "rgb8" || column < 0 || row < 0 || column >= slice.columns || row >= slice.rows)
    return null;
  return (slice.data[row * slice.columns + column] as number) * slice.slope + slice.intercept;
}

/** Window from the 1st to the 99th percentile of a slice, for images that bring no window of their own. */
export function autoWindow(slice: Slice): Window {
  if (slice.format === "rgb8") return { center: 128, width: 256 };
  const step = Math.max(1, Math.floor(slice.data.length / 20_000));
  const sample: number[] = [];
  for (let i = 0; i < slice.data.length; i += step) sample.push(slice.data[i] as number);
  sample.sort((a, b) => a - b);
  const at = (q: number) =>
    (sample[Math.min(sample.length - 1, Math.floor(q * sample.length))] ?? 0) * slice.slope + slice.intercept;
  const [low, high] = [at(0.01), at(0.99)];
  return { center: (low + high) / 2, width: Math.max(1, Math.abs(high - low)) };
}

/** Window after a drag: to the right wider, downward lower level (the image becomes brighter upward). */
export function dragWindow(start: Window, dx: number, dy: number): Window {
  // A drag over the usual 400 px should double or halve a window, whatever its unit.
  const speed = Math.max(1, start.width) / 200;
  return { center: start.center + dy * speed, width: Math.max(1, start.width + dx * speed) };
}
