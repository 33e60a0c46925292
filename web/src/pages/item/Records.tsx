/** Rows of cleaned tables that are about an item, one below the other. */
import type { ItemRecord } from "@/api/types";
import { plural } from "@/format";
import { At, Panel } from "@/parts/bits";
import table from "@/parts/table.module.css";

/** Every column of some rows, in the order in which they come. */
const columnsOf = (records: ItemRecord[]): string[] => [
  ...new Set(records.flatMap((record) => record.cells.map((cell) => cell.column))),
];

export function Records({ records }: { records: ItemRecord[] }) {
  if (records.length === 0) return null;
  const columns = columnsOf(records);
  return (
    <Panel
      title="Records"
      aside={<span className="dim">{plural(records.length, "row")} of cleaned tables about it</span>}
    >
      <div className={table.scroll}>
        <table className={table.table} data-testid="item-records">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column}>{column}</th>
              ))}
              <th>Came</th>
            </tr>
          </thead>
          <tbody>
            {records.map((record, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows only ever come, in this order
              <tr key={index}>
                {columns.map((column) => (
                  <td key={column}>{record.cells.find((cell) => cell.column === column)?.value ?? ""}</td>
                ))}
                <td>
                  <At micros={record.came_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
