import {
  isParallel,
  nearestFrame,
  type Plane,
  referenceLine,
  type SeriesSpace,
  sharesSpace,
  toImage,
} from "./space";
import type { Point, Vec3 } from "./types";

/** A view that takes part: a stack on the stage, a series beside it, a plane through a volume. */
export interface LinkedPane {
  readonly space: SeriesSpace;
  /** Colour of its line in other views. */
  readonly color: string;
  /** The plane that it shows now. */
  plane(): Plane | null;
  size(): { rows: number; columns: number };
  /** Shows the cut nearest to a place. */
  goTo(place: Vec3): void;
  /** Goes on by so many frames: for series that share no coordinates. */
  goBy(frames: number): void;
  redraw(): void;
}

/** Views that know of each other: one place (the crosshair), lines where they cut each other, one scroll. */
export class PaneLink {
  private readonly panes = new Set<LinkedPane>();
  /** The place that people point to, and in whose coordinates. */
  private pointed: { place: Vec3; space: SeriesSpace } | null = null;
  private moving = false;
  /** Series scroll together. */
  together = true;

  join(pane: LinkedPane): () => void {
    this.panes.add(pane);
    if (this.pointed && sharesSpace(this.pointed.space, pane.space)) pane.goTo(this.pointed.place);
    this.redraw();
    return () => {
      this.panes.delete(pane);
      this.redraw();
    };
  }

  /** Points to a place: every view that shares its coordinates goes there. */
  point(place: Vec3, from: LinkedPane): void {
    this.pointed = { place, space: from.space };
    this.quietly(() => {
      for (const pane of this.panes) if (sharesSpace(pane.space, from.space)) pane.goTo(place);
    });
  }

  clear(): void {
    this.pointed = null;
    this.redraw();
  }

  /** The place as an image point of a view, where it shares the coordinates. */
  pointIn(pane: LinkedPane): Point | null {
    const plane = pane.plane();
    if (!this.pointed || !plane || !sharesSpace(this.pointed.space, pane.space)) return null;
    return toImage(plane, this.pointed.place).point;
  }

  /**
   * A view was scrolled. Others that show the same cut in the same coordinates go to the same place in space; those
   * without common coordinates go on by as many frames.
   */
  scrolled(from: LinkedPane, frames: number): void {
    if (this.moving) return;
    const plane = from.plane();
    this.quietly(() => {
      for (const pane of this.panes) {
        if (pane === from || !this.together) continue;
        const other = pane.plane();
        if (sharesSpace(pane.space, from.space)) {
          if (plane && other && pane.space !== from.space && isParallel(plane, other))
            pane.goTo(plane.origin);
        } else pane.goBy(frames);
      }
    });
  }

  /** Where the cuts of the other views lie in this one. */
  lines(pane: LinkedPane): { line: [Point, Point]; color: string }[] {
    const plane = pane.plane();
    if (!plane) return [];
    const found: { line: [Point, Point]; color: string }[] = [];
    for (const other of this.panes) {
      const cut = other.plane();
      if (other === pane || !cut || !sharesSpace(pane.space, other.space)) continue;
      const line = referenceLine(plane, cut, other.size());
      if (line) found.push({ line, color: other.color });
    }
    return found;
  }

  redraw(): void {
    for (const pane of this.panes) pane.redraw();
  }

  private quietly(act: () => void): void {
    if (this.moving) return;
    this.moving = true;
    act();
    this.moving = false;
    this.redraw();
  }
}

/** The frame of a series that shows a place best: the one that a linked view goes to. */
export function frameAt(space: SeriesSpace, place: Vec3): number | null {
  return nearestFrame(space, place)?.index ?? null;
}
