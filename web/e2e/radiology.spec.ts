import { expect, test } from "@playwright/test";
import { accepts, drag, itemOf, Person } from "./people";

const PROJECT = "CT phantom";

test("a study comes back with a reason, is corrected, reviewed and countersigned", async ({ browser }) => {
  const annotator = await Person.arrives(browser, "annotator2");
  await annotator.starts(PROJECT, "reading");
  const { page } = annotator;
  const item = await annotator.item();

  // Scroll, window and level, a box with the class of its digit.
  await page.getByTestId("stack").hover();
  const slice = page.getByTestId("slice");
  const before = await slice.inputValue();
  await page.mouse.wheel(0, 240);
  await expect(slice).not.toHaveValue(before);
  await page.keyboard.press("Shift+Digit2");
  await expect(page.getByTestId("presets")).toContainText("1500");
  await page.keyboard.press("Digit2");
  await page.getByTestId("tool-box").click();
  await drag(page, "stack", [0.45, 0.45], [0.52, 0.53]);
  await expect(page.getByTestId("object-row")).toHaveCount(1);
  await page.getByTestId("attribute-certainty").selectOption("probable");
  await expect(page.getByTestId("save-state")).toHaveText(/saved/i);
  await annotator.submits();

  const reviewer = await Person.arrives(browser, "reviewer");
  await reviewer.starts(PROJECT, "reviewing");
  await reviewer.page.getByTestId("review-reject").click();
  await reviewer.page.getByTestId("reason-wrong_outline").check();
  await reviewer.page.getByTestId("reject-comment").fill("The border runs outside the lesion.");
  await reviewer.page.getByTestId("reject-confirm").click();
  await expect(reviewer.page.getByTestId("reject-confirm")).toBeHidden();

  // It comes back to its author, with the words.
  await annotator.starts(PROJECT, "reading");
  expect((await annotator.item()).id).toBe(item.id);
  await expect(page.getByText("The border runs outside the lesion.").first()).toBeVisible();
  await expect(page.getByTestId("object-row")).toHaveCount(1);
  await page.getByTestId("object-row").click();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("save-state")).toHaveText(/saved/i);
  await annotator.submits();

  await reviewer.starts(PROJECT, "reviewing");
  // Under this protocol the model speaks when it is asked, in each round; that it was asked stays with the read.
  await reviewer.page.getByTestId("draft-ask").click();
  await expect(reviewer.page.getByTestId("draft-facts")).toContainText("threshold-components");
  await expect(reviewer.page.getByTestId("object-row")).toHaveCount(1);
  await accepts(reviewer);
  const specialist = await Person.arrives(browser, "specialist");
  await specialist.starts(PROJECT, "signing");
  await specialist.signs();

  const auditor = await Person.arrives(browser, "auditor");
  const done = await itemOf(auditor, item.id);
  expect(done.phase).toBe("accepted");
  const asked = done.reads.filter((read) => read.draft_shown_at).map((read) => read.kind);
  // The reader saw it when the study came back, after a read of their own; the reviewer asked for it.
  expect(asked).toEqual(["read", "review"]);
  const exposures = await auditor.context.request.get(`/api/v1/items/${item.id}/exposures?limit=500`);
  const seen = await exposures.json();
  const names = new Set(
    (seen.items ?? seen).map((exposure: { printed_name: string }) => exposure.printed_name),
  );
  expect(names).toEqual(new Set(["Demo annotator two", "Demo reviewer, radiologist", "Demo specialist"]));
  for (const person of [annotator, reviewer, specialist, auditor]) await person.leaves();
});
