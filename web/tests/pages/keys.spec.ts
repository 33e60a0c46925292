/** One's own keys: chosen, checked for conflicts, kept with the account, and obeyed by the drawing surface. */
import { expect, test } from "@playwright/test";
import { openPicture } from "../fixtures/picture";
import { json, serveFixtures } from "../fixtures/routes";

test("a key is changed, the conflict is said, and the account keeps it", async ({ page }) => {
  const kept: unknown[] = [];
  await serveFixtures(page, {
    // Asked for again whenever the page catches up with the server: it answers what was kept.
    "GET /me/keys": (route) => json(route, kept.at(-1) ?? {}),
    "PUT /me/keys": (route) => {
      kept.push(route.request().postDataJSON());
      return route.fulfill({ status: 204 });
    },
  });
  await page.goto("/account");
  await page.getByTestId("keys-find").fill("turned box");
  await page.getByRole("button", { name: "Change the key of Turned box" }).click();
  await page.getByTestId("keys-capture").press("b");
  await expect(page.getByTestId("keys-conflict")).toContainText("Brush");
  await page.getByTestId("keys-take").click();
  await expect
    .poll(() => kept.at(-1))
    .toEqual({
      map: "cvat",
      changes: { "tool.rotated_box": ["KeyB"], "tool.brush": [] },
    });
  await expect(page.getByTestId("keys-tool.rotated_box")).toContainText("B");
  // In a text field no key of the drawing surface means anything.
  await page.getByTestId("keys-find").fill("b");
  await expect(page.getByTestId("keys-find")).toHaveValue("b");
});

test("the drawing surface obeys the keys of the account", async ({ page }) => {
  await openPicture(page);
  await page.route("**/api/v1/me/keys", (route) =>
    json(route, { map: "label_studio", changes: { "tool.ellipse": ["KeyZ"] } }),
  );
  const keys = page.waitForResponse("**/me/keys");
  await page.reload();
  await keys;
  await page.getByTestId("stage").waitFor();
  await page.getByText("Loading the image…").waitFor({ state: "hidden" });
  await page.keyboard.press("z");
  await expect(page.getByTestId("tool-ellipse")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("v");
  await expect(page.getByTestId("tool-select")).toHaveAttribute("aria-pressed", "true");
});
