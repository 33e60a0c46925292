/** Each drawing tool from the hand to what is saved, with undo; arrangement, tracks, the command list; no axe violation. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { Hand } from "../fixtures/hand";
import { DISC, openPicture, type Server, SQUARE } from "../fixtures/picture";

async function shot(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

async function ready(page: Page) {
  const server = await openPicture(page);
  return { server, hand: await Hand.on(page) };
}

const rows = (page: Page) => page.getByTestId("object-row");
const only = async (server: Server, type: string) => {
  await expect.poll(() => server.shapes().map((shape) => shape.type)).toEqual([type]);
  return server.shapes()[0] as unknown as Record<string, number> & { points: [number, number][] };
};

/** Undo takes it back on the page and at the server; redo brings it again. */
async function undone(page: Page, server: Server) {
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(0);
  await expect.poll(() => server.kept.size).toBe(0);
  await page.keyboard.press("Control+Shift+z");
  await expect(rows(page)).toHaveCount(1);
  await expect.poll(() => server.kept.size).toBe(1);
}

test("turned box: one side, then its reach; turned by its grip", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("Shift+R");
  await expect(page.getByTestId("tool-rotated-box")).toHaveAttribute("aria-pressed", "true");
  await hand.drag([
    [100, 100],
    [200, 150],
  ]);
  await hand.click(170, 210);
  const box = await only(server, "rotated_box");
  expect(box.w).toBeCloseTo(Math.hypot(100, 50), 0);
  expect(box.angle).toBeCloseTo(Math.atan2(50, 100), 1);
  await undone(page, server);
  await shot(page, "tool-rotated-box");
});

test("ellipse: a drag makes it, Shift a circle", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("o");
  await hand.drag(
    [
      [120, 120],
      [280, 280],
    ],
    ["Shift"],
  );
  const circle = await only(server, "ellipse");
  expect(circle.rx).toBe(circle.ry);
  expect(circle.cx).toBeCloseTo(DISC.x, 0);
  await undone(page, server);
});

test("line and points, one by one and as a set", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("Shift+P");
  for (const [x, y] of [
    [50, 50],
    [150, 80],
    [250, 50],
  ] as const)
    await hand.click(x, y);
  await page.keyboard.press("Control+z");
  await hand.click(250, 90);
  await page.keyboard.press("Enter");
  const line = await only(server, "polyline");
  expect(line.points.length).toBe(3);
  expect(line.points[2]?.[1]).toBeCloseTo(90, 0);
  await undone(page, server);
  await page.keyboard.press("Shift+K");
  await hand.click(300, 300);
  await page.getByTestId("option-sets").check();
  await page.getByTestId("stage").focus();
  await hand.click(320, 330);
  await hand.click(360, 330);
  await page.keyboard.press("Enter");
  await expect
    .poll(() => server.shapes().map((shape) => (shape.points as unknown[]).length))
    .toEqual([3, 1, 2]);
});

test("polygon: a hole is cut with Alt, more is added with Shift, a crossing is untangled", async ({
  page,
}) => {
  const { server, hand } = await ready(page);
  const ring = async (points: [number, number][], keys: string[] = []) => {
    const [first, ...rest] = points as [[number, number], ...[number, number][]];
    await hand.click(...first, { keys });
    for (const point of rest) await hand.click(...point);
    await page.keyboard.press("Enter");
  };
  await page.keyboard.press("p");
  await ring([
    [100, 100],
    [300, 100],
    [300, 300],
    [100, 300],
  ]);
  await only(server, "polygon");
  await ring(
    [
      [150, 150],
      [250, 150],
      [250, 250],
      [150, 250],
    ],
    ["Alt"],
  );
  await expect.poll(() => (server.shapes()[0]?.holes as unknown[] | undefined)?.length).toBe(1);
  await shot(page, "tool-polygon-hole");
  await ring(
    [
      [280, 100],
      [400, 100],
      [400, 200],
      [280, 200],
    ],
    ["Shift"],
  );
  await expect
    .poll(() =>
      Math.max(...((server.shapes()[0]?.points ?? []) as [number, number][]).map(([x]) => Math.round(x))),
    )
    .toBe(400);
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(0);
  await ring([
    [100, 320],
    [200, 420],
    [200, 320],
    [100, 420],
  ]);
  await expect(page.getByTestId("notice")).toContainText("crossed itself");
  await expect.poll(() => server.kept.size).toBe(1);
});

test("brush, eraser and fill make one mask; its size has keys", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("b");
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("]");
  await hand.drag([
    [120, 120],
    [280, 120],
    [280, 280],
    [120, 280],
    [120, 120],
  ]);
  await only(server, "mask");
  const words = rows(page).first().locator("small").first();
  const area = async () => Number(((await words.textContent()) ?? "").replace(/\D/g, ""));
  const painted = await area();
  expect(painted).toBeGreaterThan(4 * 150 * 20);
  await page.keyboard.press("Shift+B");
  await hand.click(200, 200);
  await expect.poll(area).toBeGreaterThan(painted + 120 * 120);
  const filled = await area();
  await page.keyboard.press("e");
  await hand.drag([
    [130, 200],
    [270, 200],
  ]);
  await expect.poll(area).toBeLessThan(filled - 1_000);
  await shot(page, "tool-brush");
  for (const wanted of [filled, painted]) {
    await page.keyboard.press("Control+z");
    await expect.poll(area).toBe(wanted);
  }
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(0);
});

test("the brush paints only values between its limits", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("b");
  await page.getByTestId("option-limited").check();
  await page.getByTestId("option-low").fill("150");
  await page.getByTestId("stage").focus();
  for (let i = 0; i < 8; i += 1) await page.keyboard.press("]");
  // Over the edge of the square: only the square takes paint.
  await hand.drag([
    [SQUARE.x - 30, 200],
    [SQUARE.x + 20, 200],
  ]);
  await only(server, "mask");
  await page.keyboard.press("s");
  const at = await page.evaluate(
    () => document.querySelector('[data-testid="object-row"] small')?.textContent ?? "",
  );
  expect(Number(at.replace(/\D/g, ""))).toBeGreaterThan(300);
  await hand.click(SQUARE.x - 10, 200);
  await expect(page.locator('[data-testid="object-row"][data-selected="true"]')).toHaveCount(0);
  await hand.click(SQUARE.x + 10, 200);
  await expect(page.locator('[data-testid="object-row"][data-selected="true"]')).toHaveCount(1);
});

test("magic wand takes the disc and, with Shift, the square", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("Shift+W");
  await hand.click(DISC.x, DISC.y);
  await only(server, "mask");
  const words = rows(page).first().locator("small").first();
  const area = async () => Number(((await words.textContent()) ?? "").replace(/\D/g, ""));
  const disc = Math.PI * DISC.r ** 2;
  expect(Math.abs((await area()) - disc) / disc).toBeLessThan(0.02);
  await hand.click(SQUARE.x + 50, SQUARE.y + 50, { keys: ["Shift"] });
  await expect.poll(async () => Math.abs((await area()) - disc - SQUARE.side ** 2) / disc).toBeLessThan(0.03);
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press("Alt+M");
  await expect(rows(page)).toHaveCount(2);
});

test("scissors follow the edge of the square between clicks", async ({ page }) => {
  const { server, hand } = await ready(page);
  const { x, y, side } = SQUARE;
  await page.keyboard.press("Shift+I");
  const corners = [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
  ] as const;
  for (const [cx, cy] of corners) {
    await hand.click(cx, cy);
    // The worker answers before anybody gets to the next corner.
    await page.waitForTimeout(700);
  }
  await page.keyboard.press("Enter");
  const found = await only(server, "polygon");
  const off = found.points.filter(
    ([px, py]) =>
      Math.min(Math.abs(px - x), Math.abs(px - x - side), Math.abs(py - y), Math.abs(py - y - side)) > 2.5,
  );
  expect(off).toEqual([]);
  await undone(page, server);
});

test("clicks find the disc without a model, and Enter accepts", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("q");
  await hand.drag(
    [
      [100, 100],
      [300, 300],
    ],
    ["Shift"],
  );
  await hand.click(DISC.x, DISC.y);
  await expect(page.getByTestId("option-accept")).toBeEnabled();
  await hand.click(110, 110, { button: "right" });
  await expect(page.getByTestId("option-hint")).toContainText("Enter accepts");
  await shot(page, "tool-clicks");
  await page.keyboard.press("Enter");
  await only(server, "mask");
  const words = rows(page).first().locator("small").first();
  const area = Number(((await words.textContent()) ?? "").replace(/\D/g, ""));
  const disc = Math.PI * DISC.r ** 2;
  expect(Math.abs(area - disc) / disc).toBeLessThan(0.05);
  await undone(page, server);
});

test("a skeleton takes the joints of its class, hidden ones too", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("Shift+J");
  await expect(page.getByTestId("option-next")).toContainText("head (1 of 3)");
  await hand.click(200, 130);
  await hand.click(200, 200, { keys: ["Control"] });
  await page.getByTestId("option-absent").click();
  await only(server, "skeleton");
  const joints = server.shapes()[0]?.joints as { state: string }[];
  expect(joints.map((joint) => joint.state)).toEqual(["visible", "hidden", "absent"]);
  await page.getByTestId("stage").focus();
  await undone(page, server);
});

test("slice, merge, group and order", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("p");
  for (const [x, y] of [
    [100, 100],
    [300, 100],
    [300, 300],
    [100, 300],
  ] as const)
    await hand.click(x, y);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Alt+J");
  await hand.click(200, 80);
  await hand.click(200, 330);
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(2);
  await page.keyboard.press("Control+a");
  await page.keyboard.press("g");
  await page.keyboard.press("Control+]");
  await expect
    .poll(() => [...server.kept.values()].map((a) => (a as unknown as { arrangement?: object }).arrangement))
    .toEqual([
      { group: 1, z: 1 },
      { group: 1, z: 1 },
    ]);
  // One click takes the group.
  await page.keyboard.press("s");
  await page.keyboard.press("Escape");
  await hand.click(150, 200);
  await expect(page.locator('[data-testid="object-row"][data-selected="true"]')).toHaveCount(2);
  await page.keyboard.press("m");
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(2);
});

test("versions of an object: who, when and what changed; one is looked at and made the newest by keyboard", async ({
  page,
}) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("r");
  await hand.drag([
    [100, 100],
    [200, 180],
  ]);
  const first = await only(server, "box");
  await page.keyboard.press("Shift+ArrowRight");
  await expect.poll(() => server.shapes()[0]?.x).toBe(Number(first.x) + 10);

  await page.keyboard.press("Alt+v");
  const panel = page.getByTestId("history");
  await expect(panel.locator("[data-version]")).toHaveCount(2);
  await expect(panel.locator("[data-version]").first()).toContainText("as it is now");
  await expect(panel.locator("[data-version]").first()).toContainText("shape");
  await expect(panel.locator("[data-version]").last()).toContainText("Aiko Lindqvist");
  await expect(panel.locator("[data-version]").first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(panel.locator("[data-version]").last()).toBeFocused();
  await shot(page, "versions");
  const found = await new AxeBuilder({ page }).include("#side-panel").analyze();
  expect(found.violations).toEqual([]);

  await page.keyboard.press("Enter");
  await expect(panel).toBeHidden();
  await expect.poll(() => server.shapes()[0]?.x).toBe(first.x);
  expect(server.versions).toHaveLength(3);
  await page.keyboard.press("Control+z");
  await expect.poll(() => server.shapes()[0]?.x).toBe(Number(first.x) + 10);

  // Esc closes the list and leaves the object selected.
  await page.keyboard.press("Alt+v");
  await expect(panel.locator("[data-version]").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(page.getByTestId("object-detail")).toBeVisible();
});

test("measures in pixels where no spacing is known, and hands nothing in", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("Shift+M");
  await expect(page.getByTestId("option-unit")).toHaveText("no spacing known: in pixels");
  await hand.drag([
    [100, 100],
    [400, 100],
  ]);
  await expect(page.getByTestId("notice")).toContainText(/Length: (299|300|301) px/);
  await page.getByTestId("option-measure").getByRole("button", { name: "Angle" }).click();
  await hand.click(200, 100);
  await hand.click(100, 100);
  await hand.click(100, 200);
  await expect(page.getByTestId("notice")).toContainText("Angle: 90.0°");
  await shot(page, "tool-measure");
  expect(server.kept.size).toBe(0);
});

test("copies make a track, and the frames in between follow", async ({ page }) => {
  const { server, hand } = await ready(page);
  await page.keyboard.press("r");
  await hand.drag([
    [100, 100],
    [150, 150],
  ]);
  await page.keyboard.press("Control+b");
  await page.getByTestId("propagate-count").fill("3");
  await page.getByTestId("propagate-confirm").click();
  await expect.poll(() => server.kept.size).toBe(4);
  await page.getByTestId("stage").focus();
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("f");
  await page.getByText("Loading the image…").waitFor({ state: "hidden" });
  await page.keyboard.press("s");
  await hand.drag([
    [125, 125],
    [425, 125],
  ]);
  const left = () =>
    [...server.kept.values()]
      .sort((a, b) => frame(a) - frame(b))
      .map((a) => Math.round((a.shape as unknown as { x: number }).x / 10) * 10);
  const frame = (a: unknown) => (a as { frame: { index: number } }).frame.index;
  await expect.poll(left).toEqual([100, 200, 300, 400]);
  await page.keyboard.press("Control+z");
  await expect.poll(left).toEqual([100, 100, 100, 100]);
});

test("the command list reaches tools by name, and nothing on the page breaks a rule of access", async ({
  page,
}) => {
  const { hand } = await ready(page);
  await page.keyboard.press("b");
  await hand.drag([
    [120, 120],
    [200, 160],
  ]);
  await page.keyboard.press("Control+k");
  await page.getByTestId("palette-query").fill("magic");
  await expect(page.getByTestId("palette-list").getByRole("option")).toHaveCount(1);
  const check = async () => {
    const axe = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
      .analyze();
    expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
  };
  await check();
  await shot(page, "palette");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("tool-wand")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByTestId("palette-query")).toBeHidden();
  await check();
});
