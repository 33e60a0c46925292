/** Evidence over checks as columns: what a chart draws. */
import type { Check } from "@/api/quality";

/** Evidence is a product of many factors: it is looked at by its logarithm, down to one thousandth of the alarm. */
export const FLOOR = 1e-3;

type Column = (number | null)[];

/** Number of the check, evidence, the same where it found something, where that was taken back, and the alarm. */
export function levelData(checks: Check[]): [number[], Column, Column, Column, Column] {
  const level = (check: Check) => Math.max(FLOOR, Math.min(1, check.level));
  const where = (is: (check: Check) => boolean) => checks.map((check) => (is(check) ? level(check) : null));
  return [
    checks.map((check) => check.number),
    checks.map(level),
    where((check) => check.wrong && !check.overturned),
    where((check) => check.wrong && check.overturned),
    checks.map(() => 1),
  ];
}
