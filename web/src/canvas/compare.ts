import { hitsShape, shapeBounds } from "./geometry";
import { relationsOf } from "./related";
import type { Annotation, Bounds, FrameRef } from "./types";
import { frameKey } from "./types";

/** Marks that overlap less are not taken for the same thing (intersection over union). */
const SAME_THING = 0.1;
/** Samples along each side when the overlap of two shapes is measured: an error of about 1/64. */
const SAMPLES = 96;
/** Marks without an area (points, lines) are the same thing when their extents lie this near, image pixels. */
const NEAR_PX = 10;

export type Verdict = "same" | "differs" | "only_a" | "only_b";

/** Two reads' marks of one thing, or a mark that only one of them has. */
export interface Match {
  verdict: Verdict;
  a: Annotation | null;
  b: Annotation | null;
  /** Intersection over union, 0 to 1; nothing where only one has it or the shapes have no area. */
  overlap: number | null;
  /** What differs: `outline`, `class`, `answers`, `relations` between things that both have. */
  what: ("outline" | "class" | "answers" | "relations")[];
}

/** The frame of what was matched; nothing for what is said of the whole item. */
export const frameOf = (match: Match | undefined): FrameRef | null => (match?.a ?? match?.b)?.frame ?? null;

/** Intersection over union of two shapes, by sampling the extent of both; nothing for shapes without an area. */
export function overlap(a: Annotation, b: Annotation): number | null {
  const [one, two] = [shapeBounds(a.shape), shapeBounds(b.shape)];
  if (!one || !two) return null;
  if (one.maxX < two.minX || two.maxX < one.minX || one.maxY < two.minY || two.maxY < one.minY) return 0;
  const box: Bounds = {
    minX: Math.min(one.minX, two.minX),
    minY: Math.min(one.minY, two.minY),
    maxX: Math.max(one.maxX, two.maxX),
    maxY: Math.max(one.maxY, two.maxY),
  };
  let both = 0;
  let either = 0;
  for (let j = 0; j < SAMPLES; j += 1)
    for (let i = 0; i < SAMPLES; i += 1) {
      const x = box.minX + ((i + 0.5) / SAMPLES) * (box.maxX - box.minX);
      const y = box.minY + ((j + 0.5) / SAMPLES) * (box.maxY - box.minY);
      const inA = hitsShape([x, y], a.shape, 0);
      const inB = hitsShape([x, y], b.shape, 0);
      if (inA && inB) both += 1;
      if (inA || inB) either += 1;
    }
  return either === 0 ? null : both / either;
}

/**
 * Pairs the marks of two reads: those that overlap most first, each once, only on the same frame. `agree` is the overlap
 * from which two outlines count as the same, `undirected` the types of relations in which either object may come first.
 */
export function compareReads(
  a: readonly Annotation[],
  b: readonly Annotation[],
  agree = 0.8,
  undirected: ReadonlySet<string> = new Set(),
): Match[] {
  const candidates = byFrame(b);
  const pairs: { a: Annotation; b: Annotation; overlap: number | null; rank: number }[] = [];
  for (const one of a)
    for (const two of candidates.get(frameKey(one.frame)) ?? []) {
      const rank = likeness(one, two);
      if (rank) pairs.push({ a: one, b: two, ...rank });
    }
  pairs.sort((p, q) => q.rank - p.rank);
  const taken = new Set<Annotation>();
  const matches: Match[] = [];
  for (const pair of pairs) {
    if (taken.has(pair.a) || taken.has(pair.b)) continue;
    taken.add(pair.a).add(pair.b);
    const what = differences(pair.a, pair.b, pair.overlap, agree);
    matches.push({
      verdict: what.length > 0 ? "differs" : "same",
      a: pair.a,
      b: pair.b,
      overlap: pair.overlap,
      what,
    });
  }
  compareRelations(matches, undirected);
  const alone = (mark: Annotation, verdict: "only_a" | "only_b"): Match => ({
    verdict,
    a: verdict === "only_a" ? mark : null,
    b: verdict === "only_b" ? mark : null,
    overlap: null,
    what: [],
  });
  matches.push(...a.filter((mark) => !taken.has(mark)).map((mark) => alone(mark, "only_a")));
  matches.push(...b.filter((mark) => !taken.has(mark)).map((mark) => alone(mark, "only_b")));
  return matches.sort(inOrder);
}

/** How much two marks look like the same thing, or nothing when they do not. A mark that was copied keeps its id. */
function likeness(a: Annotation, b: Annotation): { overlap: number | null; rank: number } | null {
  if (a.shape.type === "tag" || b.shape.type === "tag")
    return a.shape.type === b.shape.type && a.class === b.class ? { overlap: null, rank: 1 } : null;
  if (a.id === b.id) return { overlap: overlap(a, b), rank: 3 };
  const share = overlap(a, b);
  if (share !== null)
    return share >= SAME_THING ? { overlap: share, rank: share + Number(a.class === b.class) } : null;
  if (a.shape.type !== b.shape.type) return null;
  const distance = apart(shapeBounds(a.shape), shapeBounds(b.shape));
  return distance <= NEAR_PX ? { overlap: null, rank: 1 - distance / (2 * NEAR_PX) } : null;
}

function apart(a: Bounds | null, b: Bounds | null): number {
  if (!a || !b) return Number.POSITIVE_INFINITY;
  return Math.max(
    Math.abs(a.minX - b.minX),
    Math.abs(a.maxX - b.maxX),
    Math.abs(a.minY - b.minY),
    Math.abs(a.maxY - b.maxY),
  );
}

function differences(a: Annotation, b: Annotation, share: number | null, agree: number): Match["what"] {
  const what: Match["what"] = [];
  const moved = share === null ? JSON.stringify(a.shape) !== JSON.stringify(b.shape) : share < agree;
  if (moved) what.push("outline");
  if (a.class !== b.class) what.push("class");
  if (answers(a) !== answers(b)) what.push("answers");
  return what;
}

/** Relations between two things that both have, and that only one of them drew: a difference of the thing they go out from. */
function compareRelations(matches: Match[], undirected: ReadonlySet<string>): void {
  const sides = (["a", "b"] as const).map((side) => {
    const places = new Map(matches.map((match, place) => [match[side]?.id, place]));
    const said = new Map<string, number>();
    matches.forEach((match, place) => {
      for (const { type, to } of relationsOf(match[side])) {
        const other = places.get(to);
        if (other === undefined) continue;
        const [first, second] = undirected.has(type) && other < place ? [other, place] : [place, other];
        said.set(`${type} ${first} ${second}`, first);
      }
    });
    return said;
  });
  for (const [mine, theirs] of [sides, [...sides].reverse()] as [Map<string, number>, Map<string, number>][])
    for (const [words, place] of mine) {
      const match = matches[place];
      if (!match || theirs.has(words) || match.what.includes("relations")) continue;
      match.what.push("relations");
      match.verdict = "differs";
    }
}

/** Answers in an order of their own: two reads may have given them in any. */
function answers(mark: Annotation): string {
  return JSON.stringify(Object.entries(mark.attributes ?? {}).sort(([x], [y]) => (x < y ? -1 : 1)));
}

function byFrame(marks: readonly Annotation[]): Map<string, Annotation[]> {
  const found = new Map<string, Annotation[]>();
  for (const mark of marks)
    found.set(frameKey(mark.frame), [...(found.get(frameKey(mark.frame)) ?? []), mark]);
  return found;
}

const ORDER: Record<Verdict, number> = { only_a: 0, only_b: 1, differs: 2, same: 3 };

/** By frame, what differs first. */
function inOrder(p: Match, q: Match): number {
  const [f, g] = [(p.a ?? p.b)?.frame, (q.a ?? q.b)?.frame];
  return (
    (f?.stream ?? -1) - (g?.stream ?? -1) ||
    (f?.index ?? -1) - (g?.index ?? -1) ||
    ORDER[p.verdict] - ORDER[q.verdict]
  );
}

/** How often each verdict was given. */
export function tally(matches: readonly Match[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { same: 0, differs: 0, only_a: 0, only_b: 0 };
  for (const { verdict } of matches) counts[verdict] += 1;
  return counts;
}
