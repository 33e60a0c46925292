/** No item waits for ever: an owner decides about what came back too often, and gives to anybody what waits for one person. */
import { expect, test } from "@playwright/test";
import { box, call, everybody, inPhase, type People, pictures } from "./pictures";

const PROJECT = "Sent back too often";
/** How often the protocol of pictures lets a read be sent back. */
const CAP = 3;

/** The read of an item is handed in and sent back. */
async function comesBack(people: People, project: string, item: string, number: number): Promise<void> {
  const claims = (who: "annotator" | "reviewer") =>
    call(people[who], "post", `/projects/${project}/tasks/claim`, { item });
  const read = await claims("annotator");
  await call(
    people.annotator,
    "post",
    `/tasks/${read.task.id}/submit`,
    { fence: read.task.fence, changes: read.read.annotations.length > 0 ? [] : [box(number, "object")] },
    { "if-match": `"${read.read.revision}"` },
  );
  const review = await claims("reviewer");
  await call(
    people.reviewer,
    "post",
    `/tasks/${review.task.id}/review`,
    { fence: review.task.fence, decision: "reject", reason: "wrong_outline" },
    { "if-match": `"${review.read.revision}"` },
  );
}

test("an owner frees what waits for one person, gives out again and withdraws what came back too often", async ({
  browser,
}, info) => {
  const people = await everybody(browser);
  const project = await pictures(people, PROJECT, 1);
  const { page } = people.owner;
  const list = await people.owner.context.request.get(`/api/v1/projects/${project}/items`);
  const item = (await list.json()).items[0].id as string;

  // Sent back once: it waits for its author until the owner gives it to anybody, by keyboard alone.
  await comesBack(people, project, item, 1);
  await page.goto(`/items/${item}`);
  await page.getByRole("button", { name: "Give it to anybody" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await page.keyboard.type("on leave");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Give it to anybody" })).toBeHidden();

  for (let times = 1; times <= CAP; times += 1) await comesBack(people, project, item, times + 1);
  expect(await inPhase(people, project, "escalated")).toBe(1);

  // The start page counts it and leads to it.
  await page.goto("/");
  await page
    .getByRole("article")
    .filter({ hasText: PROJECT })
    .getByRole("button", { name: "1 item waits for your decision" })
    .click();
  await expect(page).toHaveURL(/items\?phase=escalated$/);
  await page.getByRole("region", { name: "Items" }).getByRole("link").click();
  await expect(page.getByText("You decide what becomes of it.")).toBeVisible();
  await page.screenshot({ path: info.outputPath("undecided.png") });
  await page.getByRole("button", { name: "Give out again" }).click();
  await expect(dialog.getByRole("button", { name: "Give out again" })).toBeDisabled();
  await dialog.getByLabel("Reason").fill("the guideline is clearer now");
  await dialog.getByRole("button", { name: "Give out again" }).click();
  await expect(page.getByText("You decide what becomes of it.")).toBeHidden();
  await expect(page.getByText("Queued", { exact: true })).toBeVisible();

  // Whoever is no owner sees that one is waited for; what somebody else decided meanwhile is said.
  await comesBack(people, project, item, 6);
  await expect(page.getByText("You decide what becomes of it.")).toBeVisible();
  await people.quality.page.goto(`/items/${item}`);
  await expect(people.quality.page.getByText("An owner of the project who took no part in it")).toBeVisible();
  await expect(people.quality.page.getByRole("button", { name: "Withdraw" })).toBeHidden();
  await page.getByRole("button", { name: "Withdraw" }).click();
  await dialog.getByLabel("Reason").fill("not readable");
  await page.screenshot({ path: info.outputPath("withdraw.png") });
  await dialog.getByRole("button", { name: "Withdraw" }).click();
  await expect(page.getByText("Withdrawn by an owner.")).toBeVisible();
  // Whoever looks on sees it without loading the page again.
  await expect(people.quality.page.getByText("Withdrawn by an owner.")).toBeVisible();
  await page.screenshot({ path: info.outputPath("withdrawn.png") });
  expect(await inPhase(people, project, "withdrawn")).toBe(1);
  for (const person of Object.values(people)) await person.leaves();
});
