/** A gauge study for eyes: the manual's worked example, planned and judged in the page; what it says opens and closes work. */
import { type Browser, expect, test } from "@playwright/test";
import { Person } from "./people";
import {
  both,
  box,
  call,
  claim,
  everybody,
  grants,
  inPhase,
  opens,
  PASSWORD,
  type People,
  png,
} from "./pictures";

const PARTS = 50;
const TRIALS = 3;
/** A part is known again by how wide its picture is. */
const NARROWEST = 40;
const NAME = "critical_eye";
const DAY_MICROS = 86_400_000_000;
/** A certificate that ends while one looks on. */
const BRIEF_MICROS = 30_000_000;
/** Parts whose reference is bad, as in AIAG's worked example. */
const BAD = new Set([3, 4, 5, 9, 12, 22, 25, 26, 30, 34, 37, 39, 42, 45, 48, 50]);
/** Its answers where not all nine are alike, 1 is good, by appraiser. */
const APART: Record<number, [string, string, string]> = {
  6: ["110", "110", "100"],
  7: ["111", "111", "101"],
  12: ["000", "000", "010"],
  14: ["110", "111", "100"],
  21: ["110", "101", "010"],
  22: ["001", "010", "110"],
  26: ["010", "000", "001"],
  30: ["000", "001", "000"],
  34: ["001", "001", "011"],
  36: ["110", "111", "101"],
  43: ["101", "111", "110"],
};
/** Parts that the one with 82 % calls otherwise once: two bad ones and seven good ones. */
const SLIPS = new Set([3, 9, 1, 2, 8, 10, 11, 13, 15]);

type Says = (part: number, trial: number) => boolean;
type Turn = { number?: number | null; trial: number; judged: number };

const manual =
  (person: 0 | 1 | 2): Says =>
  (part, trial) => {
    const row = APART[part];
    return row ? row[person][trial - 1] === "0" : BAD.has(part);
  };
const slips: Says = (part, trial) => BAD.has(part) !== (trial === 2 && SLIPS.has(part));
const right: Says = (part) => BAD.has(part);

async function accepted(people: People, project: string): Promise<void> {
  for (let part = 1; part <= PARTS; part += 1) {
    const sent = await people.owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
      headers: { "x-countersign": "1" },
      multipart: {
        file: {
          name: `part-${part}.png`,
          mimeType: "image/png",
          buffer: png(NARROWEST + part, (x, y) => (x + y + part) % 200),
        },
      },
    });
    expect(sent.ok(), await sent.text()).toBe(true);
  }
  await expect.poll(() => inPhase(people, project, "queued"), { timeout: 60_000 }).toBe(PARTS);
  for (const login of ["specialist"] as const)
    await call(people[login], "post", "/me/signing", { version: 1 });
  for (let number = 1; number <= PARTS; number += 1) {
    const read = await claim(people.annotator, project);
    const wide: number = read.item.streams[0].properties.width;
    const marks = BAD.has(wide - NARROWEST) ? [box(number, "object")] : [];
    const match = (revision: number) => ({ "if-match": `"${revision}"` });
    const body = { fence: read.task.fence, changes: marks };
    await call(people.annotator, "post", `/tasks/${read.task.id}/submit`, body, match(read.read.revision));
    const review = await claim(people.reviewer, project);
    const decided = await call(
      people.reviewer,
      "post",
      `/tasks/${review.task.id}/review`,
      { fence: review.task.fence, decision: "accept", missing: "nothing", all_right: true, changes: [] },
      match(review.read?.revision ?? 0),
    );
    const sign = await claim(people.specialist, project);
    await call(people.specialist, "post", `/tasks/${sign.task.id}/sign`, {
      fence: sign.task.fence,
      ...both("specialist"),
      content_hash: decided.content_hash,
      decision: "sign",
    });
  }
}

/** Somebody new who reads in the project, with the qualification that reading will ask for. */
async function eye(
  browser: Browser,
  people: People,
  project: string,
  name: string,
  micros = 300 * DAY_MICROS,
): Promise<Person> {
  const login = `${name.toLowerCase().replace(" ", "-")}-${Date.now()}`;
  const account = { login, printed_name: name, password: PASSWORD, organization: null };
  const { user } = await call(people.owner, "post", "/users", account);
  const person = await Person.arrives(browser, login);
  await grants(people, project, person, "annotator");
  await call(people.quality, "post", `/projects/${project}/qualifications`, {
    user: user.id,
    name: NAME,
    issuer: "Inspection course",
    valid_until: Date.now() * 1_000 + micros,
  });
  return person;
}

/** Reading asks for the qualification from now on, and something waits to be read. */
async function gates(people: People, project: string): Promise<void> {
  const answer = await people.owner.context.request.get(`/api/v1/projects/${project}/protocol`);
  const { version, document } = await answer.json();
  const next = document
    .replace(`version: ${version}`, `version: ${version + 1}`)
    .replace("role: annotator", `role: annotator\n    qualification: ${NAME}`);
  const put = await people.owner.context.request.post(`/api/v1/projects/${project}/protocol`, {
    data: { document: next, ...both("owner"), reason: "Critical defects are read by proven eyes." },
    headers: { "x-countersign": "1", "if-match": `"${version}"` },
  });
  expect(put.ok(), await put.text()).toBe(true);
  const sent = await people.owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
    headers: { "x-countersign": "1" },
    multipart: { file: { name: "next.png", mimeType: "image/png", buffer: png(200, (x, y) => x ^ y) } },
  });
  expect(sent.ok(), await sent.text()).toBe(true);
  await expect.poll(() => inPhase(people, project, "queued")).toBe(1);
}

/** Plans a study in the page, has its orders drawn, and its id. */
async function plans(people: People, project: string, name: string, eyes: string[]): Promise<string> {
  const { page } = people.quality;
  await page.goto(`/projects/${project}/quality`);
  await page.getByRole("button", { name: "Plan a study…" }).click();
  const form = page.locator("form").filter({ hasText: "Whose eyes" });
  await form.getByLabel("Name", { exact: true }).fill(name);
  await form.getByRole("combobox", { name: "Qualification that it certifies" }).fill(NAME);
  for (const one of eyes) await form.getByRole("checkbox", { name: one }).check();
  await form.getByRole("button", { name: `Take all ${PARTS}` }).click();
  await expect(form.getByTestId("quota")).toContainText("50 parts (50 are asked for): 16 bad, 34 good");
  for (let row = 0; row < PARTS; row += 5) {
    for (const near of [row, row + 1]) {
      await form.locator("tbody tr").nth(near).getByRole("checkbox").last().check();
    }
  }
  await expect(form.getByTestId("quota")).toContainText("20");
  await form.getByRole("button", { name: "Freeze the study" }).click();
  await page.getByRole("link", { name }).click();
  await page.getByLabel("Words of your own").fill("six, two");
  await page.getByRole("button", { name: "Draw the orders" }).click();
  await expect(page.getByText("seed of the orders").or(page.getByText("Seed"))).toBeVisible();
  return page.url().split("/studies/")[1] ?? "";
}

/** Which part somebody has before them: by the width of its picture, the only thing that they are given. */
async function shown(person: Person, study: string, number: number): Promise<number> {
  const path = `/api/v1/appraisals/${study}/turns/${number}/frames/0/image`;
  const picture = await (await person.context.request.get(path)).body();
  return picture.readUInt32BE(16) - NARROWEST;
}

/** Judges two parts by keyboard in the page, and the rest one after the other. */
async function judges(person: Person, project: string, study: string, says: Says): Promise<void> {
  const { page } = person;
  await page.goto(`/projects/${project}/quality/studies/${study}`);
  await page.getByRole("button", { name: "Judge the parts" }).click();
  for (const judged of [0, 1]) {
    await expect(page.getByTestId("progress")).toContainText(`${judged} of ${PARTS * TRIALS} judged`);
    const turn: Turn = await call(person, "post", `/appraisals/${study}/next`, {});
    const bad = says(await shown(person, study, turn.number ?? -1), turn.trial);
    await expect(page.getByRole("button", { name: "Good (F)" })).toBeEnabled();
    await page.keyboard.press(bad ? "j" : "f");
  }
  await expect(page.getByTestId("progress")).toContainText(`2 of ${PARTS * TRIALS} judged`);
  let turn: Turn = await call(person, "post", `/appraisals/${study}/next`, {});
  while (turn.number != null) {
    const bad = says(await shown(person, study, turn.number), turn.trial);
    turn = await call(person, "post", `/appraisals/${study}/turns/${turn.number}/answer`, { bad });
  }
  expect(turn.judged).toBe(PARTS * TRIALS);
  await page.reload();
  // Whoever is the last of all ends the study.
  await expect(
    page.getByText("You are through").or(page.getByRole("heading", { name: "Nothing is judged here" })),
  ).toBeVisible();
  await page.getByRole("link", { name: "The study" }).click();
  await expect(page.getByRole("heading", { name: /The manual's|Ours/ })).toBeVisible();
}

/** What somebody is told who asks for work. */
async function claims(person: Person, project: string): Promise<{ code?: string }> {
  const answer = await person.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
    data: {},
    headers: { "x-countersign": "1" },
  });
  return answer.json();
}

/** The row of a person in a table of the report. */
const rowOf = (people: People, label: string, name: string) =>
  people.quality.page
    .getByRole("table", { name: label, exact: true })
    .getByRole("row")
    .filter({ hasText: name });

// Thousands of requests: a trace of them would take longer than they do.
test.use({ trace: "off" });

test("eyes are studied as in the manual, and whoever is at 82 % loses critical work", async ({
  browser,
}, info) => {
  test.setTimeout(600_000);
  const people = await everybody(browser);
  const project = await opens(people, "Eyes for critical defects");
  await accepted(people, project);
  const names = ["Ada Eins", "Bo Zwei", "Cy Drei", "Di Vier", "Ed Acht"];
  const eyes: Person[] = [];
  for (const name of names) eyes.push(await eye(browser, people, project, name));
  const [ada, bo, cy, di, ed] = eyes as [Person, Person, Person, Person, Person];
  await gates(people, project);
  const { page } = people.quality;

  const first = await plans(people, project, "The manual's", names.slice(0, 3));
  for (const person of [ada, bo, cy]) {
    // Nobody who is studied is told anything about the parts, nor before everybody is through what came of it.
    const early = await (await person.context.request.get(`/api/v1/appraisals/${first}`)).json();
    expect([early.figures ?? null, early.bad ?? null]).toEqual([null, null]);
  }
  await Promise.all([
    judges(ada, project, first, manual(0)),
    judges(bo, project, first, manual(1)),
    judges(cy, project, first, manual(2)),
  ]);
  await page.reload();
  // What the manual prints, to three digits where it does.
  for (const [name, effective, miss, alarm, kappa] of [
    ["Ada Eins", "84.0", "6.3", "4.9", "0.88"],
    ["Bo Zwei", "90.0", "6.3", "2.0", "0.92"],
    ["Cy Drei", "80.0", "12.5", "8.8", "0.77"],
  ] as const) {
    const row = rowOf(people, "Each person", name);
    for (const figure of [effective, miss, alarm]) await expect(row).toContainText(figure);
    const cell = await rowOf(people, "Within and with the reference", name)
      .getByRole("cell")
      .nth(3)
      .textContent();
    expect(Math.abs(Number.parseFloat(cell ?? "") - Number(kappa)), `${name}: ${cell}`).toBeLessThan(0.005);
  }
  for (const [pair, kappa] of [
    ["Ada Eins and Bo Zwei", "0.86"],
    ["Ada Eins and Cy Drei", "0.78"],
    ["Bo Zwei and Cy Drei", "0.79"],
  ] as const) {
    const cell = await rowOf(people, "Between people", pair).getByRole("cell").nth(1).textContent();
    expect(Math.abs(Number.parseFloat(cell ?? "") - Number(kappa)), `${pair}: ${cell}`).toBeLessThan(0.005);
  }
  await expect(rowOf(people, "Each person", "Cy Drei")).toContainText("unacceptable", { ignoreCase: true });
  await page.screenshot({ path: info.outputPath("manual.png"), fullPage: true });

  const second = await plans(people, project, "Ours", names.slice(3));
  await Promise.all([judges(di, project, second, slips), judges(ed, project, second, right)]);
  await page.reload();
  await expect(rowOf(people, "Each person", "Di Vier")).toContainText("82.0");
  await expect(rowOf(people, "Each person", "Di Vier")).toContainText("marginal", { ignoreCase: true });
  // Nothing follows before it is signed.
  await di.page.goto("/");
  await expect(di.card("Eyes for critical defects", "reading")).toBeVisible();
  await page.getByRole("button", { name: "Sign the study…" }).click();
  await people.quality.entersComponents("dialog");
  await page.getByRole("button", { name: "Sign", exact: true }).click();
  await expect(page.getByRole("button", { name: "Sign the study…" })).toBeHidden();
  await page.screenshot({ path: info.outputPath("signed.png"), fullPage: true });

  await di.page.reload();
  await expect(di.card("Eyes for critical defects", "reading")).toBeHidden();
  expect((await claims(di, project)).code).toBe("qualification_missing");
  await di.page.goto("/account");
  await expect(di.page.getByText(/Study “Ours”: marginal \(effectiveness 82\.0 %/)).toBeVisible();

  // A certificate ends by the clock, as that of a study does a quarter later: the queue is empty without anybody's act.
  const last = await eye(browser, people, project, "Fi Neun", BRIEF_MICROS);
  await last.page.goto("/");
  await expect(last.card("Eyes for critical defects", "reading")).toBeVisible();
  await last.page.screenshot({ path: info.outputPath("certified.png") });
  await expect
    .poll(
      async () => {
        await last.page.reload();
        await expect(last.page.getByRole("heading", { name: "Hello, Fi Neun" })).toBeVisible();
        return last.card("Eyes for critical defects", "reading").count();
      },
      { timeout: 2 * (BRIEF_MICROS / 1_000), intervals: [2_000] },
    )
    .toBe(0);
  await last.page.screenshot({ path: info.outputPath("expired.png") });
  expect((await claims(last, project)).code).toBe("qualification_expired");
  await ed.starts("Eyes for critical defects", "reading");
  await last.leaves();
  for (const person of [...Object.values(people), ...eyes]) await person.leaves();
});
