import { expect, test } from "@playwright/test";
import { accepts, itemOf, Person } from "./people";

const PROJECT = "City drive";

test("a scene's cuboid is corrected in the views, reviewed and countersigned", async ({ browser }) => {
  test.slow();
  const annotator = await Person.arrives(browser, "annotator2");
  await annotator.starts(PROJECT, "reading");
  const { page } = annotator;
  const item = await annotator.item();
  await expect(page.getByTestId("scene-perspective")).toBeVisible();
  await expect(page.getByTestId("scene-camera")).toBeVisible();
  await page.getByTestId("object-row").first().click();
  await expect(page.getByTestId("points-inside")).toBeVisible();
  const length = page.getByTestId("size-length");
  await length.fill("4.4");
  await length.press("Enter");
  await expect(page.getByTestId("save-state")).toHaveText(/saved/i);
  await annotator.submits();

  const reviewer = await Person.arrives(browser, "reviewer");
  const auditor = await Person.arrives(browser, "auditor");
  for (let turn = 0; turn < 3 && (await itemOf(auditor, item.id)).stage === 2; turn += 1) {
    await reviewer.starts(PROJECT, "reviewing");
    await accepts(reviewer);
  }
  const specialist = await Person.arrives(browser, "specialist");
  for (let turn = 0; turn < 4 && (await itemOf(auditor, item.id)).phase !== "accepted"; turn += 1) {
    await specialist.starts(PROJECT, "signing");
    await specialist.signs();
  }
  const done = await itemOf(auditor, item.id);
  expect(done.phase).toBe("accepted");
  const kinds = done.reads.map((read: { author: { kind: string } }) => read.author.kind);
  expect(new Set(kinds)).toEqual(new Set(["human", "model"]));
  for (const person of [annotator, reviewer, specialist, auditor]) await person.leaves();
});
