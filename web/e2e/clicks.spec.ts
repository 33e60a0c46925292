/** A model is registered, draws what is clicked, and the page goes on without it when it is away and when it is retired. */
import { expect, type Page, test } from "@playwright/test";
import { CLICK_PORT, ClickServer, RADIUS } from "./click-server";
import { everybody, pictures } from "./pictures";

const PROJECT = "Drawn by clicks";
/** Side of the pictures, pixels, and the free space around them after "fit". */
const SIDE = 64;
const MARGIN = 16;

/** Clicks on a pixel of the picture. */
async function click(page: Page, x: number, y: number): Promise<void> {
  const stage = await page.getByTestId("stage").boundingBox();
  if (!stage) throw new Error("no stage");
  const scale = (Math.min(stage.width, stage.height) - 2 * MARGIN) / SIDE;
  const at = (middle: number, pixel: number) => middle + (pixel + 0.5 - SIDE / 2) * scale;
  await page.mouse.click(at(stage.x + stage.width / 2, x), at(stage.y + stage.height / 2, y));
}

test("a model draws what is clicked, and the page without it", async ({ browser }) => {
  const model = await ClickServer.start();
  try {
    const people = await everybody(browser);
    const project = await pictures(people, PROJECT, 1);

    // The privacy officer registers it where models for faces and plates are registered.
    const officer = people.privacy.page;
    await officer.goto(`/projects/${project}/gate/models`);
    const section = officer.getByTestId("click-models");
    await section.getByRole("button", { name: "Register a model for clicks…" }).click();
    await section.getByLabel("Name").fill("discs");
    await section.getByRole("button", { name: "Register it" }).click();
    await expect(section.getByText("Asked when somebody clicks")).toBeVisible();
    await expect(section.getByText(`http://127.0.0.1:${CLICK_PORT}/segment`)).toBeVisible();

    const { annotator } = people;
    const { page } = annotator;
    await annotator.starts(PROJECT, "reading");
    const item = await annotator.item();
    const rows = page.getByTestId("object-row");
    const hint = page.getByTestId("option-hint");
    const notice = page.getByTestId("notice");
    await expect(page.getByText(/^Loading the image/)).toHaveCount(0);
    await page.keyboard.press("q");

    // While it is asked, that is said, and Escape takes the click back.
    model.hold();
    await click(page, 30, 20);
    await expect(hint).toContainText("Asking discs 1…");
    await page.keyboard.press("Escape");
    await expect(hint).toContainText("Click into the object");
    model.letGo();
    await expect(page.getByTestId("option-accept")).toBeDisabled();

    // What it draws is a mark like any other: accepted, undone, saved.
    await click(page, 30, 20);
    await expect(notice).toContainText("Drawn by discs 1.");
    await expect(hint).toContainText("discs 1 · ");
    await page.keyboard.press("Enter");
    await expect(rows).toHaveCount(1);
    const words = rows.first().locator("small").first();
    const area = Number(((await words.textContent()) ?? "").replace(/\D/g, ""));
    expect(Math.abs(area - Math.PI * RADIUS ** 2) / area).toBeLessThan(0.1);
    await page.keyboard.press("Control+z");
    await expect(rows).toHaveCount(0);
    await page.keyboard.press("Control+Shift+z");
    await expect(rows).toHaveCount(1);
    await expect(page.getByTestId("save-state")).toHaveText(/saved/i);

    // It was sent the picture as it is, and where the click was.
    const asked = model.questions.at(-1);
    expect([asked?.width, asked?.height]).toEqual([SIDE, SIDE]);
    expect(asked?.positive).toEqual([[30, 20]]);
    expect(
      Buffer.from(asked?.png ?? "", "base64")
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");

    // Away: the page draws, and says that it was the page.
    await model.stop();
    await click(page, 30, 20);
    await expect(notice).toContainText("the page drew this without it");
    await expect(hint).toContainText("Without a model · ");
    await page.keyboard.press("Enter");
    await expect(rows).toHaveCount(2);

    // That it saw the picture is on record, once.
    const path = `/api/v1/items/${item.id}/events?limit=200`;
    const events = await (await people.owner.context.request.get(path)).json();
    const out = events.items.filter((event: { action: string }) => event.action === "asset.handed_out");
    expect(out.map((event: { reason: string }) => event.reason)).toEqual(["clicks"]);

    // Retired with a reason: the open workspace asks once more and is told; then it does not ask.
    await section.getByRole("button", { name: "Retire discs…" }).click();
    const dialog = officer.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("it is away too often");
    await dialog.getByRole("button", { name: "Retire it" }).click();
    await expect(section.getByText("1 model retired")).toBeVisible();
    await click(page, 30, 20);
    await expect(notice).toContainText("No model is registered");
    await expect(hint).toContainText("Without a model · ");
    await page.keyboard.press("Escape");
    await click(page, 31, 21);
    await expect(hint).toContainText("Without a model · ");
    await page.keyboard.press("Escape");
    await annotator.submits();
    for (const person of Object.values(people)) await person.leaves();
  } finally {
    await model.stop();
  }
});
