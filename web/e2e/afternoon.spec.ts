import { expect, test } from "@playwright/test";
import { call, everybody, pictures, reads, reviews } from "./pictures";

/** The rarest false alarms that a short walk can wait for, checks. */
const RUN_LENGTH = 100;
const GOOD = 5;
const MOST = 14;

test("the bad afternoon: told at once, held, answered, and decided by somebody else", async ({
  browser,
}, info) => {
  test.slow();
  const people = await everybody(browser);
  const { annotator, quality } = people;
  const project = await pictures(people, "The bad afternoon", MOST + 1);
  await call(quality, "put", `/projects/${project}/monitor`, { run_length: RUN_LENGTH });
  await annotator.page.goto("/");
  const card = annotator.page.getByText("About your work in The bad afternoon");
  await expect(card).toBeHidden();

  const feedback = async () => {
    const all = await (await annotator.context.request.get("/api/v1/me/feedback")).json();
    return all.filter((one: { project: string }) => one.project === project);
  };
  const items: string[] = [];
  while ((await feedback()).length === 0) {
    const number = items.length;
    expect(number, "corrections in a row raise an alarm").toBeLessThan(MOST);
    items.push(await reads(people, project, number, true));
    await reviews(people, project, number, number < GOOD);
  }
  // The page that the annotator has open says so by itself.
  await expect(card).toBeVisible();
  await expect(annotator.page.getByText(/“person” was labelled as “object”/)).toBeVisible();
  await annotator.page.getByLabel("What you say to it").fill("The guideline changed at noon.");
  await annotator.page.getByRole("button", { name: "Send your answer" }).click();
  await expect(annotator.page.getByText("somebody who had no part in it decides")).toBeVisible();
  await annotator.page.screenshot({ path: info.outputPath("card.png") });

  // What was right before the change is not held, what came after it is, and so is what is handed in now.
  const later = await reads(people, project, MOST, true);
  const held = async (item: string) =>
    (await (await people.owner.context.request.get(`/api/v1/items/${item}`)).json()).held as boolean;
  expect(await held(items[0] as string)).toBe(false);
  expect(await held(items.at(-1) as string)).toBe(true);
  expect(await held(later)).toBe(true);

  await quality.page.goto(`/projects/${project}/quality`);
  await expect(quality.page.getByText("Needs a decision")).toBeVisible();
  await expect(quality.page.getByText("The guideline changed at noon.")).toBeVisible();
  await quality.page.getByRole("button", { name: /^Show .*: corrections by reviewers$/ }).click();
  await expect(quality.page.getByRole("img", { name: /Evidence over/ })).toBeVisible();
  await quality.page.getByText("CUSUM chart").click();
  await expect(quality.page.getByRole("img", { name: /CUSUM over/ })).toBeVisible();
  await expect(
    quality.page.getByText(/false signals are [\d,]+ checks apart on average, exactly/),
  ).toBeVisible();
  // Where it began is an estimate: what was handed in last before is listed to be looked at.
  await quality.page.getByText("To be looked at: what they handed in last before").click();
  await expect(quality.page.locator(`a[href="/items/${items[0]}"]`).first()).toBeVisible();
  await quality.page.screenshot({ path: info.outputPath("monitoring.png"), fullPage: true });
  const score = async () => {
    const all = await (await annotator.context.request.get("/api/v1/me/returned")).json();
    return all.scores.find((one: { project: string }) => one.project === project);
  };
  expect((await score()).wrong).toBeGreaterThan(0);
  await quality.page.getByRole("button", { name: "It is a false alarm…" }).click();
  await quality.page.getByRole("dialog").getByLabel("Reason").fill("It did change.");
  await quality.page.getByRole("button", { name: "Lift every hold" }).click();
  await expect(quality.page.getByText("Dismissed")).toBeVisible();
  expect(await held(later)).toBe(false);
  // What raised it no longer counts against them.
  expect((await score()).wrong).toBe(0);
  // The person reads what was decided.
  await expect(annotator.page.getByText("“It did change.”")).toBeVisible();
  for (const person of Object.values(people)) await person.leaves();
});
