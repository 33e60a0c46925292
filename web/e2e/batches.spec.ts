import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { call, everybody, inPhase, PASSWORD, pictures, reads, reviews, signs } from "./pictures";

const COUNT = 4;

/** Judges the next item of the sample: what is not labelled was missed. */
async function judges(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Judge the next item" }).click();
  await expect(page.getByText("hidden until you said what you see")).toBeVisible();
  await page.getByLabel("Object").fill("1");
  await page.getByRole("button", { name: "That is all I see: show the labels" }).click();
  await expect(page.getByText("Are the labels right?")).toBeVisible();
  const missed = page.getByRole("button", { name: "It was missed" });
  if (await missed.isVisible()) {
    await missed.click();
    await page.getByRole("button", { name: "The labels are wrong" }).click();
  } else {
    await page.getByRole("button", { name: "Everything is right" }).click();
  }
  await expect(page.getByText("Are the labels right?")).toBeHidden();
}

test("a batch is returned, goes back into work, and its decision is worked out again without the server", async ({
  browser,
}, info) => {
  test.slow();
  const people = await everybody(browser);
  const project = await pictures(people, "Pictures in batches", COUNT);
  // None of them is labelled: the first that is inspected sends all of them back.
  for (let number = 0; number < COUNT; number += 1) {
    await reads(people, project, number, false);
    await signs(people, project, await reviews(people, project, number, true));
  }
  expect(await inPhase(people, project, "accepted")).toBe(COUNT);
  const { quality, reviewer, scientist } = people;
  const { page } = quality;
  await page.goto(`/projects/${project}/quality`);
  await page.getByRole("button", { name: "Choose items…" }).click();
  await page.getByLabel("Name").fill("Week 48");
  await page.getByLabel("Items inspected", { exact: true }).fill("3");
  await page.getByLabel("Accepted with at most (defective)").fill("0");
  await page.getByLabel("What makes an item defective").fill("a bright square without a box");
  await page.getByRole("button", { name: "Look at the plan" }).click();
  await expect(page.getByTestId("preview").getByRole("img", { name: /Operating curve/ })).toBeVisible();
  await expect(page.getByTestId("preview")).toContainText(`at most 3 of ${COUNT}`);
  await page.screenshot({ path: info.outputPath("plan.png"), fullPage: true });
  await page.getByRole("button", { name: `Submit ${COUNT} items` }).click();
  await page.getByRole("button", { name: "Draw the sample" }).click();

  // Who had a hand in the items inspects none of them, and nothing of the batch leaves.
  await reviewer.page.goto(`/projects/${project}/quality`);
  await reviewer.page.getByRole("button", { name: "Judge the next item" }).click();
  await expect(reviewer.page.getByText("Nothing is left for you")).toBeVisible();
  await call(scientist, "post", "/me/signing", { version: 1 });
  const early = await scientist.context.request.post(`/api/v1/projects/${project}/releases`, {
    data: { name: "early", items: "all_accepted", login: scientist.login, password: PASSWORD },
    headers: { "x-countersign": "1" },
  });
  expect((await early.json()).code).toBe("nothing_accepted");

  await judges(page);
  await expect(page.getByText("Returned: all of its items go back into work")).toBeVisible();
  await expect.poll(() => inPhase(people, project, "queued")).toBe(COUNT);
  await page.screenshot({ path: info.outputPath("returned.png"), fullPage: true });

  const batches = await quality.context.request.get(`/api/v1/projects/${project}/batches`);
  const { id } = (await batches.json()).batches[0];
  const record = await quality.context.request.get(`/api/v1/batches/${id}/record`);
  expect(record.ok()).toBe(true);
  const file = info.outputPath("batch.json");
  writeFileSync(file, await record.body());
  const said = execFileSync(process.env.COUNTERSIGN_BIN as string, ["--json", "verify", file], {
    encoding: "utf8",
  });
  const { batch } = JSON.parse(said);
  expect([batch.decision, batch.units, batch.checked, batch.found]).toEqual(["return", COUNT, 1, 1]);

  // Read again, this time with boxes, it comes a second time.
  for (let number = 0; number < COUNT; number += 1) {
    await reads(people, project, number + 20, true);
    await signs(people, project, await reviews(people, project, number, true));
  }
  await page.reload();
  await expect(page.getByText(`${COUNT} of these were accepted anew`)).toBeVisible();
  await page.getByRole("button", { name: "Submit again…" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("Week 48, again");
  await page.getByRole("button", { name: "Look at the plan" }).click();
  await page.getByRole("button", { name: `Submit ${COUNT} items` }).click();
  await page.getByRole("button", { name: "Draw the sample" }).click();
  // Whoever was shown the labels before inspects no second time: somebody else does.
  const fresh = people.privacy;
  const me = await (await fresh.context.request.get("/api/v1/session")).json();
  const role = { user: me.user.id, role: "quality_engineer" };
  await call(people.owner, "post", `/projects/${project}/grants`, role);
  await fresh.page.goto(`/projects/${project}/quality`);
  for (let judged = 0; judged < 3; judged += 1) await judges(fresh.page);
  await page.reload();
  await expect(page.getByText("Accepted: its items may leave")).toBeVisible();
  const sums = page.getByRole("table", { name: "By supplier" });
  await expect(sums).toContainText("0 of 1 batch accepted; 1 of 1 inspected item defective");
  await expect(sums).toContainText("1 of 1 batch accepted; 0 of 3 inspected items defective");
  await page.screenshot({ path: info.outputPath("accepted.png"), fullPage: true });
  for (const person of Object.values(people)) await person.leaves();
});
