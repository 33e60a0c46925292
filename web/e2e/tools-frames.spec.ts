/** Objects over the slices of a stack: copied on, moved on key frames, filled in between, painted by value and measured. */
import { expect, test } from "@playwright/test";
import { Bits } from "../src/canvas/bits";
import type { Annotation, BoxShape, MaskShape } from "../src/canvas/types";
import { begins, drawers, type Hand, near, of } from "./drawing";
import { inPhase, opens } from "./pictures";
import { BALL, bringsStudy, goes, SLICE_SIDE, SLICES, SPACING, sliceOf } from "./slices";

/** Slices that the track lies on. */
const TRACK = 7;

/** Moves what is selected, takes it back by button and does it again by key; what came of it is looked at afterwards. */
async function moves(hand: Hand, from: [number, number], to: [number, number]): Promise<void> {
  const redo = hand.page.getByTestId("redo");
  await hand.drags([from, to]);
  await expect(redo).toBeDisabled();
  await hand.page.getByTestId("undo").click();
  await expect(redo).toHaveAccessibleName("Redo move Lesion");
  await hand.presses("Control+Shift+z");
  await expect(redo).toBeDisabled();
}

/** The track's boxes, first slice first, as the server has them once all is saved. */
async function track(hand: Hand): Promise<{ places: number[][]; keys: number[] }> {
  await hand.saves();
  return trackOf(await hand.kept());
}

function trackOf(all: Annotation[]): { places: number[][]; keys: number[] } {
  const boxes = all
    .filter((one) => one.shape.type === "box")
    .sort((a, b) => (a.frame?.index ?? 0) - (b.frame?.index ?? 0));
  expect(new Set(boxes.map((one) => one.arrangement?.track)).size).toBe(1);
  for (const one of boxes) expect(one.attributes).toEqual({ certainty: "definite" });
  return {
    places: boxes.map((one) => {
      const { x, y } = one.shape as BoxShape;
      return [one.frame?.index ?? -1, x, y];
    }),
    keys: boxes.filter((one) => !one.arrangement?.interpolated).map((one) => one.frame?.index ?? -1),
  };
}

async function copiesOn(hand: Hand): Promise<void> {
  const { page } = hand;
  await goes(hand, 1);
  await hand.presses("1");
  await hand.takes("box", "r");
  await hand.makes(1, () =>
    hand.drags([
      [10, 20],
      [40, 50],
    ]),
  );
  await hand.selects([25, 35]);
  await page.getByTestId("attribute-certainty").selectOption("definite");
  await hand.makes(TRACK - 1, async () => {
    await hand.presses("Control+b");
    await page.getByTestId("propagate-count").fill(String(TRACK - 1));
    await page.getByTestId("propagate-confirm").click();
    await expect(page.getByTestId("propagate-confirm")).toBeHidden();
  });
  await hand.hears(`Copied to the next frames: ${TRACK - 1} new marks.`);
}

async function keyFrames(hand: Hand): Promise<void> {
  const along = Array.from({ length: TRACK }, (_, index) => index);
  // The last copy is moved: those in between follow.
  await goes(hand, TRACK);
  await hand.presses("s");
  await moves(hand, [25, 35], [85, 35]);
  const moved = await track(hand);
  near(
    moved.places.flat(),
    along.flatMap((index) => [index, 10 + 10 * index, 20]),
  );
  expect(moved.keys).toEqual([0, TRACK - 1]);
  // Where it ends it is set, whatever is asked.
  await hand.presses("k");
  await hand.hears("The first and the last key frame of a track");
  // One in between is moved: it becomes a key frame, and both sides follow.
  await goes(hand, 4);
  await moves(hand, [55, 35], [55, 65]);
  const bent = await track(hand);
  const bend = along.flatMap((index) => [index, 10 + 10 * index, 20 + 10 * (3 - Math.abs(3 - index))]);
  near(bent.places.flat(), bend);
  expect(bent.keys).toEqual([0, 3, TRACK - 1]);
  // No key frame any more: it is calculated as its neighbours are; then one again, by undo.
  await hand.presses("k");
  const straight = await track(hand);
  near(
    straight.places.flat(),
    along.flatMap((index) => [index, 10 + 10 * index, 20]),
  );
  expect(straight.keys).toEqual([0, TRACK - 1]);
  await hand.presses("Control+z");
  expect((await track(hand)).keys).toEqual([0, 3, TRACK - 1]);
}

/** From key frame to key frame by keys, and a frame that was taken out is filled again. */
async function walksTrack(hand: Hand): Promise<void> {
  await goes(hand, 1);
  await hand.selects([25, 35]);
  for (const slice of [4, TRACK]) {
    await hand.presses("Control+Alt+ArrowRight");
    await expect(sliceOf(hand)).toHaveText(`${slice} / ${SLICES}`);
  }
  await hand.presses("Control+Alt+ArrowLeft");
  await expect(sliceOf(hand)).toHaveText(`4 / ${SLICES}`);
  await goes(hand, 6);
  await hand.selects([75, 45]);
  await expect(hand.selected).toHaveCount(1);
  await hand.makes(-1, () => hand.presses("Delete"));
  await goes(hand, 1);
  await hand.selects([25, 35]);
  await hand.makes(1, () => hand.presses("Shift+T"));
}

/** On the last slice, which the track does not reach: paint by Hounsfield units, and a length in millimetres. */
async function paints(hand: Hand): Promise<void> {
  const { page } = hand;
  await goes(hand, SLICES);
  await hand.presses("Escape", "4");
  await hand.takes("brush", "b");
  await page.getByTestId("option-limited").check();
  await page.getByTestId("option-low").fill("100");
  await hand.makes(1, () =>
    hand.drags([
      [60, BALL.y],
      [120, BALL.y],
    ]),
  );
  await page.getByTestId("option-limited").uncheck();
  await hand.takes("measure", "Shift+M");
  await expect(page.getByTestId("option-unit")).toHaveText("in millimetres");
  await hand.drags([
    [20, 20],
    [70, 20],
  ]);
  const length = /Length: ([\d.]+) mm/;
  await expect(hand.notice).toContainText(length);
  const said = Number(length.exec((await hand.notice.textContent()) ?? "")?.[1]);
  near([said], [50 * SPACING]);
  await hand.hears("Length");
  // With the ruler in hand, undo is about what was measured.
  await hand.presses("s");
}

/** What the protocol asks for is asked for before anything is handed in. */
async function answers(hand: Hand): Promise<void> {
  const { page } = hand;
  await hand.presses("6");
  await hand.makes(1, () => page.getByTestId("add-tag").click());
  await page.getByTestId("submit").click();
  const open = page.getByTestId("open-answers");
  await expect(open.getByRole("listitem")).toHaveCount(1);
  await open.getByRole("button", { name: "Quality of the study" }).click();
  await page.getByTestId("attribute-grade").selectOption("good");
}

function asDrawn(all: Annotation[]): void {
  expect(all).toHaveLength(TRACK + 2);
  const { places, keys } = trackOf(all);
  const bend = Array.from({ length: TRACK }, (_, index) => [
    index,
    10 + 10 * index,
    20 + 10 * (3 - Math.abs(3 - index)),
  ]);
  near(places.flat(), bend.flat());
  expect(keys).toEqual([0, 3, TRACK - 1]);
  const mask = all.find((one) => one.shape.type === "mask");
  expect([mask?.class, mask?.frame]).toEqual(["fluid", { stream: 0, index: SLICES - 1 }]);
  // The stroke is wider than the ball: what lies within the limits is the ball's alone.
  const extent = Bits.fromShape(mask?.shape as MaskShape).extent();
  near([extent?.minX, extent?.maxX].map(Number), [BALL.x - BALL.r, BALL.x + BALL.r]);
  expect(of(all, "tag")).toHaveLength(1);
  expect(all.find((one) => one.shape.type === "tag")?.attributes).toEqual({ grade: "good" });
}

test("objects go on over the slices of a stack, saved and handed in", async ({ browser }, info) => {
  const people = await drawers(browser);
  const project = await opens(people, "Stacks by hand", true, "radiology");
  await bringsStudy(people.owner, project);
  await expect.poll(() => inPhase(people, project, "queued")).toBe(1);
  const hand = await begins(people.annotator, project, SLICE_SIDE);
  const start = Number.parseInt((await sliceOf(hand).textContent()) ?? "", 10);
  await copiesOn(hand);
  await keyFrames(hand);
  await walksTrack(hand);
  await paints(hand);
  await answers(hand);
  await goes(hand, start);
  await hand.page.screenshot({ path: info.outputPath("stack.png") });
  asDrawn(await hand.returns());
  asDrawn(await hand.handsIn());
  for (const person of Object.values(people)) await person.leaves();
});
