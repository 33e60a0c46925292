import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { everybody, inPhase, pictures, reads, reviews, signs } from "./pictures";

const COUNT = 5;

test("labels are frozen, judged blind, bounded, released, and recomputed without the server", async ({
  browser,
}, info) => {
  test.slow();
  const people = await everybody(browser);
  const project = await pictures(people, "Pictures to certify", COUNT);
  for (let number = 0; number < COUNT; number += 1) {
    await reads(people, project, number, number !== 2);
    await signs(people, project, await reviews(people, project, number, true));
  }
  expect(await inPhase(people, project, "accepted")).toBe(COUNT);
  const { quality, reviewer, scientist } = people;
  const { page } = quality;
  await page.goto(`/projects/${project}/quality`);
  await page.getByRole("button", { name: "Freeze a set…" }).click();
  await page.getByLabel("Name").fill("November");
  await page.getByLabel("Target: wrong items, percent").fill("10");
  await page.getByLabel("Reference").fill("one quality engineer, guideline version 1");
  await page
    .getByLabel("What counts as an error")
    .fill("a bright square without a box, or a box without one");
  await page.getByRole("button", { name: `Freeze ${COUNT} accepted items` }).click();
  await page.getByLabel("Words of your own").fill("three, one, six");
  await page.getByRole("button", { name: "Draw the order of the audit" }).click();

  // Who had a hand in the items is given none of them.
  await reviewer.page.goto(`/projects/${project}/quality`);
  await reviewer.page.getByRole("button", { name: "Judge the next item" }).click();
  await expect(reviewer.page.getByText("Nothing is left for you")).toBeVisible();

  for (let judged = 0; judged < COUNT; judged += 1) {
    await page.getByRole("button", { name: "Judge the next item" }).click();
    await expect(page.getByText("hidden until you said what you see")).toBeVisible();
    await expect(page.getByRole("img", { name: /frame 1 of 1/ })).toBeVisible();
    await page.getByLabel("Object").fill("1");
    await page.getByRole("button", { name: "That is all I see: show the labels" }).click();
    await expect(page.getByText("Are the labels right?")).toBeVisible();
    if (judged === 0) await page.screenshot({ path: info.outputPath("judging.png") });
    const missed = page.getByRole("button", { name: "It was missed" });
    if (await missed.isVisible()) {
      await expect(page.getByRole("button", { name: "Everything is right" })).toBeDisabled();
      await missed.click();
      await page.getByRole("button", { name: "The labels are wrong" }).click();
    } else {
      await page.getByRole("button", { name: "Everything is right" }).click();
    }
    await expect(page.getByText(`${judged + 1} of ${COUNT} images in the order`)).toBeVisible();
  }
  await expect(page.getByTestId("statement")).toContainText(
    `With 95 % confidence at most 20.00 % of the ${COUNT} images deviate from one quality engineer`,
  );
  await page.screenshot({ path: info.outputPath("certified.png"), fullPage: true });

  await scientist.page.goto(`/projects/${project}/quality`);
  await scientist.page.getByRole("button", { name: "Release this set…" }).click();
  await scientist.entersComponents("begin");
  await scientist.page.getByRole("button", { name: "Make the release" }).click();
  await expect(scientist.page).toHaveURL(/\/releases\//);
  const release = scientist.page.url().split("/releases/")[1];
  const answer = await scientist.context.request.get(`/api/v1/releases/${release}/download`);
  expect(answer.ok()).toBe(true);
  const file = info.outputPath("certified.zip");
  writeFileSync(file, await answer.body());
  const said = execFileSync(process.env.COUNTERSIGN_BIN as string, ["--json", "verify", file], {
    encoding: "utf8",
  });
  const { labels } = JSON.parse(said);
  expect([labels.units, labels.checked, labels.found, labels.mended]).toEqual([COUNT, COUNT, 1, 1]);
  for (const person of Object.values(people)) await person.leaves();
});
