/** The items of an alarm: what it holds, and what was handed in before the estimated change and is to be looked at. */
import { useQuery } from "@tanstack/react-query";
import { type Alarm, alarmEarlierQuery, alarmItemsQuery } from "@/api/quality";
import { plural } from "@/format";
import { At } from "@/parts/bits";
import { ItemTable } from "@/parts/ItemTable";
import { Failed, Loading, Note } from "@/parts/States";

export function HeldItems({ project, alarm }: { project: string; alarm: Alarm }) {
  const items = useQuery(alarmItemsQuery(project, alarm.id));
  if (items.isPending) return <Loading lines={3} />;
  if (items.isError) return <Failed error={items.error} retry={() => items.refetch()} />;
  const hold = (lifted: number | null | undefined) =>
    lifted ? (
      <>
        lifted <At micros={lifted} />
      </>
    ) : (
      "held"
    );
  return (
    <ItemTable
      columns={["Hold"]}
      rows={items.data.map((one) => ({
        key: one.item,
        item: one.item,
        name: one.name,
        phase: one.phase,
        held: !one.lifted_at,
        cells: [hold(one.lifted_at)],
      }))}
    />
  );
}

export function EarlierItems({ project, alarm }: { project: string; alarm: Alarm }) {
  const items = useQuery(alarmEarlierQuery(project, alarm.id));
  if (items.isPending) return <Loading lines={3} />;
  if (items.isError) return <Failed error={items.error} retry={() => items.refetch()} />;
  if (items.data.length === 0) return <Note>They handed nothing in before the estimated change.</Note>;
  return (
    <div className="stack tight">
      <p className="dim">
        Where a change began is an estimate. Look at each of {plural(items.data.length, "item")} from before
        it, the newest first, and put what is wrong on hold.
      </p>
      <ItemTable
        columns={["Handed in", "Reviewed"]}
        rows={items.data.map((one) => ({
          key: one.item,
          item: one.item,
          name: one.name,
          phase: one.phase,
          cells: [<At key="at" micros={one.read_at} />, one.reviewed ? "yes" : "not yet"],
        }))}
      />
    </div>
  );
}
