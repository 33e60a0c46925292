import { expect, test } from "@playwright/test";
import { drag, itemOf, Person } from "./people";

const PROJECT = "Blind double reading";

/** Everything that a person's session can fetch about a project and an item, as one text. */
async function crawl(person: Person, project: string, item: string): Promise<string> {
  const paths = [
    "/home",
    "/me/tasks",
    "/projects",
    `/projects/${project}`,
    `/projects/${project}/items`,
    `/projects/${project}/events`,
    `/projects/${project}/releases`,
    `/projects/${project}/holds`,
    `/items/${item}`,
    `/items/${item}/events`,
    `/items/${item}/exposures`,
    `/items/${item}/comparisons`,
  ];
  let all = "";
  for (const path of paths) {
    const answer = await person.context.request.get(`/api/v1${path}`);
    if (answer.ok()) all += await answer.text();
  }
  return all;
}

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
    await radiologist.starts(PROJECT, "reviewing");
  }).toPass();
  const { page } = radiologist;
  await expect(page.getByTestId("arbitration-count")).toHaveText("0 of 1 decided");
  await expect(page.getByTestId("workspace")).toHaveAttribute("data-mode", "adjudicate");
  expect(await page.content()).not.toContain("Demo annotator");
  await page.getByTestId("adjudicate-open").click();
  await expect(page.getByTestId("notice")).toContainText("waits for your decision");
  await page.getByTestId("show-1").click();
  await page.getByTestId("take-0-1").click();
  await expect(page.getByTestId("arbitration-count")).toHaveText("1 of 1 decided");
  await page.screenshot({ path: test.info().outputPath("arbitration.png") });
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
  for (const person of [first, second, radiologist, specialist, auditor]) await person.leaves();
});
