/** Two objects are related by hand and by keys alone; the list at the object removes it; what is deleted takes it along. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { Hand } from "../fixtures/hand";
import { openPicture, type Server } from "../fixtures/picture";

const box = (id: string, of: string, x: number) => ({
  id,
  version: 1,
  class: of,
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x, y: 140, w: 60, h: 40 },
  author: { kind: "human", user: "u-1" },
});

async function ready(page: Page) {
  const server = await openPicture(page, (work) => {
    const read = work.read as NonNullable<typeof work.read>;
    read.annotations = [box("a", "thing", 60), box("b", "other", 300)] as typeof read.annotations;
    work.protocol.relations = [
      { id: "part_of", name: "part of", from: ["thing"], to: ["other"] },
      { id: "beside", name: "beside", directed: false },
    ];
    return work;
  });
  return { server, hand: await Hand.on(page) };
}

/** What the server has: from, type, to. */
const kept = (server: Server) =>
  [...server.kept.values()].flatMap((mark) => {
    const { arrangement } = mark as { arrangement?: { relations?: { type: string; to: string }[] } };
    return (arrangement?.relations ?? []).map((one) => `${mark.id} ${one.type} ${one.to}`);
  });

test("by two clicks; listed, removed, undone", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.getByTestId("stage").focus();
  await page.keyboard.press("Alt+r");
  await expect(page.getByTestId("tool-relation")).toHaveAttribute("aria-pressed", "true");
  await hand.click(80, 160);
  await hand.click(320, 160);
  await expect.poll(() => kept(server)).toEqual(["a part_of b"]);
  const list = page.getByTestId("relations");
  await expect(list).toContainText("part of → Other");
  const found = await new AxeBuilder({ page }).include("#side-panel").analyze();
  expect(found.violations).toEqual([]);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/relations.png` });
  await page.getByTestId("relation-remove").click();
  await expect.poll(() => kept(server)).toEqual([]);
  await page.getByTestId("stage").focus();
  await page.keyboard.press("Control+z");
  await expect.poll(() => kept(server)).toEqual(["a part_of b"]);
});

test("by keys alone, and what is deleted takes it along in one step", async ({ page }) => {
  const { server } = await ready(page);
  await page.getByTestId("stage").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Alt+r");
  await page.keyboard.press("Tab");
  await page.keyboard.press("2");
  await page.keyboard.press("Enter");
  await expect.poll(() => kept(server)).toEqual(["a beside b"]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("v");
  await page.locator('[data-testid="object-row"][data-id="b"] button').first().click();
  await expect(page.getByTestId("relations")).toContainText("beside ↔ Thing");
  await page.keyboard.press("Delete");
  await expect.poll(() => [[...server.kept.keys()], kept(server)]).toEqual([["a"], []]);
  await page.keyboard.press("Control+z");
  await expect.poll(() => kept(server)).toEqual(["a beside b"]);
});

test("from the list at the object", async ({ page }) => {
  const { server } = await ready(page);
  await page.locator('[data-testid="object-row"][data-id="a"] button').first().click();
  await page.getByTestId("relate-to").selectOption("b");
  await page.getByTestId("relate-type").selectOption("beside");
  await page.getByTestId("relate").click();
  await expect.poll(() => kept(server)).toEqual(["a beside b"]);
});
