/** Clicks that a model is asked with, from the hand to what is saved. */
import { expect, test } from "@playwright/test";
import { encodeRuns } from "../../src/canvas/rle";
import { Hand } from "../fixtures/hand";
import { DISC, HEIGHT, openPicture, WIDTH } from "../fixtures/picture";

test("clicks ask the project's model, and Escape stops the asking", async ({ page }) => {
  const asked: unknown[] = [];
  let answer = () => {};
  // The disc, column after column as the server spells masks.
  const runs: number[] = [];
  let zeros = 0;
  for (let x = 0; x < WIDTH; x += 1) {
    const half = Math.floor(Math.sqrt(Math.max(0, DISC.r ** 2 - (x - DISC.x) ** 2)));
    if (half === 0) zeros += HEIGHT;
    else {
      runs.push(zeros + DISC.y - half, 2 * half);
      zeros = HEIGHT - DISC.y - half;
    }
  }
  runs.push(zeros);
  const server = await openPicture(page, (work) => ({
    ...work,
    click_model: { name: "organs", version: "2.1" },
  }));
  await page.route("**/api/v1/tasks/t-picture/segment", async (route) => {
    asked.push(route.request().postDataJSON());
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    const mask = { size: [HEIGHT, WIDTH], counts: encodeRuns(runs) };
    const body = { model: "cm-2", name: "organs", version: "2.1", mask };
    await route.fulfill({ contentType: "application/json", body: JSON.stringify(body) }).catch(() => {});
  });
  const hand = await Hand.on(page);
  const hint = page.getByTestId("option-hint");
  await page.keyboard.press("q");
  await hand.click(DISC.x + 0.5, DISC.y + 0.5);
  await expect(hint).toContainText("Asking organs 2.1…");
  await page.keyboard.press("Escape");
  await expect(hint).toContainText("Click into the object");
  answer();
  await hand.click(DISC.x + 0.5, DISC.y + 0.5);
  await expect.poll(() => asked.length).toBe(2);
  answer();
  await expect(page.getByTestId("notice")).toContainText("Drawn by organs 2.1.");
  await expect(hint).toContainText("organs 2.1 · ");
  await page.keyboard.press("Enter");
  await expect.poll(() => server.shapes().map((shape) => shape.type)).toEqual(["mask"]);
  expect(asked[1]).toEqual({
    fence: 3,
    stream: 0,
    frame: 0,
    positive: [[DISC.x, DISC.y]],
    negative: [],
  });
  await page.keyboard.press("Control+z");
  await expect.poll(() => server.kept.size).toBe(0);
});
