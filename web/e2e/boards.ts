/** Boards of copper bars beside their templates, for walks over inspections. */
import { expect } from "@playwright/test";
import { type People, png } from "./pictures";

/** Parts of one request. */
const PARTS_AT_ONCE = 20;
const SIDE = 128;
/** Islands lie in one of three gaps between bars, in one of so many rows. */
const [GAPS, ROWS] = [3, 5];

/** Something on a board that its template does not have: how large, and how bright beside copper, 0 to 1. */
export type Spot = { width: number; height: number; share: number };
/** What lies on a board: an island of copper, a speck of dirt in the next gap, or nothing of these. */
export type Seen = { island?: Spot; speck?: Spot };
const ISLAND: Spot = { width: 8, height: 9, share: 1 };

/** Where the island of a board lies, or would: its upper left corner, pixels. */
const islandAt = (number: number): [number, number] => [18 + 24 * (number % GAPS), 20 + 16 * (number % ROWS)];
/** A speck lies amid the next gap, two rows on. */
const speckAt = (number: number): [number, number] => [
  15 + 24 * ((number + 1) % GAPS),
  20 + 16 * ((number + 2) % ROWS),
];

/** Whether a box of a draft lies over the island of a board. */
export function isOnIsland(number: number, shape: { x: number; y: number; w: number; h: number }): boolean {
  const [x, y] = islandAt(number).map((corner) => corner + 4) as [number, number];
  return shape.x <= x && x <= shape.x + shape.w && shape.y <= y && y <= shape.y + shape.h;
}

/** A board with what lies on it, each part's elsewhere. No two numbers look alike. */
function board(number: number, { island, speck }: Seen): Buffer {
  const bright = 205 + (number % 40);
  const dark = 45 - Math.floor(number / 40);
  const on = ([left, top]: [number, number], spot: Spot | undefined, x: number, y: number) =>
    spot && x >= left && x < left + spot.width && y >= top && y < top + spot.height ? spot.share : 0;
  return png(SIDE, (x, y) => {
    const share =
      x % 24 < 12 ? 1 : Math.max(on(islandAt(number), island, x, y), on(speckAt(number), speck, x, y));
    return Math.round(dark + share * (bright - dark));
  });
}

/** Sends so many parts, each a board with what lies on it - an island unless said otherwise - and its template without. */
export async function bringsParts(
  people: People,
  project: string,
  count: number,
  seen: (number: number) => Seen = () => ({ island: ISLAND }),
): Promise<void> {
  for (let from = 0; from < count; from += PARTS_AT_ONCE) {
    const form = new FormData();
    for (let number = from; number < Math.min(count, from + PARTS_AT_ONCE); number += 1) {
      for (const [kind, on] of [
        ["temp", {}],
        ["test", seen(number)],
      ] as const) {
        const bytes = new Uint8Array(board(number, on));
        const name = `${String(number).padStart(5, "0")}_${kind}.png`;
        form.append("file", new File([bytes], name, { type: "image/png" }));
      }
    }
    const sent = await people.owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
      headers: { "x-countersign": "1" },
      multipart: form,
    });
    expect(sent.ok(), await sent.text()).toBe(true);
  }
}
