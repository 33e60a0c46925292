import { expect, test } from "@playwright/test";
import { drag, itemOf, Person } from "./people";

const PROJECT = "Board inspection";

test("a part is read, reviewed by another person and countersigned by a third", async ({ browser }) => {
  const annotator = await Person.arrives(browser, "annotator");
  await annotator.starts(PROJECT, "reading");
  const { page } = annotator;
  const item = await annotator.item();

  // The model's marks say that they are the model's.
  const before = await page.getByTestId("object-row").count();
  await page.getByTestId("stage").first().hover();
  await page.getByTestId("view-template").click();
  await page.getByTestId("view-test").click();

  // A class by its digit, a box by drag, undo and redo, saved by itself.
  await page.keyboard.press("Digit2");
  await page.getByTestId("tool-box").click();
  await drag(page, "stage", [0.3, 0.4], [0.4, 0.5]);
  await expect(page.getByTestId("object-row")).toHaveCount(before + 1);
  await page.keyboard.press("Control+z");
  await expect(page.getByTestId("object-row")).toHaveCount(before);
  await page.keyboard.press("Control+Shift+z");
  await expect(page.getByTestId("object-row")).toHaveCount(before + 1);
  await expect(page.getByTestId("save-state")).toHaveText(/saved/i);
  await annotator.submits();

  const quality = await Person.arrives(browser, "quality");
  const found = await claimItem(quality, item.id);
  expect(found).toBe(true);
  await quality.page.getByTestId("review-accept").click();
  await expect(quality.page.getByText("Please answer this before you finish.")).toBeVisible();
  // A correction of what somebody else handed in says why.
  await quality.page.getByTestId("tool-box").click();
  await drag(quality.page, "stage", [0.5, 0.2], [0.6, 0.3]);
  await expect(quality.page.getByTestId("object-row")).toHaveCount(before + 2);
  await quality.page.getByTestId("all-right").check();
  await quality.page.getByTestId("missing-added").check();
  const review = quality.page.url();
  await quality.page.getByTestId("review-accept").click();
  await expect(quality.page.getByTestId("fix-confirm")).toBeDisabled();
  await quality.page.getByTestId("fix-reason-missed_finding").check();
  await quality.page.getByTestId("fix-confirm").click();
  await expect(quality.page).not.toHaveURL(review, { timeout: 20_000 });

  const specialist = await Person.arrives(browser, "specialist");
  expect(await claimItem(specialist, item.id)).toBe(true);
  await specialist.signs();

  const auditor = await Person.arrives(browser, "auditor");
  const done = await itemOf(auditor, item.id);
  expect(done.phase).toBe("accepted");
  expect(done.signatures.length).toBeGreaterThan(0);
  for (const signature of done.signatures) expect(signature.valid).toBe(true);
  await auditor.page.goto(`/items/${item.id}`);
  await expect(auditor.page.getByText("Demo specialist").first()).toBeVisible();
  for (const person of [annotator, quality, specialist, auditor]) await person.leaves();
});

test("an owner may do everything but review what they drew themselves", async ({ browser }) => {
  const owner = await Person.arrives(browser, "owner");
  const projects = await (await owner.context.request.get("/api/v1/projects")).json();
  const project = (projects.items ?? projects).find((p: { name: string }) => p.name === PROJECT);
  const me = await (await owner.context.request.get("/api/v1/session")).json();
  const headers = { "x-countersign": "1" };
  for (const role of ["annotator", "quality_engineer", "specialist"]) {
    const granted = await owner.context.request.post(`/api/v1/projects/${project.id}/grants`, {
      headers,
      data: { user: me.user.id, role },
    });
    expect(granted.ok()).toBe(true);
  }
  await owner.starts(PROJECT, "reading");
  const item = await owner.item();
  await owner.submits();
  await expect
    .poll(async () => {
      const refused = await owner.context.request.post(`/api/v1/projects/${project.id}/tasks/claim`, {
        headers,
        data: { item: item.id },
      });
      return (await refused.json()).code;
    })
    .toBe("separation_of_duties");
  await owner.leaves();
});

/** Takes the task of one item, in the person's own session, and opens it in their browser. */
async function claimItem(person: Person, item: string): Promise<boolean> {
  const detail = await (await person.context.request.get(`/api/v1/items/${item}`)).json();
  const claimed = await person.context.request.post(`/api/v1/projects/${detail.project}/tasks/claim`, {
    headers: { "x-countersign": "1" },
    data: { item },
  });
  if (!claimed.ok()) return false;
  await person.page.goto(`/work/${(await claimed.json()).task.id}`);
  await expect(person.page.getByTestId("objects")).toBeVisible();
  return true;
}
