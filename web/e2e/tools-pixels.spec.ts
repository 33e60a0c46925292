/** Masks and what follows the values of a picture: brush, eraser, fill, wand, clicks, scissors; and what is only measured. */
import { expect, test } from "@playwright/test";
import { Bits } from "../src/canvas/bits";
import { polygonArea } from "../src/canvas/geometry";
import type { MaskShape } from "../src/canvas/types";
import { begins, DISC, drawers, type Hand, of, SQUARE, scenes } from "./drawing";

/** Steps of the mouse between two clicks of the scissors, on the first try and on later ones. */
const STEPS = [25, 100, 400];
/** How far an outline that follows an edge may be from it, pixels. */
const BESIDE = 2.5;

type At = readonly [number, number];

/** A frame of paint with a ring around a piece of bare picture. */
const RING: At[] = [
  [40, 220],
  [120, 220],
  [120, 300],
  [40, 300],
  [40, 220],
];

async function brushes(hand: Hand): Promise<void> {
  const area = () => hand.area();
  const size = async () => Number(await hand.page.getByTestId("option-radius").inputValue());
  await hand.takes("brush", "b");
  const first = await size();
  await hand.presses("BracketRight");
  await expect.poll(size).toBeGreaterThan(first);
  await hand.presses("BracketLeft");
  await expect.poll(size).toBe(first);
  await hand.makes(1, () => hand.drags(RING));
  await hand.selects([40, 260]);
  await hand.presses("b");
  // One stroke more on what is selected is the same object.
  const painted = await hand.turns(area, () =>
    hand.drags([
      [120, 220],
      [150, 220],
    ]),
  );
  await hand.takes("fill", "Shift+B");
  const filled = await hand.turns(area, () => hand.clicks([80, 260]));
  // The ring is as wide as the brush: inside of it there are as many rows as columns.
  expect(Math.abs(filled - painted - (80 - 2 * first) ** 2)).toBeLessThan(250);
  await hand.takes("eraser", "e");
  const left = await hand.turns(area, () =>
    hand.drags([
      [60, 260],
      [100, 260],
    ]),
  );
  expect(Math.abs(filled - left - (40 * 2 * first + Math.PI * first ** 2))).toBeLessThan(60);
  await expect(hand.rows).toHaveCount(1);
}

/** Only values between the limits take paint; and paint that cuts takes away what lies under it. */
async function limits(hand: Hand): Promise<void> {
  const { page } = hand;
  await hand.presses("Escape", "b");
  await page.getByTestId("option-limited").check();
  await page.getByTestId("option-low").fill("200");
  await hand.makes(1, () =>
    hand.drags([
      [SQUARE.x - 20, 100],
      [SQUARE.x + 20, 100],
    ]),
  );
  await page.getByTestId("option-limited").uncheck();
  await page.getByTestId("option-cuts").check();
  await hand.makes(1, () =>
    hand.drags([
      [100, 240],
      [100, 320],
    ]),
  );
  await page.getByTestId("option-cuts").uncheck();
}

async function wand(hand: Hand): Promise<void> {
  const disc = Math.PI * DISC.r ** 2;
  await hand.takes("wand", "Shift+W");
  await hand.makes(1, () => hand.clicks([DISC.x, DISC.y]));
  await hand.selects([DISC.x, DISC.y]);
  expect(Math.abs((await hand.area()) - disc)).toBeLessThan(disc / 50);
  await hand.presses("Shift+W");
  const area = () => hand.area();
  await hand.turns(area, () => hand.clicks([SQUARE.x + 60, SQUARE.y + 60], { keys: ["Shift"] }));
  await hand.turns(area, () => hand.clicks([DISC.x, DISC.y], { keys: ["Alt"] }));
  expect(await area()).toBe(SQUARE.side ** 2);
}

async function clicks(hand: Hand): Promise<void> {
  const { page } = hand;
  const disc = Math.PI * DISC.r ** 2;
  await hand.takes("clicks", "q");
  await hand.makes(1, async () => {
    await hand.drags(
      [
        [40, 50],
        [160, 170],
      ],
      ["Shift"],
    );
    await hand.clicks([DISC.x, DISC.y]);
    await expect(page.getByTestId("option-accept")).toBeEnabled();
    // Beside it, once with the right button and once with Ctrl; no model is asked for any of it.
    await hand.clicks([48, 58], { button: "right" });
    await hand.clicks([150, 160], { keys: ["Control"] });
    await expect(page.getByTestId("option-hint")).toContainText("Enter accepts");
    await hand.presses("Enter");
  });
  await hand.selects([DISC.x, DISC.y]);
  expect(Math.abs((await hand.area()) - disc)).toBeLessThan(disc / 20);
}

/** Four clicks on the edge of the disc; between them the outline is an arc where the edges were found in time. */
async function scissors(hand: Hand): Promise<void> {
  const { x, y, r } = DISC;
  const around: At[] = [
    [x + r, y],
    [x, y + r],
    [x - r, y],
    [x, y - r],
  ];
  await hand.takes("livewire", "Shift+I");
  const before = await hand.rows.count();
  let tries = 0;
  await expect(async () => {
    const steps = STEPS[Math.min(tries, STEPS.length - 1)] as number;
    tries += 1;
    for (const at of around) await hand.clicks(at, { steps });
    await hand.clicks([x + r, y], { steps });
    await expect(hand.rows).toHaveCount(before + 1);
    // Where the worker was too slow the line is straight: a person takes it back and moves slower.
    const points = Number(/\d+/.exec(await hand.words())?.[0]);
    if (points < 12) await hand.presses("Control+z");
    expect(points).toBeGreaterThanOrEqual(12);
  }).toPass();
  await hand.presses("Control+z");
  await expect(hand.rows).toHaveCount(before);
  await hand.page.getByTestId("redo").click();
  await expect(hand.rows).toHaveCount(before + 1);
}

/** Looked at, not handed in. */
async function measures(hand: Hand): Promise<void> {
  const { page } = hand;
  const kind = (name: string) => page.getByTestId("option-measure").getByRole("button", { name }).click();
  const before = await hand.rows.count();
  await hand.takes("measure", "Shift+M");
  await expect(page.getByTestId("option-unit")).toHaveText("no spacing known: in pixels");
  await hand.drags([
    [20, 20],
    [120, 20],
  ]);
  await hand.hears(/Length: (99|100|101)(\.\d)? px/);
  await kind("Angle");
  for (const at of [
    [120, 20],
    [20, 20],
    [20, 90],
  ] as const)
    await hand.clicks(at);
  await hand.hears(/Angle: (89\.\d|90\.\d)°/);
  await kind("Area");
  await hand.path([
    [20, 20],
    [120, 20],
    [120, 70],
  ]);
  await hand.hears(/Area: 2,?[45]\d\d/);
  // Undo takes back a measurement, and Clear all that are left.
  await hand.presses("Control+z");
  await page.getByTestId("option-clear").click();
  await expect(page.getByTestId("option-clear")).toBeDisabled();
  await expect(hand.rows).toHaveCount(before);
}

function asPainted(all: Awaited<ReturnType<Hand["kept"]>>): void {
  const masks = of(all, "mask");
  expect(masks).toHaveLength(5);
  const extents = masks.map((mask) => Bits.fromShape(mask).extent());
  const named = (minX: number, minY: number) =>
    masks.find((_, i) => extents[i]?.minX === minX && extents[i]?.minY === minY);
  // The wand's square is the square to the pixel; what the limits let through begins at its edge.
  const taken = named(SQUARE.x, SQUARE.y) as MaskShape;
  expect(Bits.fromShape(taken).count()).toBe(SQUARE.side ** 2);
  const limited = masks.find((mask, i) => mask !== taken && extents[i]?.minX === SQUARE.x) as MaskShape;
  const [wide, high] = [28, 16];
  const part = Bits.fromShape(limited);
  expect(part.count()).toBeGreaterThan(0.8 * wide * high);
  expect(part.count()).toBeLessThan(1.1 * wide * high);
  // What was painted over the frame is the newer one's alone.
  const frame = masks.find((_, i) => Math.abs((extents[i]?.minX ?? 0) - 32) < 3) as MaskShape;
  const stroke = masks.find((_, i) => Math.abs((extents[i]?.minX ?? 0) - 92) < 3) as MaskShape;
  const whole = { minX: 0, minY: 0, maxX: frame.size[1], maxY: frame.size[0] };
  const rest = Bits.fromShape(frame).cut(whole);
  const count = rest.count();
  expect(rest.combine(Bits.fromShape(stroke).cut(whole), 0).count()).toBe(count);
  const [outline] = of(all, "polygon");
  const off = (outline?.points ?? []).map(([x, y]) => Math.abs(Math.hypot(x - DISC.x, y - DISC.y) - DISC.r));
  expect(Math.max(...off)).toBeLessThan(BESIDE);
  // All the way around, the part that the last click closed too.
  expect(polygonArea(outline?.points ?? [])).toBeGreaterThan(0.96 * Math.PI * DISC.r ** 2);
}

test("masks are painted, found and cut, saved and handed in; measures are not", async ({ browser }, info) => {
  const people = await drawers(browser);
  const project = await scenes(people, "Pixels by hand", 1);
  const hand = await begins(people.annotator, project);
  await brushes(hand);
  await limits(hand);
  await wand(hand);
  await clicks(hand);
  await scissors(hand);
  await measures(hand);
  await hand.page.screenshot({ path: info.outputPath("pixels.png") });
  asPainted(await hand.returns());
  const handed = await hand.handsIn();
  expect(handed).toHaveLength(6);
  asPainted(handed);
  for (const person of Object.values(people)) await person.leaves();
});
