/** What the control charts have in common: uPlot made for a place, resized with it, and given its data as they come. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { usePreferences } from "@/parts/preferences";

export const HEIGHT_PX = 220;

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

export function axes(): uPlot.Axis[] {
  const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line") }, ticks: { show: false } };
  return [axis, { ...axis, size: 60 }];
}

/** A place in which a chart is drawn; `options` are asked anew with the colours of another theme. */
export function usePlot(options: (width: number) => uPlot.Options, data: uPlot.AlignedData) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const { scheme } = usePreferences();
  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew with the colours of another theme; data come by setData.
  useEffect(() => {
    const at = place.current;
    if (!at) return;
    const made = new uPlot(options(at.clientWidth), data, at);
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: HEIGHT_PX }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [scheme]);
  useEffect(() => plot.current?.setData(data), [data]);
  return place;
}
