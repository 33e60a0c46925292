import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { crawl, drag, itemOf, Person } from "./people";

const PROJECT = "Blind double reading";

test("two people read blind, a radiologist decides, a specialist countersigns", async ({ browser }) => {
  const first = await Person.arrives(browser, "annotator");
  await first.starts(PROJECT, "reading");
  const item = await first.item();
  const account = (await (await first.context.request.get("/api/v1/session")).json()).user.id as string;
  const mark = async (person: Person, to: [number, number], sure: string) => {
    await person.page.getByTestId("tool-box").click();
    await drag(person.page, "stack", [0.45, 0.45], to);
    await expect(person.page.getByTestId("object-row")).toHaveCount(1);
    await person.page.getByTestId("attribute-certainty").selectOption(sure);
    await expect(person.page.getByTestId("save-state")).toHaveText(/saved/i);
  };
  await mark(first, [0.52, 0.53], "definite");

  // The second reader begins while the first is at work: nothing that they can fetch tells of it.
  const second = await Person.arrives(browser, "annotator2");
  await second.starts(PROJECT, "reading");
  expect((await second.item()).id).toBe(item.id);
  await expect(second.page.getByTestId("object-row")).toHaveCount(0);
  const task = (await (
    await second.context.request.get(`/api/v1/tasks/${second.page.url().split("/work/")[1]}`)
  ).json()) as {
    item: { project: string };
  };
  const before = await crawl(second, task.item.project, item.id);
  expect(before).not.toContain(account);
  expect(before).not.toContain("threshold-components");
  await first.submits();
  expect(await crawl(second, task.item.project, item.id)).toBe(before);

  await mark(second, [0.49, 0.49], "possible");
  await second.submits();

  const radiologist = await Person.arrives(browser, "reviewer");
  await expect(async () => {
    await radiologist.starts(PROJECT, "deciding");
  }).toPass();
  const { page } = radiologist;
  await expect(page.getByTestId("arbitration-count")).toHaveText("0 of 1 decided");
  await expect(page.getByTestId("workspace")).toHaveAttribute("data-mode", "adjudicate");
  expect(await page.content()).not.toContain("Demo annotator");
  await page.getByTestId("adjudicate-open").click();
  await expect(page.getByTestId("notice")).toContainText("waits for your decision");
  await page.getByTestId("show-1").click();
  await page.getByTestId("beside-open").click();
  await expect(page.getByTestId("beside-place")).toContainText("Finding 1 of 1");
  await expect(page.getByTestId("compare-pictures").getByRole("img")).toHaveCount(2);
  await page.getByTestId("beside-left").click();
  await expect(page.getByTestId("arbitration-count")).toHaveText("1 of 1 decided");
  // Or both as one, by the protocol's rule.
  await page.keyboard.press("3");
  await expect(page.getByTestId("beside-merge")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByTestId("arbitration-count")).toHaveText("1 of 1 decided");
  await page.screenshot({ path: test.info().outputPath("arbitration.png") });
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.getByTestId("adjudicate-open").click();
  await page.getByTestId("ruling-boundary").check();
  await page.getByTestId("ruling-comment").fill("The smaller box leaves the margin out.");
  await page.getByTestId("ruling-confirm").click();
  await expect(page).not.toHaveURL(/\/work\//);

  const specialist = await Person.arrives(browser, "specialist");
  await specialist.starts(PROJECT, "signing");
  await specialist.signs();

  const auditor = await Person.arrives(browser, "auditor");
  const done = await itemOf(auditor, item.id);
  expect(done.phase).toBe("accepted");
  const kinds = done.reads.map((read) => read.author.kind).sort();
  expect(kinds).toEqual(["human", "human", "human", "model", "rule"]);
  const compared = await (await auditor.context.request.get(`/api/v1/items/${item.id}/comparisons`)).json();
  expect(compared[0].adjudications[0].reason).toBe("boundary");

  // It leaves by two people, neither of whom drew in it: each in a browser of their own.
  const scientist = await Person.arrives(browser, "scientist");
  await scientist.page.goto(`/projects/${task.item.project}/releases`);
  await scientist.page.getByRole("button", { name: "New release" }).click();
  await scientist.page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("read twice");
  await scientist.entersComponents("begin");
  await scientist.page.getByRole("button", { name: "Begin the release" }).click();
  await expect(scientist.page).toHaveURL(/\/releases\//);
  await expect(scientist.page.getByText("You began it: somebody else has to countersign.")).toBeVisible();
  const release = scientist.page.url().split("/releases/")[1];
  const alone = await scientist.context.request.post(`/api/v1/releases/${release}/countersign`, {
    data: { password: "countersign-demo" },
    headers: { "x-countersign": "1" },
  });
  expect((await alone.json()).code).toBe("separation_of_duties");

  const owner = await Person.arrives(browser, "owner");
  await owner.page.goto(`/releases/${release}`);
  await owner.entersComponents("release");
  await owner.page.screenshot({ path: test.info().outputPath("countersign.png") });
  await owner.page.getByTestId("release-countersign").click();
  const signed = owner.page.getByRole("table").filter({ hasText: "Meaning" });
  await expect(signed.getByRole("row").filter({ hasText: "approved" })).toBeVisible();
  await expect(signed.getByRole("row").filter({ hasText: "released" })).toBeVisible();
  await owner.page.screenshot({ path: test.info().outputPath("released.png") });
  const answer = await scientist.context.request.get(`/api/v1/releases/${release}/download`);
  expect(answer.ok()).toBe(true);
  const file = test.info().outputPath("twice.zip");
  writeFileSync(file, await answer.body());
  execFileSync(process.env.COUNTERSIGN_BIN as string, ["verify", file]);

  // What both readers missed is estimated from what each of them saw; and what was decided says something of each of them.
  await owner.page.goto(`/projects/${task.item.project}/tiers`);
  const unseen = owner.page.getByText(/^Two readers looked at \d+ items? without knowing of each other/);
  await expect(unseen).toContainText(/By that an estimated [\d.]+ more were seen by neither/);
  await expect(owner.page.locator("[data-testid^='reader-']")).toHaveCount(2);
  await owner.page.screenshot({ path: test.info().outputPath("tiers.png"), fullPage: true });
  for (const person of [first, second, radiologist, specialist, auditor, scientist, owner])
    await person.leaves();
});
