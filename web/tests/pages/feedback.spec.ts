/** What somebody is told of their own work: the pattern, one error worked out, and what the guideline says of it. */
import { expect, type Page, test } from "@playwright/test";
import type { Alarm } from "../../src/api/quality";
import { monitor } from "../fixtures/quality";
import { json, serveFixtures } from "../fixtures/routes";

async function told(page: Page, alarm: Partial<Alarm>): Promise<void> {
  const [first] = monitor.alarms;
  await serveFixtures(page, {
    "GET /me/feedback": (route) => json(route, [{ ...first, state: "open", example: null, ...alarm }]),
  });
  await page.goto("/");
}

test("other readers: what they saw, where it was settled, and the guideline", async ({ page }) => {
  await told(page, {
    stream: "peers",
    patterns: [{ right: null, said: "nodule", times: 3, errors: 4 }],
    worked: {
      right: null,
      said: "nodule",
      others: [{ class: null, readers: 2 }],
      item: "i-1",
      item_name: "study 1043",
    },
  });
  const worked = page.getByTestId("worked");
  await expect(worked).toContainText("You saw “nodule”. Of the other readers 2 saw nothing there");
  await expect(worked.getByRole("link", { name: "study 1043" })).toHaveAttribute("href", "/items/i-1");
  // Pictures are looked at on demand: each look is on record.
  await expect(page.getByTestId("card-nodule")).toHaveCount(0);
  await worked.getByText("What the guideline says of “nodule”").click();
  await expect(page.getByTestId("card-nodule")).toBeVisible();
});

test("hidden gold: the confused pair and the guideline, and no word of what was gold", async ({ page }) => {
  await told(page, {
    stream: "gold",
    patterns: [{ right: "nodule", said: "mass", times: 3, errors: 3 }],
    worked: { right: "nodule", said: "mass", others: [], item: null, item_name: null },
  });
  const worked = page.getByTestId("worked");
  await expect(worked.getByText("What the guideline says of “nodule” and “mass”")).toBeVisible();
  await expect(worked.getByRole("link")).toHaveCount(0);
  await expect(page.getByRole("main")).not.toContainText(/gold/i);
});
