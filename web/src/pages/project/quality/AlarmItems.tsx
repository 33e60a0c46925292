/** The items of an alarm: what it holds. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Alarm, alarmItemsQuery } from "@/api/quality";
import type { Phase } from "@/api/types";
import { At, PhaseMark } from "@/parts/bits";
import { Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";

export function HeldItems({ project, alarm }: { project: string; alarm: Alarm }) {
  const items = useQuery(alarmItemsQuery(project, alarm.id));
  if (items.isPending) return <Loading lines={3} />;
  if (items.isError) return <Failed error={items.error} retry={() => items.refetch()} />;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Item</th>
            <th>State</th>
            <th>Hold</th>
          </tr>
        </thead>
        <tbody>
          {items.data.map((one) => (
            <tr key={one.item}>
              <td>
                <Link to="/items/$itemId" params={{ itemId: one.item }}>
                  {one.name}
                </Link>
              </td>
              <td>
                <PhaseMark phase={one.phase as Phase} held={!one.lifted_at} />
              </td>
              <td>
                {one.lifted_at ? (
                  <>
                    lifted <At micros={one.lifted_at} />
                  </>
                ) : (
                  "held"
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
