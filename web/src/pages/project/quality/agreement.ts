/** Figures of agreement in words, and the cells of the matrix of names. */
import type { Coefficient, ConfusionCell, Distance } from "@/api/agreement";

/** Stands for "the other did not mark it" among the columns. */
export const NOTHING = "";
const DIGITS = 3;
const SHADES = ["low", "middle", "high"] as const;

/** `0.812 (0.640 to 0.951)` */
export function coefficientWords(value: Coefficient | null | undefined): string {
  if (!value) return "not known";
  const said = value.value.toFixed(DIGITS);
  const { low, high } = value;
  if (low === null || low === undefined || high === null || high === undefined) return said;
  return `${said} (${low.toFixed(DIGITS)} to ${high.toFixed(DIGITS)})`;
}

/** `87.1 % (79.0 to 93.4)`; without an interval where no draw of items differs. */
export function sharedWords(
  value: number | null | undefined,
  ends: { low: number; high: number } | null | undefined,
): string {
  if (value === null || value === undefined) return "–";
  const points = (of: number) => (100 * of).toFixed(1);
  return ends ? `${points(value)} % (${points(ends.low)} to ${points(ends.high)})` : `${points(value)} %`;
}

/** `2.41 mm (1.90 to 3.02)` */
export function distanceWords({ value, low, high }: Distance, unit: string): string {
  const said = `${value.toFixed(2)} ${unit}`;
  if (low === null || low === undefined || high === null || high === undefined) return said;
  return `${said} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** Every class that somebody marked, in order. */
export function namesOf(cells: ConfusionCell[]): string[] {
  const names = cells.flatMap((cell) => (cell.other ? [cell.one, cell.other] : [cell.one]));
  return [...new Set(names)].sort();
}

/** The cell of two names, whichever comes first. */
export const cellOf = (cells: ConfusionCell[], one: string, other: string): ConfusionCell | undefined =>
  cells.find((cell) => {
    const second = cell.other ?? NOTHING;
    return (cell.one === one && second === other) || (cell.one === other && second === one);
  });

/** How strongly a cell is coloured, beside the largest. */
export const shade = (pairs: number, most: number): (typeof SHADES)[number] =>
  SHADES[Math.min(SHADES.length - 1, Math.floor((pairs / most) * SHADES.length))] ?? "low";

/** `19 of 61 items where somebody said either: 31.1 % (19.9 to 44.3)` */
export function commonWords(cell: ConfusionCell): string {
  const { common } = cell;
  if (!common?.share) return "";
  const points = (value: number) => (100 * value).toFixed(1);
  const { value, low, high } = common.share;
  const either = cell.other && cell.other !== cell.one ? "either name" : "it";
  return `${common.items} of ${common.of_items} items where somebody said ${either}: ${points(value)} % (${points(low)} to ${points(high)})`;
}
