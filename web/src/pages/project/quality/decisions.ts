/** What waits for a decision about the quality of a project, the most urgent first. */
import type { Appeal } from "@/api/appeals";
import type { Study } from "@/api/appraisals";
import type { Batch, SupplierTally } from "@/api/batches";
import type { LabelErrors } from "@/api/label-errors";
import type { Alarm, Certification } from "@/api/quality";
import type { Ticket } from "@/api/tickets";
import { count, plural } from "@/format";

export type Waiting = {
  words: string;
  /** Where on the page it is decided; `appeals`: on the page of that name. */
  at: string;
  /** Somebody's work is held, or not taken, until it is decided. */
  urgent: boolean;
};

type Known = {
  alarms: Alarm[] | undefined;
  tickets: Ticket[] | undefined;
  batches: Batch[] | undefined;
  suppliers: SupplierTally[] | undefined;
  appeals: Appeal[] | undefined;
  studies: Study[] | undefined;
  certifications: Certification[] | undefined;
  kinds: LabelErrors["kinds"] | undefined;
};

export function waiting(known: Known): Waiting[] {
  const { alarms, tickets, batches, suppliers, appeals, studies, certifications, kinds } = known;
  const open = <T extends { state: string }>(of: T[] | undefined, ...states: string[]) =>
    of?.filter((one) => states.includes(one.state)).length ?? 0;
  // Somebody's answer to an alarm decides nothing: it waits as it did.
  const alarmed = open(alarms, "open", "appealed");
  const answered = open(alarms, "appealed");
  const inspected = open(batches, "frozen", "inspecting");
  const stopped = suppliers?.filter((one) => one.inspection === "discontinued").length ?? 0;
  // Who had a part in a review decides no appeal against it.
  const appealed = appeals?.filter((one) => one.may_decide).length ?? 0;
  const unsigned = open(studies, "ended");
  const audits = open(certifications, "frozen", "auditing");
  const doubts = kinds?.reduce((sum, kind) => sum + kind.open, 0) ?? 0;
  const lines: (Waiting & { many: number })[] = [
    {
      many: alarmed,
      words: plural(alarmed, "alarm") + (answered > 0 ? `, ${count(answered)} of them appealed against` : ""),
      at: "monitoring",
      urgent: true,
    },
    {
      many: appealed,
      words: plural(appealed, "appeal against a review", "appeals against reviews"),
      at: "appeals",
      urgent: true,
    },
    {
      many: inspected,
      words: `${plural(inspected, "batch", "batches")} to be accepted or returned`,
      at: "batches",
      urgent: true,
    },
    {
      many: stopped,
      words: `inspection discontinued: batches of ${plural(stopped, "supplier")} are not taken`,
      at: "batches",
      urgent: true,
    },
    {
      many: unsigned,
      words: `${plural(unsigned, "study", "studies")} of people's eyes to be signed: nothing follows for anybody before`,
      at: "studies",
      urgent: false,
    },
    {
      many: open(tickets, "open"),
      words: `${plural(open(tickets, "open"), "ticket")} about the guideline`,
      at: "tickets",
      urgent: false,
    },
    {
      many: audits,
      words: plural(audits, "audit that is not over", "audits that are not over"),
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
