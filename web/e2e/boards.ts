/** Boards of copper bars beside their templates, for walks over inspections. */
import { expect } from "@playwright/test";
import { type People, png } from "./pictures";

/** Parts of one request. */
const PARTS_AT_ONCE = 20;
const SIDE = 128;
/** Islands lie in one of three gaps between bars, in one of so many rows. */
const [GAPS, ROWS] = [3, 5];

/** A board; with an island of copper between two of its bars, each part's elsewhere. No two numbers look alike. */
function board(number: number, island: boolean): Buffer {
  const [left, top] = [18 + 24 * (number % GAPS), 20 + 16 * (number % ROWS)];
  const on = (x: number, y: number) => x >= left && x < left + 8 && y >= top && y < top + 9;
  const bright = 205 + (number % 40);
  const dark = 45 - Math.floor(number / 40);
  return png(SIDE, (x, y) => (x % 24 < 12 || (island && on(x, y)) ? bright : dark));
}

/** Sends so many parts, each a board with an island and its template without. */
export async function bringsParts(people: People, project: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += PARTS_AT_ONCE) {
    const form = new FormData();
    for (let number = from; number < Math.min(count, from + PARTS_AT_ONCE); number += 1) {
      for (const [kind, island] of [
        ["temp", false],
        ["test", true],
      ] as const) {
        const bytes = new Uint8Array(board(number, island));
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
