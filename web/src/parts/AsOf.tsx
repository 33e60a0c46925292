/** Of when figures are that are not asked for anew with every change, and how they are asked for now. */
import { Button } from "@mantine/core";
import { REPORT_MS } from "@/api/reports";
import { At } from "./bits";

const MICROS_PER_MS = 1_000;
const MS_PER_SECOND = 1_000;

export function AsOf({
  of,
}: {
  /** The query of the figures. */
  of: { dataUpdatedAt: number; isFetching: boolean; refetch: () => unknown };
}) {
  if (of.dataUpdatedAt === 0) return null;
  return (
    <p
      className="row tight dim"
      title={`While others work they are asked for again every ${REPORT_MS / MS_PER_SECOND} seconds at most`}
      data-testid="as-of"
    >
      <span>
        Figures of <At micros={of.dataUpdatedAt * MICROS_PER_MS} seconds />
      </span>
      <Button variant="subtle" size="compact-xs" onClick={() => of.refetch()} loading={of.isFetching}>
        Ask again
      </Button>
    </p>
  );
}
