import { expect, type Page, test } from "@playwright/test";
import { Person } from "./people";
import { call, everybody, grants, lets, type People, pictures, reads, reviews, signs } from "./pictures";

/** Checks to a false alarm, on average: about once a month where somebody does thirty a day. */
const RUN_LENGTH = 1_000;
/** Work of somebody else on such pictures: without it nobody knows what is usual. */
const OTHERS = 100;
/** The picture from which on the work is worse, and every how many pictures there is an error before and after: 3 % and 20 %. */
const CHANGE = 400;
const EVERY = { before: 33, after: 5 };
/** The design says 31 checks on average where errors come by chance (ln 1000 over the relative entropy of 20 % and 3 %). */
const MOST = 60;
/** Pictures that a specialist signed when the alarm comes: what a release takes. */
const SIGNED_FROM = CHANGE - 20;

const isWrong = (number: number) =>
  number < CHANGE ? number % EVERY.before === EVERY.before - 1 : (number - CHANGE) % EVERY.after === 1;

type Feedback = { id: string; project: string; held: number };
const feedback = async (people: People, project: string): Promise<Feedback[]> => {
  const all = await (await people.annotator.context.request.get("/api/v1/me/feedback")).json();
  return all.filter((one: Feedback) => one.project === project);
};

/** Another annotator reads so many pictures, which are reviewed; as often wrong as the usual. */
async function usual(people: People, second: Person, project: string): Promise<void> {
  await grants(people, project, second, "annotator");
  for (let number = 0; number < OTHERS; number += 1) {
    await reads({ ...people, annotator: second }, project, number, true);
    await reviews(people, project, number, !isWrong(number));
  }
}

/** Works until the annotator is told; what they read, in order, and what of it was signed. */
async function afternoon(people: People, project: string): Promise<{ items: string[]; signed: string[] }> {
  const [items, signed]: [string[], string[]] = [[], []];
  for (;;) {
    const number = items.length;
    expect(number, "worse work raises an alarm").toBeLessThan(CHANGE + MOST);
    const item = await reads(people, project, OTHERS + number, true);
    const hash = await reviews(people, project, OTHERS + number, !isWrong(number));
    items.push(item);
    if ((await feedback(people, project)).length > 0) return { items, signed };
    if (number >= SIGNED_FROM) {
      await signs(people, project, hash, item);
      signed.push(item);
    }
  }
}

const held = async (people: People, item: string): Promise<boolean> =>
  (await (await people.owner.context.request.get(`/api/v1/items/${item}`)).json()).held;

/** Neither an answer nor a card: what the numbers say of the person, as they see it themselves. */
const wrong = async (people: People, project: string): Promise<number> => {
  const all = await (await people.annotator.context.request.get("/api/v1/me/returned")).json();
  return all.scores.find((one: { project: string }) => one.project === project).wrong;
};

async function seesCharts(page: Page, first: string): Promise<void> {
  await page
    .getByRole("button", { name: /^Show .*: corrections by reviewers$/ })
    .first()
    .click();
  await expect(page.getByRole("img", { name: /Evidence over/ })).toBeVisible();
  await page.getByText("CUSUM chart").click();
  await expect(page.getByRole("img", { name: /CUSUM over/ })).toBeVisible();
  await expect(page.getByText(/false signals are [\d,]+ checks apart on average, exactly/)).toBeVisible();
  // Where it began is an estimate: the two hundred before it are all listed to be looked at.
  await page.getByText("To be looked at: what they handed in last before").click();
  const earlier = page.locator("details", { hasText: "To be looked at" }).locator("tbody");
  await expect(earlier.locator('a[href^="/items/"]')).toHaveCount(200);
  await expect(earlier.locator(`a[href="/items/${first}"]`)).toHaveCount(0);
}

test.use({ trace: "off" });

test("the bad afternoon: told at once, held, answered, and decided by somebody else", async ({
  browser,
}, info) => {
  test.setTimeout(600_000);
  const people = await everybody(browser);
  const { annotator, quality, scientist } = people;
  const second = await Person.arrives(browser, "annotator2");
  const project = await pictures(people, "The bad afternoon", OTHERS + CHANGE + MOST + 1);
  await call(quality, "put", `/projects/${project}/monitor`, { run_length: RUN_LENGTH });
  await usual(people, second, project);
  await annotator.page.goto("/");
  const card = annotator.page.getByText("About your work in The bad afternoon");
  await expect(card).toBeHidden();
  const { items, signed } = await afternoon(people, project);
  const delay = items.length - CHANGE;
  info.annotations.push({ type: "checks from the change to the card", description: String(delay) });
  expect(delay, "no false alarm before").toBeGreaterThan(0);
  // The page that the annotator has open says so by itself.
  await expect(card).toBeVisible();
  await expect(annotator.page.getByText(/“person” was labelled as “object”/)).toBeVisible();
  await annotator.page.getByLabel("What you say to it").fill("The guideline changed at noon.");
  await annotator.page.getByRole("button", { name: "Send your answer" }).click();
  await expect(annotator.page.getByText("somebody who had no part in it decides")).toBeVisible();
  await annotator.page.screenshot({ path: info.outputPath("card.png") });

  // What was right before the change is not held, what came after it is, and so is what is handed in now.
  const later = await reads(people, project, OTHERS + items.length, true);
  expect(await held(people, items[0] as string)).toBe(false);
  expect(await held(people, items.at(-1) as string)).toBe(true);
  expect(await held(people, later)).toBe(true);
  // What is in doubt is in no release, signed as it may be.
  const doubted = await Promise.all(signed.map((item) => held(people, item)));
  const certain = doubted.filter((is) => !is).length;
  expect(certain).toBeGreaterThan(0);
  expect(certain).toBeLessThan(signed.length);
  expect((await lets(scientist, project, "meanwhile")).items).toBe(certain);

  await quality.page.goto(`/projects/${project}/quality`);
  await expect(quality.page.getByText("Needs a decision")).toBeVisible();
  await expect(quality.page.getByText("The guideline changed at noon.")).toBeVisible();
  await seesCharts(quality.page, items[0] as string);
  await quality.page.screenshot({ path: info.outputPath("monitoring.png"), fullPage: true });
  expect(await wrong(people, project)).toBeGreaterThan(0);
  await quality.page.getByRole("button", { name: "It is a false alarm…" }).click();
  await quality.page.getByRole("dialog").getByLabel("Reason").fill("It did change.");
  await quality.page.getByRole("button", { name: "Lift every hold" }).click();
  await expect(quality.page.getByText("Dismissed")).toBeVisible();
  expect(await held(people, later)).toBe(false);
  expect((await lets(scientist, project, "afterwards")).items).toBe(signed.length);
  // The person reads what was decided.
  await expect(annotator.page.getByText("“It did change.”")).toBeVisible();
  for (const person of [...Object.values(people), second]) await person.leaves();
});
