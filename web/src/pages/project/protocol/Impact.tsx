/** What a draft would do, counted before anybody signs it. */
import type { ProtocolImpact } from "@/api/types";
import { plural } from "@/format";
import { FactList } from "@/parts/bits";

const named = (ids: string[]) => (ids.length > 0 ? ids.join(", ") : null);

function tasks(work: NonNullable<ProtocolImpact["work"]>): string {
  const stages = work.stages.map(
    ({ stage, waiting, in_work: inWork }) => `${stage}: ${waiting} waiting, ${inWork} in work`,
  );
  if (work.elsewhere > 0) stages.push(`${work.elsewhere} at stages of older versions`);
  return [plural(work.open_tasks, "task"), ...stages].join("; ");
}

export function Impact({ impact }: { impact: ProtocolImpact }) {
  return (
    <FactList
      rows={[
        ["Finish under the version they began with", plural(impact.finishing, "item")],
        ["Open there now", impact.work ? tasks(impact.work) : null],
        ["Before the gate, start under the new one", plural(impact.starting, "item")],
        ["Accepted, stay as they are", plural(impact.untouched, "item")],
        ["Stages added", named(impact.stages_added)],
        ["Stages left out", named(impact.stages_removed)],
        ["Qualifications asked for that nobody holds", named(impact.unheld)],
        [
          "Retired, with accepted labels",
          named(
            impact.retired.map(
              ({ class: id, items, annotations }) =>
                `${id} (${plural(annotations, "label")} in ${plural(items, "item")})`,
            ),
          ),
        ],
      ]}
    />
  );
}
