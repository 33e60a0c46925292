/** What waits for a decision about the quality of a project, the most urgent first. */
import type { Batch } from "@/api/batches";
import type { LabelErrors } from "@/api/label-errors";
import type { Alarm, Certification } from "@/api/quality";
import type { Ticket } from "@/api/tickets";
import { plural } from "@/format";

export type Waiting = {
  words: string;
  /** Where on the page it is decided. */
  at: string;
  /** Somebody's work is held until it is decided. */
  urgent: boolean;
};

type Known = {
  alarms: Alarm[] | undefined;
  tickets: Ticket[] | undefined;
  batches: Batch[] | undefined;
  certifications: Certification[] | undefined;
  kinds: LabelErrors["kinds"] | undefined;
};

export function waiting({ alarms, tickets, batches, certifications, kinds }: Known): Waiting[] {
  const open = <T extends { state: string }>(of: T[] | undefined, state: string) =>
    of?.filter((one) => one.state === state).length ?? 0;
  // Somebody's answer to an alarm decides nothing: it waits as it did.
  const alarmed = open(alarms, "open") + open(alarms, "appealed");
  const doubts = kinds?.reduce((sum, kind) => sum + kind.open, 0) ?? 0;
  const lines: (Waiting & { many: number })[] = [
    {
      many: alarmed,
      words: plural(alarmed, "alarm", "alarms"),
      at: "monitoring",
      urgent: true,
    },
    {
      many: open(batches, "open"),
      words: `${plural(open(batches, "open"), "batch", "batches")} to be accepted or returned`,
      at: "batches",
      urgent: true,
    },
    {
      many: open(tickets, "open"),
      words: `${plural(open(tickets, "open"), "ticket")} about the guideline`,
      at: "tickets",
      urgent: false,
    },
    {
      many: open(certifications, "frozen") + open(certifications, "auditing"),
      words: `${plural(open(certifications, "frozen") + open(certifications, "auditing"), "audit")} that is not over`,
      at: "certificates",
      urgent: false,
    },
    {
      many: doubts,
      words: `${plural(doubts, "doubt")} about accepted labels`,
      at: "label-errors",
      urgent: false,
    },
  ];
  return lines.filter((line) => line.many > 0).map(({ many: _, ...line }) => line);
}
