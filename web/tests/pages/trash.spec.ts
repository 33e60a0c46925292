/** What was taken out of a read is listed, looked at over the picture and put back, by keyboard. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { openPicture } from "../fixtures/picture";

const box = (id: string, x: number) => ({
  id,
  version: 1,
  class: "thing",
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x, y: 40, w: 60, h: 40 },
  author: { kind: "human", user: "u-1" },
});

test("removed objects are listed, the newest first, and put back as they were", async ({ page }) => {
  const server = await openPicture(page, (work) => {
    const read = work.read as NonNullable<typeof work.read>;
    read.annotations = [box("a-1", 20), box("a-2", 200)] as typeof read.annotations;
    return work;
  });
  const rows = page.getByTestId("object-row");
  await expect(rows).toHaveCount(2);
  // With nothing removed the list says so.
  await page.getByTestId("trash-open").click();
  const panel = page.getByTestId("trash");
  await expect(panel).toContainText("Nothing was removed from this read.");
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();

  for (const id of ["a-1", "a-2"]) {
    await page.locator(`[data-testid="object-row"][data-id="${id}"] button`).first().click();
    await page.keyboard.press("Delete");
  }
  await expect(rows).toHaveCount(0);
  // By key, before the removal was saved: it is saved first.
  await page.keyboard.press("Alt+x");
  const listed = panel.locator("[data-removed]");
  await expect(listed).toHaveCount(2);
  await expect(listed.first()).toBeFocused();
  await expect(listed.first()).toContainText("Aiko Lindqvist");
  await page.keyboard.press("ArrowDown");
  await expect(listed.last()).toBeFocused();
  const found = await new AxeBuilder({ page }).include("#side-panel").analyze();
  expect(found.violations).toEqual([]);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/trash.png` });
  const back = await listed.last().getAttribute("data-removed");
  await page.keyboard.press("Enter");
  await expect(rows).toHaveCount(1);
  await expect(listed).toHaveCount(1);
  await expect.poll(() => [...server.kept.keys()]).toEqual([back]);
  // Undo takes it out again; putting back is a step like any other.
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await page.keyboard.press("Control+z");
  await expect(rows).toHaveCount(0);
  await expect.poll(() => server.kept.size).toBe(0);
});
