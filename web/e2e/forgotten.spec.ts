import { randomUUID } from "node:crypto";
import { expect, test } from "@playwright/test";
import { bringsParts } from "./boards";
import { call, claim, everybody, inPhase, opens, type People, signs } from "./pictures";

const PARTS = 6;
/** Parts whose reader takes away what the draft found, and nobody sees it. */
const FORGOTTEN = [1, 3];
/** A part of which the reviewer puts back what the reader took away. */
const MENDED = 4;

/** Reads, reviews and signs the next part; its name where what the draft found was taken away for good. */
async function works(people: People, project: string, number: number): Promise<string | null> {
  const isMended = number === MENDED;
  const isForgotten = FORGOTTEN.includes(number);
  const read = await claim(people.annotator, project);
  const drafted: { id: string; class: string; frame: unknown; shape: unknown }[] = read.read.annotations;
  expect(drafted.length, "the model drafts the island").toBeGreaterThan(0);
  await call(
    people.annotator,
    "post",
    `/tasks/${read.task.id}/submit`,
    {
      fence: read.task.fence,
      changes: isForgotten || isMended ? drafted.map(({ id }) => ({ op: "remove", id })) : [],
    },
    { "if-match": `"${read.read.revision}"` },
  );
  const review = await claim(people.quality, project);
  const decided = await call(
    people.quality,
    "post",
    `/tasks/${review.task.id}/review`,
    {
      fence: review.task.fence,
      decision: isMended ? "fix" : "accept",
      missing: "nothing",
      all_right: true,
      ...(isMended ? { reason: "missed_finding" } : {}),
      changes: isMended
        ? drafted.map(({ class: of, frame, shape }) => ({
            op: "put",
            annotation: { id: randomUUID(), class: of, frame, shape },
          }))
        : [],
    },
    { "if-match": `"${review.read?.revision ?? 0}"` },
  );
  await signs(people, project, decided.content_hash);
  return isForgotten ? read.item.name : null;
}

test("what was forgotten is searched for, and looked at again", async ({ browser }, info) => {
  test.slow();
  const people = await everybody(browser);
  const project = await opens(people, "What was forgotten", true, "inspection");
  await bringsParts(people, project, PARTS);
  await expect.poll(() => inPhase(people, project, "queued"), { timeout: 30_000 }).toBe(PARTS);
  const forgotten: string[] = [];
  for (let number = 0; number < PARTS; number += 1) {
    const name = await works(people, project, number);
    if (name) forgotten.push(name);
  }
  expect(await inPhase(people, project, "accepted")).toBe(PARTS);

  const { page } = people.owner;
  // What each tier finds and misses of what the next one looked at; nobody's mark was looked for by two readers here.
  await page.goto(`/projects/${project}/tiers`);
  const tier = page.getByTestId("tier-review");
  await expect(tier.getByRole("cell").nth(2)).toHaveText(String(PARTS));
  await expect(tier.getByRole("cell").nth(5)).toHaveText(new RegExp(`^0 of ${PARTS}$`));
  await expect(tier.getByRole("cell").nth(6)).toHaveText(/^100\.0 % \(/);
  // The same of the one who reviews.
  await expect(page.getByRole("row", { name: /Demo quality engineer/ })).toContainText("100.0 % (");
  await expect(page.getByText("What nobody saw")).toHaveCount(0);
  await page.screenshot({ path: info.outputPath("tiers.png"), fullPage: true });

  await page.goto(`/projects/${project}/quality`);
  const found = page.getByTestId("label-errors");
  await expect(found.getByText("Nobody has searched yet")).toBeVisible();
  await found.getByRole("button", { name: "Search accepted labels" }).click();
  await expect(found.getByText(`${PARTS} accepted items looked at`)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByTestId("decisions").getByText(/doubts? about accepted labels/)).toBeVisible();
  // What was forgotten comes first, with its place in the picture.
  const rows = found.locator("tbody tr");
  const first = await rows.locator("td:nth-child(3)").allInnerTexts();
  expect(new Set(first.slice(0, FORGOTTEN.length))).toEqual(new Set(forgotten));
  await expect(found.getByRole("img", { name: /frame 1 of 1/ })).toBeVisible();
  await page.screenshot({ path: info.outputPath("doubts.png"), fullPage: true });

  // By keyboard: the first goes back into work, the second is said to be right, and that is taken back.
  await rows.first().getByRole("button").click();
  const back = first[0];
  await page.keyboard.press("a");
  await expect(found.getByText("1 of 1 that were decided were sent back")).toBeVisible();
  await expect.poll(() => inPhase(people, project, "accepted")).toBe(PARTS - 1);
  await rows.first().getByRole("button").click();
  await page.keyboard.press("r");
  await expect(found.getByText("1 of 2 that were decided were sent back")).toBeVisible();
  await found.getByText("Labels are right", { exact: true }).click();
  await rows.first().getByRole("button").click();
  await page.keyboard.press("o");
  await expect(found.getByText("1 of 1 that were decided were sent back")).toBeVisible();

  // Whoever looks again finds the remark at the place.
  const again = await claim(people.annotator, project);
  expect(again.item.name).toBe(back);
  const remarks = await people.annotator.context.request.get(`/api/v1/items/${again.item.id}/findings`);
  expect(await remarks.text()).toContain("Look again: is something missing here");
  await people.annotator.page.goto(`/work/${again.task.id}`);
  await expect(people.annotator.page.getByTestId("objects")).toBeVisible();
  await people.annotator.page.screenshot({ path: info.outputPath("again.png") });
  for (const person of Object.values(people)) await person.leaves();
});
