/** Deciding between three blind reads: side by side, by keyboard alone; no axe violation. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import type { Dispute } from "../../src/api/types";
import { DISC, openPicture, SQUARE } from "../fixtures/picture";

const box = (id: string, x: number, y: number, side: number, name = "thing") => ({
  id,
  class: name,
  frame: { stream: 0, index: 0 },
  shape: { type: "box" as const, x, y, w: side, h: side },
  attributes: {},
});

const dispute: Dispute = {
  comparison: "c-1",
  readers: 3,
  agreed: 2,
  handed_on: false,
  may_hand_on: true,
  findings: [
    {
      differences: ["outline"],
      overlap: 0.42,
      sides: [
        { reader: 1, mark: box("00000000-0000-4000-8000-000000000001", DISC.x - 60, DISC.y - 60, 120) },
        { reader: 2, mark: box("00000000-0000-4000-8000-000000000002", DISC.x - 80, DISC.y - 80, 160) },
        { reader: 3, mark: box("00000000-0000-4000-8000-000000000003", DISC.x - 20, DISC.y - 20, 100) },
      ],
    },
    {
      differences: ["missing"],
      overlap: null,
      sides: [
        { reader: 2, mark: box("00000000-0000-4000-8000-000000000004", SQUARE.x, SQUARE.y, SQUARE.side) },
      ],
    },
  ],
};

test("findings are decided side by side from the keyboard", async ({ page }) => {
  const server = await openPicture(page, (work) => ({
    ...work,
    task: { ...work.task, kind: "adjudicate", title: "Decide", stage_id: "adjudicate" },
    dispute,
  }));
  // A decoder of bitmaps wants a picture that is no drawing.
  await page.route("**/frames/*/image*", (route) => route.fulfill({ path: "../docs/images/gate.png" }));
  await expect(page.getByTestId("arbitration-count")).toHaveText("0 of 2 decided");
  await page.getByTestId("beside-open").focus();
  await page.keyboard.press("Enter");
  const beside = page.getByTestId("beside");
  await expect(beside.getByTestId("beside-place")).toHaveText("Finding 1 of 2: drawn differently");
  await expect(beside.getByRole("img", { name: "Reader 1" })).toBeVisible();
  await expect(beside.getByRole("img", { name: "Reader 2" })).toBeVisible();
  await beside.getByLabel("Right").selectOption("3");
  await expect(beside.getByRole("img", { name: "Reader 3" })).toBeVisible();
  // Both marks are drawn, large enough to be looked at.
  const drawn = () =>
    beside.getByTestId("compare-pictures").evaluate((pictures) =>
      [...pictures.querySelectorAll("canvas")].map((canvas) => {
        const g = canvas.getContext("2d") as CanvasRenderingContext2D;
        const { data } = g.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 3; at < data.length; at += 4) if ((data[at] as number) > 0) count += 1;
        return count;
      }),
    );
  await expect.poll(async () => Math.min(...(await drawn()))).toBeGreaterThan(1000);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/beside.png` });
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);

  await page.getByTestId("beside-left").focus();
  await page.keyboard.press("2");
  await expect(page.getByTestId("beside-right")).toHaveAttribute("aria-pressed", "true");
  const { id: _, ...both } = box("none", DISC.x - 40, DISC.y - 40, 110);
  await page.route("**/tasks/*/merged*", (route) => {
    const marks = new URL(route.request().url()).searchParams.get("marks");
    expect(marks).toBe("00000000-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000003");
    return route.fulfill({ json: { ...both, rule: "mean" } });
  });
  await page.keyboard.press("3");
  await expect(page.getByTestId("beside-merge")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("2");
  await expect(page.getByTestId("beside-merge")).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("n");
  await expect(beside.getByTestId("beside-place")).toHaveText("Finding 2 of 2: not seen by all");
  await expect(beside.getByText("saw nothing here")).toHaveCount(2);
  await expect(page.getByTestId("beside-left")).toBeDisabled();
  await page.keyboard.press("0");
  await page.keyboard.press("Escape");
  await expect(beside).toBeHidden();
  await expect(page.getByTestId("arbitration-count")).toHaveText("2 of 2 decided");
  // What was taken is the adjudicator's own mark now.
  await expect.poll(() => server.shapes().map((shape) => shape.w)).toEqual([100]);
});
