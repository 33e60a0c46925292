/** Objects are related on a picture by hand, and balls are painted through the slices of a stack. */
import { expect, test } from "@playwright/test";
import { Bits } from "../src/canvas/bits";
import type { Annotation, MaskShape } from "../src/canvas/types";
import { begins, brings, drawers, type Hand, scene } from "./drawing";
import { inPhase, opens, putsProtocol } from "./pictures";
import { BALL, bringsStudy, goes, SLICE_SIDE, SPACING } from "./slices";

/** Radius of the ball as it comes, and distance of slices, millimetres. */
const RADIUS = 5;
const APART = 2;
/** The slice that is painted on, from 0. */
const PAINTED = 3;

const RELATIONS = `relations:
  - id: part_of
    name: part of
    from: [object]
    to: [person]
  - id: beside
    name: beside
    directed: false
`;

/** Whose class is related how to whose. */
function related(all: Annotation[]): string[] {
  const classOf = new Map(all.map((one) => [one.id, one.class]));
  return all.flatMap((one) =>
    (one.arrangement?.relations ?? []).map(({ type, to }) => `${one.class} ${type} ${classOf.get(to)}`),
  );
}

const keeps = (hand: Hand) => async () => related(await hand.kept());

test("objects are related, one goes and takes its relation along, saved and handed in", async ({
  browser,
}, info) => {
  const people = await drawers(browser);
  const project = await opens(people, "Parts of persons");
  const protocol = await people.owner.context.request.get(`/api/v1/projects/${project}/protocol`);
  const { version, document } = (await protocol.json()) as { version: number; document: string };
  const next = document
    .replace(`version: ${version}`, `version: ${version + 1}`)
    .replace("stages:\n", `${RELATIONS}stages:\n`);
  const put = await putsProtocol(people, project, { version, document: next }, "Objects belong to persons.");
  expect(put.ok(), await put.text()).toBe(true);
  await brings(people.owner, project, "parts.png", "image/png", scene(0));
  await expect.poll(() => inPhase(people, project, "queued")).toBe(1);
  const hand = await begins(people.annotator, project);
  const { page } = hand;
  for (const [key, left] of [
    ["1", 20],
    ["2", 140],
  ] as const) {
    await hand.presses("Escape", key, "r");
    await hand.makes(1, () =>
      hand.drags([
        [left, 200],
        [left + 80, 280],
      ]),
    );
  }
  await hand.takes("relation", "Alt+r");
  await hand.clicks([60, 240]);
  await hand.clicks([180, 240]);
  await expect.poll(keeps(hand)).toEqual(["object part_of person"]);
  await page.screenshot({ path: info.outputPath("related.png") });
  // What is at an end goes with its relation in one step, and comes back with it.
  await hand.selects([142, 240]);
  await hand.makes(-1, () => hand.presses("Delete"));
  await expect.poll(keeps(hand)).toEqual([]);
  await hand.presses("Control+z");
  await expect.poll(keeps(hand)).toEqual(["object part_of person"]);
  expect(related(await hand.returns())).toEqual(["object part_of person"]);
  expect(related(await hand.handsIn())).toEqual(["object part_of person"]);
  for (const person of Object.values(people)) await person.leaves();
});

/** Pixels of each mask, by its slice. */
const painted = (all: Annotation[]): Map<number, number> =>
  new Map(all.map((one) => [one.frame?.index ?? -1, Bits.fromShape(one.shape as MaskShape).count()]));

test("a ball is painted through slices and erased, saved", async ({ browser }, info) => {
  const people = await drawers(browser);
  const project = await opens(people, "Balls by hand", true, "radiology");
  await bringsStudy(people.owner, project);
  await expect.poll(() => inPhase(people, project, "queued")).toBe(1);
  const hand = await begins(people.annotator, project, SLICE_SIDE);
  const { page } = hand;
  const start = Number.parseInt((await page.getByTestId("slice").textContent()) ?? "", 10);
  await goes(hand, PAINTED + 1);
  await hand.presses("4");
  await hand.takes("sphere", "Alt+b");
  await expect(page.getByText("reaches 5 slices")).toBeVisible();
  await hand.clicks([BALL.x, BALL.y]);
  await hand.saves();
  await expect.poll(async () => (await hand.kept()).length).toBe(5);
  const whole = painted(await hand.kept());
  for (const [index, pixels] of whole) {
    const away = APART * (index - PAINTED);
    const wanted = (Math.PI * (RADIUS ** 2 - away ** 2)) / SPACING ** 2;
    expect(Math.abs(pixels - wanted), `slice ${index}`).toBeLessThan(wanted / 8);
  }
  await page.screenshot({ path: info.outputPath("ball.png") });
  await hand.takes("sphere-eraser", "Alt+e");
  for (let press = 0; press < 3; press += 1) await hand.presses("BracketLeft");
  await hand.clicks([BALL.x, BALL.y]);
  const middle = async () => painted(await hand.kept()).get(PAINTED) ?? 0;
  await expect.poll(middle).toBeLessThan(whole.get(PAINTED) ?? 0);
  await hand.presses("Control+z");
  await expect.poll(middle).toBe(whole.get(PAINTED));
  // The list names the slice of what is not on the one that is shown.
  await goes(hand, start);
  expect(painted(await hand.returns())).toEqual(whole);
  for (const person of Object.values(people)) await person.leaves();
});
