/** Evidence over checks, drawn by uPlot: it follows the mouse, zooms by dragging (double click: all), and grows as checks come. */
import { useEffect, useMemo, useRef } from "react";
import type uPlot from "uplot";
import type { Check } from "@/api/quality";
import { FLOOR, levelData } from "./level";
import { axes, colour, HEIGHT_PX, usePlot } from "./plot";

/** Half the size of a cross, pixels of the screen. */
const CROSS_PX = 4;

/** A cross at each check that found something. */
function crosses(plot: uPlot, series: number): boolean {
  const { ctx } = plot;
  const reach = CROSS_PX * devicePixelRatio;
  const points = plot.data[series];
  if (!points) return false;
  ctx.save();
  ctx.beginPath();
  points.forEach((level, place) => {
    const number = plot.data[0][place];
    if (level == null || number === undefined) return;
    const x = plot.valToPos(number, "x", true);
    const y = plot.valToPos(level, "y", true);
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return;
    ctx.moveTo(x - reach, y - reach);
    ctx.lineTo(x + reach, y + reach);
    ctx.moveTo(x + reach, y - reach);
    ctx.lineTo(x - reach, y + reach);
  });
  ctx.strokeStyle = colour(series === 3 ? "--dim" : "--bad");
  ctx.lineWidth = 1.6 * devicePixelRatio;
  ctx.stroke();
  ctx.restore();
  return false;
}

function options(width: number, checks: () => Check[], pick: (check: Check) => void): uPlot.Options {
  const spelled = (_plot: uPlot, value: number | null) => (value == null ? "–" : value.toPrecision(2));
  return {
    width,
    height: HEIGHT_PX,
    scales: { x: { time: false }, y: { distr: 3, log: 10, range: [FLOOR, 2] } },
    axes: axes(),
    series: [
      { label: "check" },
      { label: "evidence", stroke: colour("--accent"), width: 1.5, value: spelled, points: { show: false } },
      { label: "corrected", paths: () => null, points: { show: crosses }, value: spelled },
      { label: "taken back", paths: () => null, points: { show: crosses }, value: spelled },
      { label: "alarm", stroke: colour("--bad"), width: 1.5, dash: [6, 4], points: { show: false } },
    ],
    cursor: {
      drag: { x: true, y: false },
      bind: {
        click: (plot, _target, handler) => (event) => {
          handler(event);
          const at = plot.cursor.idx;
          const check = at == null ? undefined : checks()[at];
          if (check?.wrong && plot.select.width < 1) pick(check);
          return null;
        },
      },
    },
  };
}

export default function LevelPlot({ checks, pick }: { checks: Check[]; pick: (check: Check) => void }) {
  const latest = useRef({ checks, pick });
  useEffect(() => {
    latest.current = { checks, pick };
  }, [checks, pick]);
  const place = usePlot(
    (width) =>
      options(
        width,
        () => latest.current.checks,
        (check) => latest.current.pick(check),
      ),
    useMemo(() => levelData(checks), [checks]),
  );
  return <div ref={place} />;
}
