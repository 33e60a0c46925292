/** A plan is found from what it should do, taken into the form, and looked at with its long run. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { serveFixtures } from "../fixtures/routes";

test("the smallest plan for what is wanted goes into the batch", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/quality");
  await page.getByRole("button", { name: "Choose items…" }).click();
  await page.getByText("Find a plan for what it should do").click();
  await page.getByLabel("Items in a batch").fill("400");
  await page.getByLabel("Good: defective, percent").first().fill("1.25");
  const [sent] = await Promise.all([
    page.waitForRequest((request) => request.url().endsWith("/batches/design")),
    page.getByRole("button", { name: "Find the smallest plans" }).click(),
  ]);
  expect(sent.postDataJSON()).toEqual({ units: 400, good: 0.0125, producer: 0.05, bad: 0.06, consumer: 0.1 });
  const designed = page.getByTestId("designed");
  await expect(designed).toContainText("84 items inspected; accepted with at most 2 defective");
  await expect(designed).toContainText("83.6 items on average");
  await expect(designed).toContainText("at most 1.84 % on average");
  // What no plan of a kind does is said, and not left blank.
  await page.getByText("Item by item (none)").click();
  await expect(page.getByText("No plan of this kind does it")).toBeVisible();
  await page.getByText("Two samples (62)").click();
  await designed.getByRole("button", { name: "Take this plan" }).click();
  await expect(page.getByLabel("First sample, items")).toHaveValue("46");

  await page.getByRole("button", { name: "Look at the plan" }).click();
  const preview = page.getByTestId("preview");
  await expect(preview.getByTestId("scheme")).toContainText("accepted in the long run");
  await expect(preview.locator("polyline")).toHaveCount(2);
  await preview.getByText("The long run in numbers").click();
  await expect(preview.getByRole("columnheader", { name: "If tightened" })).toBeVisible();
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
});

test("a certification says how often its labels were audited before", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/quality");
  await expect(page.getByText("1 audit of labels in this set was begun before")).toContainText(
    "Of an allowed error of 5 % they left 1 %",
  );
});
