/** Two reads of one item: what differs, over each other and side by side, by pointer and by keyboard. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { serveFixtures } from "../fixtures/routes";

/** How many pixels of the marks' canvas are drawn on. */
const drawn = (page: Page) =>
  page.getByTestId("compare-pictures").evaluate((box) =>
    [...box.querySelectorAll("canvas")]
      .filter((_, n) => n % 2 === 1)
      .map((canvas) => {
        const g = canvas.getContext("2d") as CanvasRenderingContext2D;
        const { data } = g.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 3; at < data.length; at += 4) if ((data[at] as number) > 0) count += 1;
        return count;
      }),
  );

test("two reads are compared by what differs", async ({ page }) => {
  await serveFixtures(page);
  // The fixtures' pictures are drawings; a decoder of bitmaps wants one that is none.
  await page.route("**/frames/*/image*", (route) => route.fulfill({ path: "../docs/images/gate.png" }));
  await page.goto("/items/i-1");
  await page.getByRole("tab", { name: "Compare reads" }).click();
  await expect(page.getByTestId("tally")).toHaveText("1 the same · 1 differ · 1 only in A · 1 only in B");
  const list = page.getByTestId("compare-list").getByRole("button");
  await expect(list).toHaveCount(3);
  await expect(list.nth(0)).toContainText("class: nodule or mass");
  // The first difference is shown by itself: its frame, both marks.
  await expect(page.getByLabel("Frame", { exact: true })).toHaveValue("47");
  await expect.poll(async () => (await drawn(page))[0]).toBeGreaterThan(0);
  // From the keyboard to the next difference.
  await list.nth(1).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Frame", { exact: true })).toHaveValue("50");
  await page.getByText("Side by side").click();
  await expect.poll(async () => (await drawn(page)).length).toBe(2);
  await expect.poll(async () => Math.min(...(await drawn(page)))).toBeGreaterThan(0);
  await page.getByRole("switch", { name: "Differences only" }).uncheck();
  await expect(list).toHaveCount(4);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/compare.png`, fullPage: true });
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
  // The same read twice is no comparison.
  await page.getByTestId("read-a").selectOption("r-2");
  await expect(page.getByText("Choose two different reads.")).toBeVisible();
});
