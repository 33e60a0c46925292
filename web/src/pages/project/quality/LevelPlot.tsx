/** Evidence over checks, drawn by uPlot: it follows the mouse, zooms by dragging (double click: all), and grows as checks come. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Check } from "@/api/quality";
import { usePreferences } from "@/parts/preferences";
import { FLOOR, levelData } from "./level";

const HEIGHT_PX = 220;
/** Half the size of a cross, pixels of the screen. */
const CROSS_PX = 4;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

/** A cross at each check that found something. */
function crosses(plot: uPlot, series: number): boolean {
  const { ctx } = plot;
  const reach = CROSS_PX * uPlot.pxRatio;
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
  ctx.lineWidth = 1.6 * uPlot.pxRatio;
  ctx.stroke();
  ctx.restore();
  return false;
}

function options(width: number, checks: () => Check[], pick: (check: Check) => void): uPlot.Options {
  const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line") }, ticks: { show: false } };
  const spelled = (_plot: uPlot, value: number | null) => (value == null ? "–" : value.toPrecision(2));
  return {
    width,
    height: HEIGHT_PX,
    scales: { x: { time: false }, y: { distr: 3, log: 10, range: [FLOOR, 2] } },
    axes: [axis, { ...axis, size: 60 }],
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
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef({ checks, pick });
  latest.current = { checks, pick };
  const plot = useRef<uPlot | null>(null);
  const { scheme } = usePreferences();
  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew with the colours of another theme; checks come by setData.
  useEffect(() => {
    const at = place.current;
    if (!at) return;
    const made = new uPlot(
      options(
        at.clientWidth,
        () => latest.current.checks,
        (check) => latest.current.pick(check),
      ),
      levelData(latest.current.checks),
      at,
    );
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: HEIGHT_PX }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [scheme]);
  useEffect(() => plot.current?.setData(levelData(checks)), [checks]);
  return <div ref={place} />;
}
