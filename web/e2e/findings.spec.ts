/** A finding stands in the way until it is resolved; a rejection is appealed and overturned by a third person. */
import { expect, test } from "@playwright/test";
import { call, everybody, inPhase, pictures, reads } from "./pictures";

const PROJECT = "Findings and appeals";

test("pinned, answered, resolved, accepted; rejected, appealed, overturned; and the report says so", async ({
  browser,
}, info) => {
  test.slow();
  const people = await everybody(browser);
  const { annotator, reviewer, quality } = people;
  const project = await pictures(people, PROJECT, 2);
  const item = await reads(people, project, 0, true);

  // The reviewer works by keyboard alone: pins a finding, says what it is, and cannot accept over it.
  await reviewer.starts(PROJECT, "reviewing");
  const { page } = reviewer;
  await expect(page.getByTestId("stage")).toBeFocused();
  await page.keyboard.press("KeyY");
  await expect(page.getByTestId("finding-words")).toBeFocused();
  await page.keyboard.type("Is this the edge?");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("pin-1")).toBeVisible();
  await expect(page.getByTestId("blocked")).toContainText("One finding blocks");
  await page.getByTestId("stage").focus();
  await page.keyboard.press("Period");
  await expect(page.getByTestId("thread-1")).toContainText("Is this the edge?");
  await page.screenshot({ path: info.outputPath("pinned.png") });
  await page.getByRole("tab", { name: /^Objects/ }).click();
  const task = page.url();
  await page.getByTestId("all-right").check();
  await page.getByTestId("missing-nothing").check();
  await page.getByTestId("review-accept").click();
  await expect(page.getByText("There are open findings on this item")).toBeVisible();
  expect(page.url()).toBe(task);

  // Whoever drew it is asked at once, answers, and has no button to resolve it.
  await annotator.page.goto("/");
  await annotator.waiting(PROJECT, "1 finding").click();
  await expect(annotator.page).toHaveURL(/\/findings$/);
  // Other walks ask the same person, too.
  const asked = annotator.page
    .locator("section")
    .filter({ has: annotator.page.locator(`a[href="/items/${item}"]`) });
  await expect(asked.getByText("Is this the edge?")).toBeVisible();
  await expect(asked.getByRole("button", { name: "Resolve" })).toBeHidden();
  await asked.getByLabel("Your answer").fill("Yes, two pixels are allowed.");
  await asked.getByRole("button", { name: "Answer" }).click();
  await expect(asked).toBeHidden();

  await page.getByRole("tab", { name: /^Findings/ }).click();
  await page.getByTestId("pin-1").click();
  await expect(page.getByText("Yes, two pixels are allowed.")).toBeVisible();
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(page.getByTestId("blocked")).toBeHidden();
  await page.getByRole("tab", { name: /^Objects/ }).click();
  await page.getByTestId("review-accept").click();
  await expect(page).not.toHaveURL(task, { timeout: 20_000 });
  const seen = await annotator.context.request.get(`/api/v1/items/${item}/findings`);
  expect((await seen.json())[0].state).toBe("resolved");

  // Another read is sent back: its author speaks against that, and a third person decides.
  await reads(people, project, 1, true);
  const work = await call(reviewer, "post", `/projects/${project}/tasks/claim`, {});
  await call(
    reviewer,
    "post",
    `/tasks/${work.task.id}/review`,
    {
      fence: work.task.fence,
      decision: "reject",
      reason: "wrong_outline",
      comment: "Too wide.",
      marks: [{ annotation: work.subject.annotations[0].id, verdict: "wrong" }],
    },
    { "if-match": `"${work.read.revision}"` },
  );
  await annotator.page.goto("/returned");
  await expect(annotator.page.getByText("Too wide.")).toBeVisible();
  await expect(annotator.page.getByTestId("scores")).toContainText(PROJECT);
  // Other walks send work of the same person back, too.
  const returned = annotator.page.locator("section").filter({ hasText: PROJECT });
  await returned.getByRole("button", { name: "Appeal…" }).click();
  await annotator.page.getByLabel("Why your read was right").fill("The guideline allows two pixels.");
  await annotator.page.getByRole("button", { name: "Send the appeal" }).click();
  await expect(annotator.page.getByText("A third person decides", { exact: true })).toBeVisible();

  await quality.page.goto("/");
  await quality.waiting(PROJECT, "1 appeal").click();
  await expect(quality.page.getByText("The guideline allows two pixels.")).toBeVisible();
  await expect(quality.page.getByText("1 wrong")).toBeVisible();
  await quality.page.screenshot({ path: info.outputPath("appeal.png"), fullPage: true });
  const tier = async () => {
    const report = await quality.context.request.get(`/api/v1/projects/${project}/tiers`);
    const { stages } = await report.json();
    return stages.find((stage: { kind: string }) => stage.kind === "review").judged;
  };
  expect(await tier()).toMatchObject({ reviewed: 2, found: 1 });
  await quality.page.getByRole("button", { name: "The read was right…" }).click();
  await quality.page.getByRole("dialog").getByLabel("Reason").fill("It does.");
  await quality.page.getByRole("button", { name: "Overturn the review" }).click();
  await expect(quality.page.getByText("Overturned")).toBeVisible();
  // Their own page says so by itself, and the score is what it was.
  await expect(annotator.page.getByText("Overturned: it does not count")).toBeVisible();
  const mine = await (await annotator.context.request.get("/api/v1/me/returned")).json();
  const score = mine.scores.find((one: { project: string }) => one.project === project);
  expect(score).toMatchObject({ checked: 2, wrong: 0 });

  await quality.page.goto(`/projects/${project}/tiers`);
  await expect(quality.page.getByTestId("tier-review")).toContainText("0: 0.0 %");
  await expect(quality.page.getByTestId("cost")).toContainText("needs a price first");
  await quality.page.screenshot({ path: info.outputPath("tiers.png"), fullPage: true });
  expect(await tier()).toMatchObject({ reviewed: 2, found: 0 });
  expect(await inPhase(people, project, "queued")).toBe(2);
  for (const person of Object.values(people)) await person.leaves();
});
