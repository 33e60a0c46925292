/** Reading a slide: overview, magnification, tiles in view, a mark at full resolution, a tile that is broken. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { ACROSS, colour, DOWN, openSlide } from "../fixtures/slide";

/** Red, green and blue a little right of and below the middle of the picture. */
const middle = (page: Page) =>
  page.getByTestId("slide").evaluate((pane) => {
    const canvas = pane.querySelector('[data-testid="stage"] canvas') as HTMLCanvasElement;
    const g = canvas.getContext("2d") as CanvasRenderingContext2D;
    return [...g.getImageData((canvas.width >> 1) + 40, (canvas.height >> 1) + 40, 1, 1).data.slice(0, 3)];
  });

test("a slide opens by its overview and is magnified tile by tile", async ({ page }) => {
  const { asked } = await openSlide(page);
  await expect(page.getByTestId("minimap")).toBeVisible();
  await expect.poll(() => asked.has("1/0")).toBe(true);
  await page.getByRole("button", { name: "40×" }).click();
  await expect(page.getByTestId("magnification")).toHaveText("40×");
  // The middle is the corner of four tiles; right of and below it lies the one at half the width and height.
  const [red, green] = colour(ACROSS / 2, DOWN / 2);
  await expect.poll(() => middle(page)).toEqual([red, green, 0]);
  // Only what is in view is loaded.
  const fine = [...asked].filter((key) => key.startsWith("0/"));
  expect(fine.length).toBeLessThan(ACROSS * DOWN);
  expect(fine).not.toContain("0/0");
  // Pressing the overview goes there.
  const map = await page.getByTestId("minimap").boundingBox();
  if (!map) throw new Error("no overview");
  await page.mouse.click(map.x + 3, map.y + 3);
  await expect.poll(() => asked.has("0/0")).toBe(true);
  await page.mouse.click(map.x + map.width / 2, map.y + map.height / 2);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/slide.png` });
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
});

test("a mark on a slide is saved in pixels of its finest level", async ({ page }) => {
  await openSlide(page);
  await page.getByRole("button", { name: "40×" }).click();
  await expect(page.getByTestId("magnification")).toHaveText("40×");
  const sent = page.waitForRequest(
    (request) => request.method() === "PUT" && request.url().includes("/reads/"),
  );
  await page.keyboard.press("KeyR");
  const box = await page.getByTestId("slide").boundingBox();
  if (!box) throw new Error("no slide");
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 30, { steps: 4 });
  await page.mouse.up();
  const body = (await sent).postDataJSON();
  const { shape, frame } = body.changes[0].annotation;
  expect(frame).toEqual({ stream: 0, index: 0 });
  // One pixel of the screen is one of the slide; the middle of the view is the middle of the slide.
  expect(Math.abs(shape.x - (ACROSS * 256) / 2)).toBeLessThanOrEqual(1);
  expect([Math.round(shape.w), Math.round(shape.h)]).toEqual([60, 30]);
});

test("a tile that cannot be decoded is counted, and the rest is shown", async ({ page }) => {
  await openSlide(page, (DOWN / 2) * ACROSS + ACROSS / 2);
  await page.getByRole("button", { name: "40×" }).click();
  await expect(page.getByTestId("tiles-failed")).toHaveText("1 tile cannot be shown");
  // The overview shows through in its place.
  await expect.poll(() => middle(page)).toEqual([10, 10, 200]);
});
