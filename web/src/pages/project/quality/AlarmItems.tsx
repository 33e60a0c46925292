/** The items of an alarm: what it holds, and what was handed in before the estimated change and is to be looked at. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Alarm, alarmEarlierQuery, alarmItemsQuery } from "@/api/quality";
import type { Phase } from "@/api/types";
import { plural } from "@/format";
import { At, PhaseMark } from "@/parts/bits";
import { Failed, Loading, Note } from "@/parts/States";
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
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Item</th>
              <th>State</th>
              <th>Handed in</th>
              <th>Reviewed</th>
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
                  <PhaseMark phase={one.phase as Phase} />
                </td>
                <td>
                  <At micros={one.read_at} />
                </td>
                <td>{one.reviewed ? "yes" : "not yet"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
