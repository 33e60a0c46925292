/** Which rows of a long table of equal rows are near the visible part; the rest is two spacers. */
import { type RefObject, useEffect, useState } from "react";

/** Rows kept beyond each edge, so that fast scrolling shows rows, not gaps. */
const MARGIN_ROWS = 12;

export type RowWindow = { from: number; to: number; beforePx: number; afterPx: number };

export function rowWindow(scrollTopPx: number, heightPx: number, rowPx: number, total: number): RowWindow {
  const from = Math.max(0, Math.min(total, Math.floor(scrollTopPx / rowPx)) - MARGIN_ROWS);
  const to = Math.min(total, Math.ceil((scrollTopPx + heightPx) / rowPx) + MARGIN_ROWS);
  return {
    from: Math.min(from, to),
    to,
    beforePx: Math.min(from, to) * rowPx,
    afterPx: (total - to) * rowPx,
  };
}

export function useWindowedRows(box: RefObject<HTMLElement | null>, rowPx: number, total: number): RowWindow {
  const [view, setView] = useState({ top: 0, height: 800 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      observer.disconnect();
    };
  }, [box]);
  return rowWindow(view.top, view.height, rowPx, total);
}
