/** Numbers, sizes and times as people read them. All times are shown in the reader's zone with the zone in the title. */

const MICROS_PER_MS = 1000;

/** `1234567` -> `1,234,567` */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `2 items`, `1 item` */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes with three digits at most: `999 B`, `1.2 kB`, `34 MB`. Powers of 1000. */
export function bytes(value: number): string {
  if (!Number.isFinite(value) || value < 0) return "unknown";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || scaled >= 99.5 ? 0 : 1;
  return `${scaled.toFixed(digits)} ${units[unit]}`;
}

/** A share as `95.1 %`, cut down: a bound is never shown larger than it is. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return "–";
  // A double such as 0.29 lies a hair below it.
  return `${(Math.floor(share * 1000 + 1e-9) / 10).toFixed(1)} %`;
}

/** Seconds as `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) {
    const rest = whole % 60;
    return `${Math.floor(whole / 60)} min${rest ? ` ${rest} s` : ""}`;
  }
  const minutes = Math.floor((whole % 3600) / 60);
  return `${Math.floor(whole / 3600)} h${minutes ? ` ${minutes} min` : ""}`;
}

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** Microseconds as `2026-11-23 08:45`; with seconds on request. */
export function time(micros: number | null | undefined, seconds = false): string {
  if (micros === null || micros === undefined) return "–";
  const date = new Date(micros / MICROS_PER_MS);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return seconds ? `${day} ${clock}:${pad(date.getSeconds())}` : `${day} ${clock}`;
}

/** Microseconds as RFC 3339 UTC with all six digits: what the log holds. */
export function utc(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${pad(micros - seconds * 1_000_000, 6)}Z`;
}

/** `just now`, `4 min ago`, `3 h ago`, then the date. */
export function ago(micros: number | null | undefined, nowMs: number): string {
  if (micros === null || micros === undefined) return "–";
  const seconds = (nowMs - micros / MICROS_PER_MS) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3570) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_000) return `${Math.round(seconds / 3600)} h ago`;
  return time(micros).slice(0, 10);
}

/** A number with at most `digits` decimals and no trailing zeros: facts come as measured. */
export function measure(value: number | null | undefined, unit: string, digits = 2): string {
  return value === undefined || value === null ? "–" : `${Number(value.toFixed(digits))} ${unit}`;
}

/** The first and last characters of a hash; the whole goes into the title. */
export function shortHash(hash: string): string {
  return hash.length <= 16 ? hash : `${hash.slice(0, 8)}…${hash.slice(-6)}`;
}

/** `quality_engineer` -> `quality engineer` */
export function words(snake: string): string {
  return snake.replaceAll("_", " ");
}

/** `quality_engineer` -> `Quality engineer` */
export function title(snake: string): string {
  const text = words(snake);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
