/** Divided answers in words. Every number names what it is a part of. */
import type { Ticket } from "@/api/tickets";
import { count } from "@/format";

const PERCENT = 100;
const points = (value: number) => (value * PERCENT).toFixed(1);

/** `12 of 80 marks with either answer got both (15.0 %)` */
export function countWords(counted: Ticket["before"]): string {
  if (counted.either === 0) return "no mark with either answer yet";
  return `${count(counted.both)} of ${count(counted.either)} marks with either answer got both (${points(counted.both / counted.either)} %)`;
}

/** `−9.0 points (−14.2 to −2.1): it helped` */
export function changeWords(change: NonNullable<Ticket["change"]>): string {
  const signed = (value: number) => `${value < 0 ? "−" : "+"}${points(Math.abs(value))}`;
  const verdict =
    change.high < 0 ? "it helped" : change.low > 0 ? "it got worse" : "not to be told from chance";
  return `${signed(change.value)} points (${signed(change.low)} to ${signed(change.high)}): ${verdict}`;
}
