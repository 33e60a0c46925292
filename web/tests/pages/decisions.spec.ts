/** What waits for a decision: nothing is left out, and a part that could not be loaded is said so beside the rest. */
import { expect, test } from "@playwright/test";
import { studies } from "../fixtures/appraisals";
import { json, problem, serveFixtures } from "../fixtures/routes";
import { appeals } from "../fixtures/worth";

test("unsigned studies and appeals are listed and lead to their places", async ({ page }) => {
  await serveFixtures(page, {
    "GET /projects/p-ct/appraisals": (route) =>
      json(route, { items: studies.map((study) => ({ ...study, state: "ended" })), next: null }),
    "GET /projects/p-ct/appeals": (route) =>
      json(
        route,
        appeals.map((appeal) => ({ ...appeal, state: "open", may_decide: true })),
      ),
  });
  await page.goto("/projects/p-ct/quality");
  const list = page.getByTestId("decisions");
  await expect(list.getByRole("link", { name: /of people's eyes to be signed/ })).toHaveAttribute(
    "href",
    "#studies",
  );
  await expect(list.getByRole("link", { name: /to be accepted or returned/ })).toHaveAttribute(
    "href",
    "#batches",
  );
  await list.getByRole("link", { name: /against (a review|reviews)/ }).click();
  await expect(page).toHaveURL(/\/projects\/p-ct\/appeals$/);
});

test("what could not be loaded is said beside what is known, and asked for again", async ({ page }) => {
  let isDown = true;
  const { monitor } = await import("../fixtures/quality");
  await serveFixtures(page, {
    // No connection for events comes about: each new one would ask for everything again by itself.
    "GET /events": () => {},
    "GET /projects/p-ct/monitor": (route) =>
      isDown ? problem(route, 500, "internal", "no") : json(route, monitor),
  });
  await page.goto("/projects/p-ct/quality");
  const list = page.getByTestId("decisions");
  await expect(list.getByText("1 ticket about the guideline")).toBeVisible();
  await expect(list.getByText("Alarms could not be loaded and are not in this list.")).toBeVisible();
  await expect(list.getByText("Nothing waits for a decision.")).toHaveCount(0);
  isDown = false;
  await list.getByRole("button", { name: "Try again: Alarms" }).click();
  await expect(list.getByText("1 alarm, 1 of them appealed against")).toBeVisible();
  await expect(list.getByText("could not be loaded")).toHaveCount(0);
});
