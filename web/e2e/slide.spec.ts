/** A slide comes in as one TIFF file, is read at full resolution, and nothing of the label in it is anywhere. */
import { expect, test } from "@playwright/test";
import { drag, type Person } from "./people";
import { everybody, inPhase, opens } from "./pictures";

const TILE = 256;
const [WIDTH, HEIGHT] = [2_048, 1_536];
/** The coarse level has one pixel for so many of the finest, along each side. */
const SHRUNK = 4;
const SECRET = "Aperio |User = b414003d|Filename = Doe_Jane|MPP = 0.2500|";

type Tag = [tag: number, kind: number, count: number, value: number];

/** Tissue: a dark disc in the middle of pale glass, in pixels of the finest level. */
function colour(x: number, y: number): [number, number, number] {
  const inside = (x - WIDTH / 2) ** 2 + (y - HEIGHT / 2) ** 2 < 300 ** 2;
  return inside ? [150, 60, 140] : [238, 232, 240];
}

/** A little-endian TIFF file with two levels of bare tiles and, between them, a label that names somebody. */
function slide(): Buffer {
  const parts: Buffer[] = [Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0])];
  let length = 8;
  const add = (part: Buffer): number => {
    parts.push(part);
    length += part.length;
    return length - part.length;
  };
  let link: Buffer = parts[0] as Buffer;
  let linkAt = 4;
  const page = (width: number, height: number, shrunk: number, text: string, tiled: boolean) => {
    const across = Math.ceil(width / TILE);
    const tiles = tiled ? across * Math.ceil(height / TILE) : 0;
    const [offsets, sizes] = [Buffer.alloc(4 * tiles), Buffer.alloc(4 * tiles)];
    for (let place = 0; place < tiles; place += 1) {
      const raw = Buffer.alloc(TILE * TILE * 3);
      for (let n = 0; n < TILE * TILE; n += 1) {
        const x = ((place % across) * TILE + (n % TILE)) * shrunk;
        const y = (Math.floor(place / across) * TILE + Math.floor(n / TILE)) * shrunk;
        raw.set(colour(x, y), 3 * n);
      }
      offsets.writeUInt32LE(add(raw), 4 * place);
      sizes.writeUInt32LE(raw.length, 4 * place);
    }
    const words = Buffer.from(text.padEnd(8, "|"), "latin1");
    const tags: Tag[] = [
      [256, 4, 1, width],
      [257, 4, 1, height],
      [258, 3, 3, add(Buffer.from([8, 0, 8, 0, 8, 0]))],
      [259, 3, 1, 1],
      [262, 3, 1, 2],
      [270, 2, words.length, add(words)],
      [277, 3, 1, 3],
    ];
    if (tiled) {
      tags.push([322, 3, 1, TILE], [323, 3, 1, TILE]);
      tags.push([324, 4, tiles, add(offsets)], [325, 4, tiles, add(sizes)]);
    }
    const directory = Buffer.alloc(2 + 12 * tags.length + 4);
    directory.writeUInt16LE(tags.length, 0);
    for (const [nth, [tag, kind, count, value]] of tags.entries()) {
      directory.writeUInt16LE(tag, 2 + 12 * nth);
      directory.writeUInt16LE(kind, 4 + 12 * nth);
      directory.writeUInt32LE(count, 6 + 12 * nth);
      directory.writeUInt32LE(value, 10 + 12 * nth);
    }
    link.writeUInt32LE(add(directory), linkAt);
    [link, linkAt] = [directory, directory.length - 4];
  };
  page(WIDTH, HEIGHT, 1, SECRET, true);
  page(300, 200, 1, "label 300x200 Jane Doe", false);
  page(WIDTH / SHRUNK, HEIGHT / SHRUNK, SHRUNK, SECRET, true);
  return Buffer.concat(parts);
}

async function arrives(reader: Person, project: string, name: string): Promise<string> {
  await reader.starts(name, "reading");
  const item = await reader.item();
  const answer = await reader.context.request.get(`/api/v1/items/${item.id}`);
  const text = await answer.text();
  for (const hidden of ["b414003d", "Doe", "Jane"]) expect(text).not.toContain(hidden);
  expect(JSON.parse(text).project).toBe(project);
  return item.id;
}

test("a slide in a TIFF file is read tile by tile at full resolution", async ({ browser }, info) => {
  const people = await everybody(browser);
  const name = `Tissue ${Date.now()}`;
  const project = await opens(people, name, true, "radiology");
  const sent = await people.owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
    headers: { "x-countersign": "1" },
    multipart: { file: { name: "Doe_Jane.svs", mimeType: "image/tiff", buffer: slide() } },
  });
  expect(sent.ok(), await sent.text()).toBe(true);
  await expect.poll(() => inPhase(people, project, "queued"), { timeout: 120_000 }).toBe(1);

  const reader = people.annotator;
  const { page } = reader;
  const item = await arrives(reader, project, name);
  await expect(page.getByTestId("minimap")).toBeVisible();
  await page.getByRole("button", { name: "40×" }).click();
  await expect(page.getByTestId("magnification")).toHaveText("40×");
  await expect(page.getByTestId("tiles-failed")).toBeHidden();
  await page.getByTestId("tool-box").click();
  await drag(page, "slide", [0.4, 0.4], [0.6, 0.6]);
  await expect(page.getByTestId("object-row")).toHaveCount(1);
  await page.getByTestId("attribute-certainty").selectOption("definite");
  await expect(page.getByTestId("save-state")).toHaveText(/saved/i);
  await page.screenshot({ path: info.outputPath("slide.png") });

  // One pixel of the screen is one of the slide, and the middle of the view its middle; the size is known in the slide.
  const pane = await page.getByTestId("slide").boundingBox();
  const task = page.url().split("/work/")[1];
  const work = await (await reader.context.request.get(`/api/v1/tasks/${task}`)).json();
  const { shape, frame } = work.read.annotations[0];
  expect(frame).toEqual({ stream: 0, index: 0 });
  expect(Math.abs(shape.w - 0.2 * (pane?.width ?? 0))).toBeLessThan(3);
  expect(Math.abs(shape.x + shape.w / 2 - WIDTH / 2)).toBeLessThan(3);
  expect(Math.abs(shape.y + shape.h / 2 - HEIGHT / 2)).toBeLessThan(3);
  const { streams } = await (await reader.context.request.get(`/api/v1/items/${item}`)).json();
  expect(streams[0].properties.column_spacing_mm).toBeCloseTo(0.00025, 9);
  expect(streams[0].properties.slide.levels).toHaveLength(2);
  await reader.submits();
  expect(await inPhase(people, project, "accepted")).toBe(0);
  for (const person of Object.values(people)) await person.leaves();
});

test("a TIFF file that is no slide is refused with its reason", async ({ browser }) => {
  const people = await everybody(browser);
  const project = await opens(people, `No tissue ${Date.now()}`, true, "radiology");
  const whole = slide();
  const sent = await people.owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
    headers: { "x-countersign": "1" },
    multipart: {
      file: { name: "cut.svs", mimeType: "image/tiff", buffer: whole.subarray(0, whole.length - 60) },
    },
  });
  expect(await sent.text()).toContain("broken_tiff");
  for (const person of Object.values(people)) await person.leaves();
});
