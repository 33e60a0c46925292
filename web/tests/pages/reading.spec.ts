/** Reading a study: scroll, film, window, layouts, three planes, what lies over an image, a frame that is broken. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import type { Work } from "../../src/api/types";
import { BROKEN, openStudy, SLICES } from "../fixtures/study";

/** Brightness of red and green on the picture of a view, at a place in fractions of it. */
async function shade(page: Page, testId: string, x: number, y: number): Promise<[number, number]> {
  return page.getByTestId(testId).evaluate(
    (pane, [fx, fy]) => {
      const canvas = pane.querySelector("canvas") as HTMLCanvasElement;
      const g = canvas.getContext("2d") as CanvasRenderingContext2D;
      const at = g.getImageData(Math.floor(canvas.width * fx), Math.floor(canvas.height * fy), 1, 1).data;
      return [at[0] as number, at[1] as number] as [number, number];
    },
    [x, y] as const,
  );
}

const slice = (page: Page) => page.getByTestId("slice");
const only =
  (...streams: number[]) =>
  (work: Work): Work => ({
    ...work,
    item: {
      ...work.item,
      streams: streams.map((n) => work.item.streams[n] as Work["item"]["streams"][number]),
    },
  });

async function clean(page: Page) {
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
}

async function shot(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

test("two series of one frame of reference hang side by side and scroll to the same place", async ({
  page,
}) => {
  await openStudy(page);
  await expect(page.getByTestId("panes")).toHaveAttribute("data-layout", "two");
  await expect(slice(page)).toHaveText(`11 / ${SLICES}`);
  // Slice 11 lies at 0 mm, which the other series has as its sixth.
  await expect(page.getByTestId("series-slice")).toHaveText("6 / 10");
  await page.getByTestId("stack").hover();
  await page.mouse.wheel(0, 120);
  await page.mouse.wheel(0, 120);
  await expect(slice(page)).toHaveText(`13 / ${SLICES}`);
  await expect(page.getByTestId("series-slice")).toHaveText("7 / 10");
  // On its own again.
  await page.keyboard.press("Alt+Digit5");
  await page.getByTestId("series-pane").hover();
  await page.mouse.wheel(0, -120);
  await expect(page.getByTestId("series-slice")).toHaveText("6 / 10");
  await expect(slice(page)).toHaveText(`13 / ${SLICES}`);
  await shot(page, "reading-two");
  await clean(page);
});

test("keys scroll, window, invert and fit; the probe says HU", async ({ page }) => {
  await openStudy(page, only(0));
  await expect(page.getByTestId("presets")).toHaveText(/W 400\s+L 40/);
  await page.keyboard.press("Shift+Digit4");
  await expect(page.getByTestId("presets")).toHaveText(/W 2500\s+L 480/);
  await page.getByTestId("stack").hover();
  await expect(page.getByTestId("probe")).toHaveText(/700 HU/);
  // (700 - 479.5) / 2499 + 0.5 of 255.
  const off = async () => Math.abs((await shade(page, "stack", 0.5, 0.5))[0] - 150);
  await expect.poll(off).toBeLessThanOrEqual(1);
  const [before] = await shade(page, "stack", 0.5, 0.5);
  await page.keyboard.press("KeyI");
  await expect.poll(async () => (await shade(page, "stack", 0.5, 0.5))[0]).toBe(255 - before);
  await page.keyboard.press("Control+End");
  await expect(slice(page)).toHaveText(`${SLICES} / ${SLICES}`);
  await page.keyboard.press("Control+Home");
  await expect(slice(page)).toHaveText(`1 / ${SLICES}`);
});

test("dragging with the right button sets window and level", async ({ page }) => {
  await openStudy(page, only(0));
  await expect(page.getByTestId("presets")).toHaveText(/W 400\s+L 40/);
  const box = await page.getByTestId("stack").boundingBox();
  if (!box) throw new Error("no stack");
  await page.mouse.move(box.x + 300, box.y + 300);
  await page.mouse.down({ button: "right" });
  await page.mouse.move(box.x + 400, box.y + 250, { steps: 4 });
  await page.mouse.up({ button: "right" });
  // 2 units per pixel at a width of 400: 200 wider, and 100 lower for 50 px up.
  await expect(page.getByTestId("presets")).toHaveText(/W 600\s+L -60/);
  await expect(page.getByTestId("object-row")).toHaveCount(0);
});

test("three planes are cut from the volume and share one crosshair", async ({ page }) => {
  await openStudy(page, only(0));
  await expect(page.getByTestId("presets")).toHaveText(/W 400/);
  await page.keyboard.press("Alt+Digit3");
  for (const axis of ["axial", "coronal", "sagittal"])
    await expect(page.getByTestId(`mpr-${axis}`).locator("canvas").first()).toBeVisible();
  // The ball lies at slice 12 of 20: in the coronal plane, whose first row is the head, above the middle.
  await page.keyboard.press("Shift+Digit4");
  const bone = async (axis: string, x: number, y: number) =>
    (await shade(page, `mpr-${axis}`, x, y))[0] > 120;
  await expect.poll(() => bone("coronal", 0.5, 0.4)).toBe(true);
  expect(await bone("coronal", 0.5, 0.75)).toBe(false);
  await expect.poll(() => bone("sagittal", 0.5, 0.4)).toBe(true);
  // Pointing low in the coronal plane brings the stack to a low slice.
  const box = await page.getByTestId("mpr-coronal").boundingBox();
  if (!box) throw new Error("no plane");
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.72);
  await expect(slice(page)).toHaveText(new RegExp(`^[2-6] / ${SLICES}$`));
  await shot(page, "reading-mpr");
  await clean(page);
  await page.keyboard.press("Alt+Digit1");
  await expect(page.getByTestId("mpr-axial")).toBeHidden();
});

test("a frame that cannot be decoded says why in its place, and the rest is read", async ({ page }) => {
  await openStudy(page, (work) =>
    only(0, 1)({ ...work, item: { ...work.item, streams: [...work.item.streams] } }),
  );
  await page.getByTestId("series").click();
  await page.getByRole("menuitem", { name: /series 2/ }).click();
  await expect(page.getByTestId("caveats")).toHaveText("slices do not lie evenly");
  await expect(slice(page)).toHaveText("6 / 10");
  await page.keyboard.press("KeyD");
  await expect(page.getByTestId("frame-error")).toContainText(`Slice ${BROKEN + 1} cannot be shown`);
  await expect(page.getByTestId("frame-error")).toContainText("codestream ends early");
  await shot(page, "reading-broken");
  await page.keyboard.press("KeyD");
  await expect(slice(page)).toHaveText("4 / 10");
  await expect(page.getByTestId("frame-error")).toBeHidden();
});

test("a film plays at the rate of its file and stops on a step", async ({ page }) => {
  await openStudy(page, only(2));
  await expect(page.getByTestId("cine-rate")).toHaveValue("30");
  await expect(page.getByTestId("presets")).toBeHidden();
  const before = await slice(page).textContent();
  await page.getByTestId("cine").click();
  await expect(page.getByTestId("cine")).toHaveText("Pause");
  await expect(slice(page)).not.toHaveText(before ?? "");
  await page.getByTestId("stack").click();
  await page.keyboard.press("KeyF");
  await expect(page.getByTestId("cine")).toHaveText("Play");
});

test("shutters cover, overlays draw, and pixels that are not square are shown as they lie", async ({
  page,
}) => {
  await openStudy(page, only(3));
  await expect.poll(async () => (await shade(page, "stack", 0.5, 0.5))[0]).toBe(128);
  const stack = await page.getByTestId("stack").boundingBox();
  if (!stack) throw new Error("no stack");
  // 64 columns and 48 rows of double height: 64 by 96 units, fitted by its height.
  const unit = (stack.height - 32) / 96;
  const at = async (column: number, row: number) =>
    shade(
      page,
      "stack",
      0.5 + ((column - 32) * unit) / stack.width,
      0.5 + ((row - 24) * 2 * unit) / stack.height,
    );
  expect((await at(4, 24))[0]).toBe(0);
  expect((await at(32, 4))[0]).toBe(0);
  expect((await at(10, 10))[0]).toBe(128);
  const [red, green] = await at(32, 26.5);
  expect([red > 200, green > 150]).toEqual([true, true]);
  await shot(page, "reading-shutter");
});

test("the graphics card and the processor show the same grey", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("countersign.shading", "card"));
  await openStudy(page, only(0));
  await expect(page.getByTestId("presets")).toHaveText(/W 400/);
  await page.keyboard.press("Shift+Digit4");
  // (700 - 479.5) / 2499 + 0.5 and (0 - 479.5) / 2499 + 0.5 of 255: what the processor shows in the test above.
  const near = async (x: number, y: number, wanted: number) =>
    Math.abs((await shade(page, "stack", x, y))[0] - wanted) <= 1;
  await expect.poll(() => near(0.5, 0.5, 150)).toBe(true);
  expect(await near(0.3, 0.3, 79)).toBe(true);
  await page.keyboard.press("KeyI");
  await expect.poll(() => near(0.5, 0.5, 105)).toBe(true);
});
