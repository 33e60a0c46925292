/** What readers' answers say that is true: the least certain first, ties as ties, and nothing where nothing was read twice. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { consensus } from "../fixtures/consensus";
import { json, problem, serveFixtures } from "../fixtures/routes";

const QUALITY = "/projects/p-ct/quality";
const ROUTE = "**/api/v1/projects/p-ct/consensus*";

test("the least certain items are listed with what most said and who differs", async ({ page }) => {
  await serveFixtures(page);
  const asked: string[] = [];
  await page.route(ROUTE, (route) => {
    const url = new URL(route.request().url());
    asked.push(url.searchParams.get("about") ?? "");
    const after = Number(url.searchParams.get("after"));
    // One item to a page.
    const least_certain = consensus.least_certain.slice(after, after + 1);
    return json(route, { ...consensus, least_certain, next: after === 0 ? 1 : null });
  });
  await page.goto(QUALITY);
  const part = page.getByRole("region", { name: "Consensus" });
  const rows = part.getByTestId("consensus-items").locator("tbody tr");
  await expect(rows).toHaveCount(1);
  await expect(rows.nth(0)).toContainText("53.7 %");
  await expect(rows.nth(0)).toContainText("tie, 1 of 2 each: nothing – Effusion");
  await expect(rows.nth(0)).toContainText("Test radiologist: nothing");
  await part.getByRole("button", { name: "Show more items" }).click();
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toContainText("Effusion: 2 of 3");
  await expect(rows.nth(1).getByRole("link", { name: "study 1044" })).toHaveAttribute("href", "/items/i-2");
  const readers = part.getByTestId("consensus-readers").locator("tbody tr");
  await expect(readers.nth(0)).toContainText("95.1 %, of 118 answers in 118 items");
  await expect(part.getByText("2 items that a reader could not assess")).toBeVisible();
  await part.getByText("Marks (74)").click();
  await expect.poll(() => asked.at(-1)).toBe("marks");
  const axe = await new AxeBuilder({ page })
    .include("[aria-label=Consensus]")
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
});

test("where nothing was read twice, and where the answer fails, the page says so", async ({ page }) => {
  await serveFixtures(page);
  const nothing = { ...consensus, about: null, tags: 0, marks: 0, items: 0, answers: 0 };
  let fails = true;
  await page.route(ROUTE, (route) =>
    fails
      ? problem(route, 500, "internal", "Something went wrong.")
      : json(route, { ...nothing, readers: [], least_certain: [] }),
  );
  await page.goto(QUALITY);
  const part = page.getByRole("region", { name: "Consensus" });
  await expect(part.getByRole("alert")).toBeVisible();
  await expect(part.getByRole("button", { name: "Try again" })).toBeVisible();
  // Live events may ask again by themselves: whoever comes back is answered.
  fails = false;
  await page.reload();
  await expect(part.getByText("was read by two people independently (yet)")).toBeVisible();
  await expect(part.getByTestId("consensus-items")).toHaveCount(0);
});
