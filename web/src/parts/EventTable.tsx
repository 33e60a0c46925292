/** Evidence as a list: what happened, who did it, when, and at which place of the log it stands. */
import type { EvidenceEvent } from "@/api/types";
import { count, words } from "@/format";
import { At } from "./bits";
import table from "./table.module.css";

/** `task.given_back` -> `Task given back` */
export function actionWords(action: string): string {
  const text = words(action).replaceAll(".", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Where somebody was refused, the reason names what they lacked. */
const LACKED: Record<string, string> = {
  not_own: "it is another person's",
  not_unblinded: "may still be called to work here",
  many_refusals: "many different things",
};

export function reasonWords({ action, reason, object_kind: kind, times }: EvidenceEvent): string {
  if (!reason) return "";
  if (action !== "access.refused") return words(reason);
  const lacked = LACKED[reason] ?? words(reason);
  return `${lacked} · ${words(kind)}${times && times > 1 ? ` · ${count(times)} times` : ""}`;
}

export function EventTable({ events }: { events: EvidenceEvent[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th className="num">Log index</th>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>Reason</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td className="num">
                {event.log_index === null || event.log_index === undefined ? (
                  <span className="dim">being logged</span>
                ) : (
                  count(event.log_index)
                )}
              </td>
              <td>
                <At micros={event.at} seconds />
              </td>
              <td>{event.actor ?? words(event.actor_kind ?? "system")}</td>
              <td title={event.action}>
                {actionWords(event.action)}
                {event.outcome && !["done", "ok", "success"].includes(event.outcome) ? (
                  <span className="dim"> · {words(event.outcome)}</span>
                ) : null}
              </td>
              <td className="dim wrap">{reasonWords(event)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
