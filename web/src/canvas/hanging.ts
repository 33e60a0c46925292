import { isFilm, type SeriesFacts, volumeRefusal } from "./series";
import { isParallel, planeOf, sharesSpace } from "./space";

/** How the middle is divided. `mpr`: the series and three planes through it. */
export type Layout = "one" | "two" | "four" | "mpr";

/** A series as the hanging protocol sees it. */
export interface Hangable {
  stream: number;
  frames: number;
  facts: SeriesFacts;
}

export interface Hanging {
  layout: Layout;
  /** Streams in the order of the panes; the first is the one that is worked on. */
  panes: number[];
}

/** Panes of each layout that show series. */
export const PANES: Record<Layout, number> = { one: 1, two: 2, four: 4, mpr: 1 };

/** Order of a mammogram's views and of plain films is that of the study; cross-sections go by size: the volume first. */
const PROJECTIONS = new Set(["CR", "DX", "MG", "RG", "PX", "IO"]);
/** Pictures and films that are looked at one at a time. */
const SINGLE = new Set(["US", "XA", "RF", "ES", "XC", "SM", "OP", "NM", "ECG"]);

/**
 * How a study is hung when it is opened, by its modality: films and plain pictures alone, projections as the pairs and
 * fours they are made in, cross-sections beside the series that show the same cut in the same coordinates. People change
 * it as they like.
 */
export function hang(series: Hangable[], first: number): Hanging {
  const main = series.find((entry) => entry.stream === first) ?? series[0];
  if (!main) return { layout: "one", panes: [first] };
  const modality = main.facts.modality ?? "";
  const others = series.filter((entry) => entry !== main);
  if (SINGLE.has(modality) || isFilm(main.facts, main.frames)) return one(main);
  if (PROJECTIONS.has(modality)) {
    const same = others.filter((entry) => entry.facts.modality === modality);
    if (modality === "MG" && same.length >= 3) return many("four", main, same);
    return same.length > 0 ? many("two", main, same) : one(main);
  }
  const alongside = others.filter((entry) => showsSameCut(main, entry));
  if (modality === "MR" && alongside.length >= 3) return many("four", main, alongside);
  return alongside.length > 0 ? many("two", main, alongside) : one(main);
}

/** The panes of a layout: what is there stays, what is missing is filled with series not shown yet. */
export function fill(layout: Layout, panes: number[], series: Hangable[]): number[] {
  const wanted = PANES[layout];
  const rest = series.map((entry) => entry.stream).filter((stream) => !panes.includes(stream));
  return [...panes, ...rest].slice(0, wanted);
}

/** Whether three planes can be shown of the series, and why not. */
export function mprRefusal(series: Hangable): string | null {
  return volumeRefusal(series.facts, series.frames);
}

const one = (main: Hangable): Hanging => ({ layout: "one", panes: [main.stream] });

function many(layout: "two" | "four", main: Hangable, others: Hangable[]): Hanging {
  return { layout, panes: [main, ...others].slice(0, PANES[layout]).map((entry) => entry.stream) };
}

function showsSameCut(a: Hangable, b: Hangable): boolean {
  const [one, two] = [planeOf(a.facts, 0), planeOf(b.facts, 0)];
  return (
    sharesSpace(a.facts, b.facts) &&
    one !== null &&
    two !== null &&
    a.frames > 1 &&
    b.frames > 1 &&
    isParallel(one, two)
  );
}
