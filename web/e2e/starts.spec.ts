/** The start page of each role: one button stands out, and it leads to where the work is. */
import { expect, test } from "@playwright/test";
import { Person } from "./people";

/** The demo account of each role. */
const ROLES = {
  owner: "owner",
  privacy_officer: "privacy",
  technician: "technician",
  annotator: "annotator2",
  reviewer: "reviewer",
  quality_engineer: "quality",
  specialist: "specialist",
  data_scientist: "scientist",
  auditor: "auditor",
} as const;
/** Roles whose page offers something whatever the other walks have used up. */
const ALWAYS: string[] = ["owner", "technician", "auditor"];
/** A button that takes a task: other walks count on it. */
const TAKES = /^(Start|Continue) |^\d+ disputes?$/;

for (const [role, login] of Object.entries(ROLES)) {
  test(`the start page of the ${role.replaceAll("_", " ")} has one button that stands out`, async ({
    browser,
  }) => {
    const person = await Person.arrives(browser, login);
    const { page } = person;
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Hello");
    const cards = page.locator("main article");
    await expect(cards.first()).toBeVisible();
    const filled = page.locator('main button[data-variant="filled"]');
    // Others work meanwhile: cards and buttons are counted in one look, again until they fit.
    const standing = () =>
      page.evaluate(() => {
        const all = [...document.querySelectorAll("main article")];
        const idle = all.filter((card) => card.textContent?.includes("Nothing waits"));
        const shown = document.querySelectorAll('main button[data-variant="filled"]').length;
        return { cards: all.length > 0, idle: idle.length === all.length, shown };
      });
    await expect
      .poll(async () => {
        const { cards: any, idle, shown } = await standing();
        return any && shown === (idle && !ALWAYS.includes(role) ? 0 : 1);
      })
      .toBe(true);
    await page.screenshot({ path: test.info().outputPath(`${role}.png`) });
    const words = (await filled.allTextContents())[0] ?? "";
    if (words && !TAKES.test(words)) {
      await page.getByRole("button", { name: words, exact: true }).first().click();
      await expect(page.getByRole("heading", { level: 1 })).not.toContainText("Hello");
      await expect(page.locator("main").getByRole("heading").first()).toBeVisible();
    }
    await person.leaves();
  });
}
