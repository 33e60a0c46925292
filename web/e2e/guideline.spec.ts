/** A guideline in pictures, a correction that sends accepted work back, a class that is split, a certificate that is missing. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { everybody, inPhase, type People, pictures, reads, reviews, signs } from "./pictures";

async function expectAccessible(page: Page): Promise<void> {
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
}

/** The owner writes or changes the draft, and publishes it. */
async function publishes(people: People, words: string, summary: string, correction: boolean): Promise<void> {
  const { owner } = people;
  const { page } = owner;
  await page.getByLabel("In words").first().fill(words);
  await page.getByTestId("save-draft").click();
  await expect(page.getByTestId("save-draft")).toHaveText("Draft saved");
  if (correction) {
    await page.getByRole("radio", { name: "Correction" }).check();
    await page.getByRole("group", { name: "Classes that it is about" }).getByLabel("Object").check();
    await page.getByLabel("Name of the round of rework").fill("bright squares");
    await expect(
      page.getByText("1 labels in 1 accepted items").or(page.getByText("1 label in 1")),
    ).toBeVisible();
  }
  await page.getByLabel("What changed and why").fill(summary);
  await owner.entersComponents("publish");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Draft" })).toBeHidden();
}

test("a guideline is read before work, corrected work comes back, a class is split", async ({
  browser,
}, info) => {
  test.slow();
  const people = await everybody(browser);
  const { owner, annotator, quality } = people;
  const name = "Pictures with a guideline";
  const project = await pictures(people, name, 2);
  const item = await reads(people, project, 1, true);
  await signs(people, project, await reviews(people, project, 1, true));
  await expect.poll(() => inPhase(people, project, "accepted")).toBe(1);

  // The first version, with a part of the picture that was read.
  const { page } = owner;
  await page.goto(`/projects/${project}/guideline`);
  await page.getByRole("button", { name: "Write the first guideline" }).click();
  await page.getByRole("button", { name: "Add a card" }).click();
  await page.getByRole("button", { name: "Picture from an item" }).first().click();
  await page.getByLabel("What to look at").fill("the bright square");
  await page.getByLabel("Item", { exact: true }).fill(item);
  await page.getByLabel("Part").fill("15, 5, 40, 40");
  await publishes(people, "Mark **bright squares**.", "What an object is", false);
  await expect(page.getByRole("img", { name: /This is one\. the bright square/ })).toBeVisible();
  await expectAccessible(page);
  await page.screenshot({ path: info.outputPath("guideline.png"), fullPage: true });

  // The annotator's next task asks for it; afterwards the cards lie beside the tool.
  await annotator.page.goto("/");
  await annotator.card(name, "reading").click();
  await annotator.page
    .getByRole("region", { name: "Annotator" })
    .getByRole("link", { name: "Read the guideline" })
    .click();
  await expect(annotator.page).toHaveURL(/\/guideline/);
  await annotator.page.getByTestId("acknowledge").click();
  await expect(annotator.page).toHaveURL(/\/$/);
  await annotator.starts(name, "reading");
  await annotator.page.getByRole("tab", { name: "Guideline" }).click();
  await expect(annotator.page.getByRole("img", { name: /the bright square/ })).toBeVisible();
  await annotator.page.screenshot({ path: info.outputPath("beside.png") });
  await annotator.submits();

  // A correction takes the accepted item back into work.
  await page.goto(`/projects/${project}/guideline`);
  await page.getByRole("button", { name: "Change the guideline" }).click();
  await publishes(people, "Mark bright squares **with their rim**.", "The rim was left out", true);
  await expect(page.getByTestId("campaign")).toContainText("bright squares");
  await expect(page.getByTestId("campaign")).toContainText("0 of 1 item");
  await expect.poll(() => inPhase(people, project, "accepted")).toBe(0);
  await page.screenshot({ path: info.outputPath("campaign.png"), fullPage: true });

  // A class is split after a dry run.
  await page.goto(`/projects/${project}/ontology`);
  await page.getByLabel("What", { exact: true }).selectOption("split");
  await page.getByLabel("Class", { exact: true }).selectOption("object");
  await page.getByLabel("New classes, with commas between").fill("Small object, Large object");
  await page.getByRole("button", { name: "Add to the change" }).click();
  await page.getByRole("button", { name: "Dry run" }).click();
  await expect(page.getByTestId("dry-run")).toContainText("people look at each label");
  await page.getByLabel("Reason").fill("Sizes are counted apart from now on.");
  await owner.entersComponents("ontology");
  await expectAccessible(page);
  await page.screenshot({ path: info.outputPath("split.png"), fullPage: true });
  await page.getByRole("button", { name: /Put version 2 into force/ }).click();
  await expect(page.getByText("Version 2 of the protocol is in force.")).toBeVisible();

  // A certificate is entered by somebody else, and seen by the person.
  await quality.page.goto(`/projects/${project}/qualifications`);
  await quality.page.getByRole("combobox", { name: "Person" }).click();
  await quality.page
    .getByRole("option", { name: /Demo annotator/ })
    .first()
    .click();
  await quality.page.getByLabel("Qualification", { exact: true }).fill("squares");
  await quality.page.getByLabel("Who vouches for it").fill("the course of this autumn");
  await quality.page.getByLabel("Last day").fill("2031-12-31");
  await quality.page.getByRole("button", { name: "Enter certificate" }).click();
  await expect(quality.page.getByRole("row", { name: /squares/ })).toBeVisible();
  await expectAccessible(quality.page);
  await quality.page.screenshot({ path: info.outputPath("certificates.png"), fullPage: true });
  for (const person of Object.values(people)) await person.leaves();
});
