/** Every number about quality leads to the items that it counts. */
import { expect, type Page, test } from "@playwright/test";
import { json, serveFixtures } from "../fixtures/routes";

const list = (page: Page) => page.getByTestId("behind");

test.beforeEach(({ page }) => serveFixtures(page));

test("the checks and the errors of a stream open their items", async ({ page }) => {
  await page.goto("/projects/p-ct/quality");
  const monitoring = page.getByRole("region", { name: "Monitoring" });
  const asked = page.waitForRequest((request) => request.url().includes("/monitor/u-3/items"));
  await monitoring.getByRole("button", { name: "29 of 412" }).click();
  expect(new URL((await asked).url()).searchParams.get("stream")).toBe("review");
  await expect(list(page)).toContainText("29 wrong of 412 checks");
  await expect(list(page).getByTestId("behind-count")).toHaveText("12 entries");
  await expect(list(page).locator("tbody tr")).toHaveCount(10);
  await list(page).getByRole("button", { name: "Show more" }).click();
  await expect(list(page).locator("tbody tr")).toHaveCount(12);
  await expect(list(page).getByRole("link", { name: "study 1040" })).toHaveAttribute("href", "/items/i-1");
  // What is kept from whoever looks is counted.
  await list(page).getByText("All checks").click();
  await expect(list(page).getByTestId("behind-count")).toContainText(
    "17 entries; 2 of them not named to you",
  );
  await list(page).getByRole("button", { name: "Close the list" }).click();
  await expect(list(page)).toHaveCount(0);
  await monitoring.getByRole("button", { name: "412", exact: true }).click();
  await expect(list(page).getByTestId("behind-count")).toContainText("17 entries");
});

test("each number of agreement opens its items", async ({ page }) => {
  await page.goto("/projects/p-ct/quality");
  const agreement = page.getByRole("region", { name: "Agreement" });
  const asks = async (button: string | RegExp, expected: Record<string, string>) => {
    // What is open may be asked for again meanwhile, as others work.
    const asked = page.waitForRequest((request) => {
      const { pathname, searchParams } = new URL(request.url());
      const fits = Object.entries(expected).every(([key, value]) => searchParams.get(key) === value);
      return pathname.endsWith("/agreement/items") && fits;
    });
    await agreement.getByRole("button", { name: button }).first().click();
    await asked;
    await expect(list(page).getByTestId("behind-count")).toBeVisible();
  };
  await asks(/^97 of 118 items/, { figure: "agreed", part: "rest" });
  await asks("21 of 74 findings", { figure: "findings", part: "counted" });
  await asks("52 of 118", { figure: "class", class: "nodule", part: "counted" });
  await asks("87.1 %", { figure: "class", class: "nodule", part: "split" });
  await asks("53 pairs found by both", { figure: "marks", part: "counted" });
  await asks("23 by one alone or under two names", { figure: "marks", part: "rest" });
  await asks(/^118$/, { figure: "pair", first: "u-1", second: "u-2", part: "rest" });
  await asks(/ and nothing: /, { figure: "cell", part: "counted" });
  await expect(agreement.getByRole("row", { name: /^BEV IoU .* 31 pairs of marks/ })).toContainText("0.84");
  await expect(agreement.getByRole("row", { name: /^F1 of tracks 18 tracks/ })).toContainText("0.9");
});

test("each number of the scorecard opens its items", async ({ page }) => {
  await page.goto("/projects/p-ct/vendors");
  for (const [number, figure] of [
    [/^18 of 900/, "critical"],
    [/^401 of 430/, "first_pass"],
    [/^61 of 4/, "missed"],
    [/^2 of 7/, "overturned"],
  ] as const) {
    const asked = page.waitForRequest((request) => request.url().includes(`/o-x/items?figure=${figure}`));
    await page.getByRole("button", { name: number }).first().click();
    await asked;
    await expect(list(page).getByTestId("behind-count")).toHaveText("12 entries");
  }
  await expect(list(page)).toContainText("Vendor X: disputes overturned");
  // Where people are counted, people are listed.
  await page.getByRole("button", { name: "1 of 2 people" }).first().click();
  const readers = page.getByTestId("readers");
  await expect(readers.getByRole("row", { name: /^R\. Reader 2026-11-/ })).toContainText("7.5 h");
  await expect(readers.getByRole("row", { name: /^S\. Second not yet/ })).toBeVisible();
  await readers.getByRole("button", { name: "Close the list" }).click();
  await expect(readers).toHaveCount(0);
});

test("the checks of an alarm, and what reviewers corrected, open their items", async ({ page }) => {
  await page.goto("/projects/p-ct/quality");
  const monitoring = page.getByRole("region", { name: "Monitoring" });
  const asked = page.waitForRequest((request) => request.url().includes("/monitor/u-3/items"));
  await monitoring.getByRole("button", { name: "8 of 21 checks" }).click();
  const { searchParams } = new URL((await asked).url());
  expect([searchParams.get("stream"), searchParams.get("part")]).toEqual(["review", "all"]);
  await expect(list(page)).toContainText("the alarm counts the last 21 before it was raised");
  await monitoring.getByRole("button", { name: "17", exact: true }).click();
  const corrected = page.getByTestId("correction-items");
  await expect(corrected).toContainText("nothing to Nodule: 1 of the items of 17 reads");
  await expect(corrected.getByRole("link", { name: "item 1" })).toHaveAttribute("href", "/items/i-1");
});

test("a difference of two vendors names both denominators, and opens the items of each", async ({ page }) => {
  await page.goto("/projects/p-ct/vendors");
  const pair = page.getByTestId("pair").first();
  await expect(pair).toContainText("over all items of each that could be compared");
  const asked = page.waitForRequest((request) => request.url().includes("/o-x/items?figure=critical"));
  await pair.getByRole("button", { name: "18 of 900" }).click();
  await asked;
  await expect(list(page).getByTestId("behind-count")).toHaveText("12 entries");
});

test("a figure of a person in a study opens its parts, worked out of the record", async ({ page }) => {
  await serveFixtures(page, {
    "GET /appraisals/s-2/record": (route) =>
      json(route, {
        parts: ["i-1", "i-2"].map((item, at) =>
          JSON.stringify({ item, content_hash: "00", bad: at === 0, borderline: at === 0 }),
        ),
        answers: [false, true, true].map((bad, at) => ({
          person: "u-1",
          item: "i-1",
          trial: at + 1,
          number: at,
          bad,
          at: "2026-11-28T08:00:00Z",
        })),
      }),
  });
  await page.goto("/projects/p-ct/quality/studies/s-2");
  const report = page.getByRole("region", { name: "What came of it" });
  await report
    .getByRole("table", { name: "Each person" })
    .getByRole("button", { name: /2 of 48/ })
    .click();
  const parts = page.getByTestId("study-behind");
  await expect(parts.locator("tbody tr")).toHaveText(["part 1bad, borderlinegood, bad, bad"]);
  await expect(parts.getByRole("link", { name: "part 1" })).toHaveAttribute("href", "/items/i-1");
  await report.getByRole("button", { name: /7 of 102/ }).click();
  await expect(parts).toContainText("0 parts");
});
