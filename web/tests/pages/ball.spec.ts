/** A ball is painted through the slices of a series, erased, and taken back as one step; where places are missing it stays flat. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import type { Work } from "../../src/api/types";
import { decodeRuns } from "../../src/canvas/rle";
import { json } from "../fixtures/routes";
import { openStudy } from "../fixtures/study";

interface Mark {
  id: string;
  frame: { index: number };
  shape: { counts: string };
  arrangement?: { track?: string };
}

/** Opens one series with a class that is painted; what the server has, by frame. */
async function ready(page: Page, places = true) {
  const kept = new Map<string, Mark>();
  await openStudy(page, (work): Work => {
    const [first] = work.item.streams;
    if (!first) throw new Error("no series");
    if (!places) for (const frame of first.frames) frame.position_mm = null;
    return {
      ...work,
      item: { ...work.item, streams: [first] },
      protocol: {
        ...work.protocol,
        classes: [{ id: "lesion", name: "Lesion", color: "#f2a65a", shapes: ["mask"] }],
      },
    };
  });
  let revision = 0;
  await page.route("**/api/v1/reads/r-study/annotations", (route) => {
    const { changes } = route.request().postDataJSON() as {
      changes: { op: string; id?: string; annotation?: Mark }[];
    };
    revision += 1;
    const versions: Record<string, number> = {};
    for (const { annotation, id } of changes) {
      if (annotation) {
        kept.set(annotation.id, annotation);
        versions[annotation.id] = revision;
      } else if (id) kept.delete(id);
    }
    return json(route, { revision, annotations_versions: versions });
  });
  await expect(page.getByTestId("slice")).toHaveText("11 / 20");
  const box = await page.getByTestId("stage").boundingBox();
  if (!box) throw new Error("no stage");
  const click = () => page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const area = (mark: Mark) =>
    decodeRuns(mark.shape.counts).reduce((sum, run, i) => sum + (i % 2 ? run : 0), 0);
  const slices = () => [...kept.values()].map((mark) => mark.frame.index).sort((a, b) => a - b);
  const voxels = () => [...kept.values()].reduce((sum, mark) => sum + area(mark), 0);
  return { kept, click, slices, voxels };
}

test("a ball of 5 mm reaches five slices of 2 mm, and is one step", async ({ page }) => {
  const { kept, click, slices, voxels } = await ready(page);
  await page.getByTestId("stage").focus();
  await page.keyboard.press("Alt+b");
  await expect(page.getByTestId("tool-sphere")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByText("reaches 5 slices")).toBeVisible();
  await click();
  await expect.poll(slices).toEqual([8, 9, 10, 11, 12]);
  // Discs of 3, √21, 5, √21 and 3 mm, of pixels of 1 mm².
  const wanted = Math.PI * (9 + 21 + 25 + 21 + 9);
  expect(Math.abs(voxels() - wanted)).toBeLessThan(wanted / 10);
  expect(new Set([...kept.values()].map((mark) => mark.arrangement?.track)).size).toBe(1);
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ball.png` });
  const whole = voxels();
  // The eraser takes a smaller ball out of its middle.
  await page.keyboard.press("Alt+e");
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("BracketLeft");
  await expect(page.getByText("reaches 3 slices")).toBeVisible();
  await click();
  await expect.poll(voxels).toBeLessThan(whole);
  expect(slices()).toEqual([8, 9, 10, 11, 12]);
  await page.keyboard.press("Control+z");
  await expect.poll(voxels).toBe(whole);
  await page.keyboard.press("Control+z");
  await expect.poll(slices).toEqual([]);
  await page.keyboard.press("Control+Shift+z");
  await expect.poll(voxels).toBe(whole);
});

test("without places of the slices it stays on one of them and says why", async ({ page }) => {
  const { click, slices } = await ready(page, false);
  await page.getByTestId("stage").focus();
  await page.keyboard.press("Alt+b");
  await expect(page.getByText("this slice only: the places of the slices are not known")).toBeVisible();
  await click();
  await expect(page.getByText("On this slice only: the places of the slices are not known.")).toBeVisible();
  await expect.poll(slices).toEqual([10]);
});
