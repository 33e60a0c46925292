/** A table of items: the name leads to the item, beside it its state and whatever the list is about. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Phase } from "@/api/types";
import { PhaseMark } from "./bits";
import table from "./table.module.css";

export type ItemRow = {
  /** Unique in the table; an item may be there more than once. */
  key: string;
  item: string;
  name: string;
  phase: string;
  held?: boolean;
  /** One for each further column. */
  cells: ReactNode[];
};

export function ItemTable({ columns, rows }: { columns: string[]; rows: ItemRow[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            {["Item", "State", ...columns].map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <td>
                <Link to="/items/$itemId" params={{ itemId: row.item }}>
                  {row.name}
                </Link>
              </td>
              <td>
                <PhaseMark phase={row.phase as Phase} held={row.held} />
              </td>
              {row.cells.map((cell, place) => (
                <td key={columns[place]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
