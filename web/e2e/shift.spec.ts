/** A shift of 500 parts, of 40 of which what the model had found was taken away: the search puts these before the others. */
import { expect, test } from "@playwright/test";
import { bringsParts } from "./boards";
import type { Person } from "./people";
import { call, claim, counted, everybody, opens, type People, putsProtocol } from "./pictures";

/** A whole shift: so many parts, and of these the ones whose reader takes away what the draft found. */
const SHIFT = 500;
const TAKEN_AWAY = new Set(Array.from({ length: 40 }, (_, nth) => 5 + 12 * nth));
/** The story asks for 30 of the 40 among the first 100; the page shows the first 50. */
const [SHOWN, AMONG_THEM] = [50, 30];

/** The next task of a project, or nothing where nothing waits yet. */
async function next(person: Person, project: string) {
  const answer = await person.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
    data: {},
    headers: { "x-countersign": "1" },
  });
  return answer.ok() ? await answer.json() : null;
}

/** Reads a whole shift; the names of the parts of which what the draft found was taken away. */
async function readsShift(people: People, project: string): Promise<Set<string>> {
  const forgotten = new Set<string>();
  for (let number = 0; number < SHIFT; number += 1) {
    const read = await claim(people.annotator, project);
    const drafted: { id: string }[] = read.read.annotations;
    expect(drafted.length, "the model drafts the island").toBeGreaterThan(0);
    const forget = TAKEN_AWAY.has(number);
    if (forget) forgotten.add(read.item.name);
    await call(
      people.annotator,
      "post",
      `/tasks/${read.task.id}/submit`,
      { fence: read.task.fence, changes: forget ? drafted.map(({ id }) => ({ op: "remove", id })) : [] },
      { "if-match": `"${read.read.revision}"` },
    );
  }
  return forgotten;
}

/** Passes on whatever was read, while it is being read. */
async function passesShift(people: People, project: string): Promise<void> {
  for (let number = 0; number < SHIFT; ) {
    const review = await next(people.quality, project);
    if (!review) {
      await people.quality.page.waitForTimeout(50);
      continue;
    }
    await call(
      people.quality,
      "post",
      `/tasks/${review.task.id}/review`,
      { fence: review.task.fence, decision: "accept", missing: "nothing", all_right: true, changes: [] },
      { "if-match": `"${review.read?.revision ?? 0}"` },
    );
    number += 1;
  }
}

// Thousands of requests: a trace of them would take longer than they do.
test.use({ trace: "off" });

test("of 500 parts, the 40 whose defect was taken away stand before the others", async ({
  browser,
}, info) => {
  test.setTimeout(900_000);
  const people = await everybody(browser);
  const project = await opens(people, "Forgotten in a shift", true, "inspection");
  const answer = await people.owner.context.request.get(`/api/v1/projects/${project}/protocol`);
  const { version, document } = await answer.json();
  // The review is the last word: who signs 500 parts one after the other shows nothing here.
  const [head, rest] = document.split("  - id: sign\n") as [string, string];
  const unsigned = `${head}${rest.slice(rest.indexOf("guideline:"))}`;
  const draft = { version, document: unsigned.replace(`version: ${version}`, `version: ${version + 1}`) };
  const put = await putsProtocol(people, project, draft, "Nobody signs.");
  expect(put.status(), await put.text()).toBe(201);
  await bringsParts(people, project, SHIFT);
  await expect
    .poll(() => counted(people, project, "queued"), { timeout: 300_000, intervals: [1_000] })
    .toBe(SHIFT);

  const [forgotten] = await Promise.all([readsShift(people, project), passesShift(people, project)]);
  expect(await counted(people, project, "accepted")).toBe(SHIFT);
  const { page } = people.owner;
  await page.goto(`/projects/${project}/quality`);
  const found = page.getByTestId("label-errors");
  await found.getByRole("button", { name: "Search accepted labels" }).click();
  await expect(found.getByText(`${SHIFT} accepted items looked at`)).toBeVisible({ timeout: 120_000 });
  const rows = found.locator("tbody tr");
  await expect(rows.first()).toBeVisible();
  const names = (await rows.locator("td:nth-child(3)").allTextContents()).slice(0, SHOWN);
  expect(new Set(names.filter((name) => forgotten.has(name))).size).toBeGreaterThanOrEqual(AMONG_THEM);
  await page.screenshot({ path: info.outputPath("shift.png"), fullPage: true });
  for (const person of Object.values(people)) await person.leaves();
});
