/** The CUSUM chart of a stream: its height, its limit, and where it signalled. */
import { useMemo } from "react";
import type uPlot from "uplot";
import type { Cusum } from "@/api/quality";
import { axes, colour, HEIGHT_PX, usePlot } from "./plot";

/** Number of the check, height, and the limit. */
export function cusumData({ points, limit }: Cusum): [number[], number[], number[]] {
  return [points.map((point) => point.number), points.map((point) => point.height), points.map(() => limit)];
}

function options(width: number, limit: number): uPlot.Options {
  return {
    width,
    height: HEIGHT_PX,
    scales: { x: { time: false }, y: { range: [0, Math.ceil(limit * 1.1)] } },
    axes: axes(),
    series: [
      { label: "check" },
      { label: "height", stroke: colour("--accent"), width: 1.5, points: { show: false } },
      { label: "limit", stroke: colour("--bad"), width: 1.5, dash: [6, 4], points: { show: false } },
    ],
    cursor: { drag: { x: true, y: false } },
  };
}

export default function CusumPlot({ cusum }: { cusum: Cusum }) {
  const data = useMemo(() => cusumData(cusum), [cusum]);
  const place = usePlot((width) => options(width, cusum.limit), data);
  return <div ref={place} />;
}
