/** What an auditor sees of an item: every shape, every word of a label, every frame, through the window that it takes. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { auditProject, hidden, MASK, unit } from "../fixtures/audit";
import { drawn, HEIGHT, WIDTH } from "../fixtures/picture";
import { json, serveFixtures } from "../fixtures/routes";

/** Free space around a picture that is shown as large as it goes, CSS pixels. */
const MARGIN = 16;

async function desk(page: Page, kind: "study" | "image" = "study") {
  const asked: URL[] = [];
  await serveFixtures(page, {
    "GET /projects/p-ct": (route) => json(route, auditProject(kind)),
    "POST /certifications/c-2/next": (route) => json(route, hidden),
    "POST /certifications/c-2/units/4/own": (route) => json(route, unit),
  });
  const png = await drawn(page);
  await page.route("**/api/v1/certifications/c-2/units/4/frames/*/image*", (route) => {
    asked.push(new URL(route.request().url()));
    return route.fulfill({ contentType: "image/png", body: png });
  });
  await page.goto("/projects/p-ct/quality");
  const certificates = page.getByRole("region", { name: "Certificates" });
  await certificates.getByRole("button", { name: "Judge the next item" }).click();
  await expect(page.getByRole("img", { name: "study 1044, frame 1 of 2" })).toBeVisible();
  return asked;
}

const showLabels = async (page: Page) => {
  await page.getByRole("button", { name: "That is all I see: show the labels" }).click();
  await expect(page.getByTestId("audit-label")).toHaveCount(unit.shown?.annotations.length ?? 0);
};

/** The colour over a place of the picture, as `#rrggbb`, and how much of it: what is drawn above the picture, not the picture itself. */
async function over(page: Page, places: readonly (readonly [number, number])[]) {
  return page.getByTestId("audit-picture").evaluate(
    (box, { places, width, height, margin }) => {
      const canvas = box.querySelectorAll("canvas")[1] as HTMLCanvasElement;
      const g = canvas.getContext("2d") as CanvasRenderingContext2D;
      const ratio = canvas.width / canvas.clientWidth;
      const [w, h] = [canvas.clientWidth, canvas.clientHeight];
      const scale = Math.min((w - 2 * margin) / width, (h - 2 * margin) / height);
      const hex = (value: number) => value.toString(16).padStart(2, "0");
      return places.map(([x, y]) => {
        const at = [(w - width * scale) / 2 + x * scale, (h - height * scale) / 2 + y * scale] as const;
        const { data } = g.getImageData(Math.round(at[0] * ratio) - 1, Math.round(at[1] * ratio) - 1, 3, 3);
        // The strongest of the nine: a line is about two pixels wide, and its shadow lies beside it.
        let best = "";
        let strength = 0;
        for (let i = 0; i < data.length; i += 4) {
          const [red, green, blue, alpha] = [...data.slice(i, i + 4)] as [number, number, number, number];
          const value = alpha * (Math.max(red, green, blue) + 1);
          if (value > strength) [best, strength] = [`#${hex(red)}${hex(green)}${hex(blue)}`, value];
        }
        return strength === 0 ? "" : best;
      });
    },
    { places, width: WIDTH, height: HEIGHT, margin: MARGIN },
  );
}

test("no label is on the page before the count; every shape is drawn after it", async ({ page }, info) => {
  await desk(page);
  // Beside its middle, which a relation leads to.
  const middle = [MASK.x + MASK.w - 8, MASK.y + MASK.h - 8] as const;
  expect(await over(page, [[40, 70], middle])).toEqual(["", ""]);
  await expect(page.getByTestId("audit-label")).toHaveCount(0);
  await showLabels(page);
  await expect.poll(async () => (await over(page, [[40, 80]])).join()).not.toBe("");
  await page.getByLabel("Item 5 of the audit").screenshot({ path: info.outputPath("audit.png") });
  // A side of each shape away from its name.
  const places: [kind: string, at: [number, number], color: string][] = [
    ["box", [40, 80], "#e6194b"],
    ["rotated box: end of its turned side", [220 + 40 * Math.cos(0.5), 70 + 40 * Math.sin(0.5)], "#3cb44b"],
    ["ellipse: end of its longer axis", [360 + 40 * Math.cos(0.3), 70 + 40 * Math.sin(0.3)], "#ffe119"],
    ["polygon", [580, 90], "#4363d8"],
    ["hole of the polygon", [540, 80], "#4363d8"],
    ["polyline", [60, 290], "#f58231"],
    ["points: the ring about one", [244, 310], "#b04fd8"],
    ["skeleton: a bone", [335, 275], "#46f0f0"],
    ["mask", [...middle], "#f032e6"],
  ];
  await expect
    .poll(async () => {
      const found = await over(
        page,
        places.map(([, at]) => at),
      );
      return places.flatMap(([kind, , color], i) =>
        near(found[i] ?? "", color) ? [] : [`${kind}: ${found[i]}`],
      );
    })
    .toEqual([]);
  // Nothing is filled inside of a hole, and no mark stands where none is.
  expect(
    await over(page, [
      [520, 80],
      [300, 420],
    ]),
  ).toEqual(["", ""]);
  const found = await new AxeBuilder({ page }).include("[aria-label='Item 5 of the audit']").analyze();
  expect(found.violations).toEqual([]);
});

/** Whether two colours are the same but for the edge's smoothing. */
function near(one: string, two: string): boolean {
  const parts = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const [a, b] = [parts(one), parts(two)];
  return a.every((value, i) => Math.abs(value - (b[i] ?? 0)) < 40);
}

test("each label says all of itself, is pointed out, and leads to its frame", async ({ page }) => {
  await desk(page);
  await showLabels(page);
  const rows = page.getByTestId("audit-label");
  const box = rows.filter({ hasText: "1: Class of box" });
  await expect(box).toContainText("box, 80×60 · frame 1");
  for (const words of [
    "Texture: part-solid",
    "Calcified: no",
    "Diameter: no answer",
    "left_over: x",
    "unclear, as likely as not, motion",
    "feeds → 8: Class of mask",
  ])
    await expect(box).toContainText(words);
  await expect(rows.filter({ hasText: "Class of polygon" })).toContainText("1 hole");
  await expect(rows.filter({ hasText: "Class of skeleton" })).toContainText("hip hidden, foot absent");
  await expect(rows.filter({ hasText: "Class of tag" })).toContainText("tag · whole item");
  await expect(rows.filter({ hasText: "Cannot assess" })).toContainText("image quality: noise");
  await expect(rows.filter({ hasText: "Class of cuboid" })).toContainText(
    "centre 12.50, -3.25, 0.50 m; length, width, height 4.20 × 1.80 × 1.50 m; heading 90.0°",
  );
  await expect(page.getByText("The audit shows neither the point cloud nor cuboids")).toBeVisible();
  // Who or what drew it is no part of what is judged.
  await expect(page.getByLabel("Item 5 of the audit")).not.toContainText("detector");

  const second = rows.filter({ hasText: "12: Class of box" }).getByRole("button");
  await second.click();
  await expect(page.getByRole("img", { name: "study 1044, frame 2 of 2" })).toBeVisible();
  await expect(second).toHaveAttribute("aria-pressed", "true");
  await expect.poll(() => over(page, [[40, 80]])).toEqual([""]);
  // What is pointed at in the picture is pointed out in the list.
  await page.keyboard.press("Home");
  await expect(page.getByRole("img", { name: "study 1044, frame 1 of 2" })).toBeVisible();
  const place = await page.getByTestId("audit-picture").boundingBox();
  if (!place) throw new Error("no picture");
  const scale = Math.min((place.width - 2 - 2 * MARGIN) / WIDTH, (place.height - 2 - 2 * MARGIN) / HEIGHT);
  await page.getByTestId("audit-picture").click({
    position: {
      x: place.width / 2 + (MASK.x + 20 - WIDTH / 2) * scale,
      y: place.height / 2 + (MASK.y + 20 - HEIGHT / 2) * scale,
    },
  });
  await expect(rows.getByRole("button", { name: /^8: Class of mask/ })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
});

test("frames by keys and wheel, and the window of a study", async ({ page }) => {
  const asked = await desk(page);
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("img", { name: "study 1044, frame 2 of 2" })).toBeVisible();
  await page.getByTestId("audit-picture").hover();
  await page.mouse.wheel(0, -100);
  await expect(page.getByRole("img", { name: "study 1044, frame 1 of 2" })).toBeVisible();
  expect(asked.every((url) => url.searchParams.get("window") === null)).toBe(true);
  const last = () => asked.at(-1)?.searchParams.get("window");
  await page.getByRole("button", { name: "Lung" }).click();
  await expect.poll(last).toBe("-600,1500");
  await page.getByLabel("Window width").fill("900");
  await expect.poll(last).toBe("-600,900");
  await page.getByLabel("Window centre").fill("-500");
  await expect.poll(last).toBe("-500,900");
  // It stays from frame to frame, before and after the labels are shown.
  await showLabels(page);
  await page.getByRole("button", { name: "Next frame" }).click();
  await expect.poll(() => asked.at(-1)?.pathname).toContain("/frames/1/");
  expect(last()).toBe("-500,900");
  await page.getByRole("button", { name: "As the file says" }).click();
  await expect.poll(last).toBe(null);
});

test("plain pictures take no window; one that fails says why and is asked for again", async ({ page }) => {
  await desk(page, "image");
  await expect(page.getByRole("button", { name: "Lung" })).toHaveCount(0);
  await page.route("**/units/4/frames/1/image*", (route) =>
    route.fulfill({
      status: 409,
      contentType: "application/problem+json",
      body: JSON.stringify({
        title: "x",
        status: 409,
        code: "not_your_unit",
        detail: "This item is not yours.",
      }),
    }),
  );
  await page.keyboard.press("End");
  const failed = page.getByLabel("Item 5 of the audit").getByRole("alert");
  await expect(failed).toContainText("This item is not yours.");
  await page.unroute("**/units/4/frames/1/image*");
  const again = page.waitForRequest((request) => request.url().includes("/frames/1/image"));
  await failed.getByRole("button", { name: "Try again" }).click();
  await again;
});
