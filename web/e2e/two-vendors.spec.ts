/**
 * Two vendors read the same frames without knowing of each other or of the gold among them; one errs in 2 % of what both read, the other
 * in 5 %. The drawing is drawn again here, the scorecard tells them apart, what is accepted is paid, and a contract ends by the clock.
 */
import { createHash } from "node:crypto";
import { type Browser, expect, test } from "@playwright/test";
import { crawl, Person } from "./people";
import {
  box,
  call,
  claim,
  counted,
  everybody,
  grants,
  inPhase,
  opens,
  PASSWORD,
  type People,
  png,
  putsProtocol,
  twice,
} from "./pictures";

/** How many frames are divided, how many of them both read, how many trusted ones are hidden among them. */
const [FRAMES, SHARED, GOLD] = [1_200, 600, 96];
/** Of those that both read: where the first errs and, elsewhere, the second. */
const [FIRST_WRONG, SECOND_WRONG] = [12, 30];
/** Differences that nobody has decided when the scorecard is read. */
const OPEN = 2;
const FILES_AT_ONCE = 80;
const [MINUTE, HOUR] = [60_000, 3_600_000];
const MICROS = 1_000;
const GUARD = { "x-countersign": "1" };
const NAME = `Two vendors ${Date.now()}`;

type Vendor = { name: string; id: string; person: Person; user: string };

/** A frame with one bright square; its number stands in its first row, so that no two are alike. */
const frame = (number: number): Buffer =>
  png(64, (x, y) => {
    if (y === 0) return x < 12 ? ((number >> x) & 1) * 200 : 0;
    return x > 19 && x < 41 && y > 9 && y < 31 ? 220 : x + y;
  });

async function sendsFrames(people: People, project: string, from: number, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += FILES_AT_ONCE) {
    const form = new FormData();
    for (let place = sent; place < Math.min(count, sent + FILES_AT_ONCE); place += 1) {
      const bytes = new Uint8Array(frame(from + place));
      form.append("file", new File([bytes], `frame-${from + place}.png`, { type: "image/png" }));
    }
    const url = `/api/v1/projects/${project}/ingest`;
    const answer = await people.owner.context.request.post(url, { headers: GUARD, multipart: form });
    expect(answer.ok(), await answer.text()).toBe(true);
  }
}

async function get(person: Person, path: string) {
  const answer = await person.context.request.get(`/api/v1${path}`);
  expect(answer.ok(), `${path}: ${answer.status()}`).toBe(true);
  return answer.json();
}

/** All items of the project, as its owner lists them. */
async function itemsOf(people: People, project: string) {
  const all: { id: string; name: string; phase: string }[] = [];
  let after = "";
  do {
    const page = await get(people.owner, `/projects/${project}/items?limit=200${after}`);
    all.push(...page.items);
    after = page.next ? `&cursor=${encodeURIComponent(page.next)}` : "";
  } while (after);
  return all;
}

/** Puts the protocol into force: read twice, or once where one vendor reads, with one read of ten of hidden gold. */
async function putsGold(people: People, project: string): Promise<void> {
  const draft = await twice(people, project);
  const document = draft.document
    .replace("readers: 2 }", "readers: 2, readers_min: 1, ai_visibility: never }")
    .replace(/ {2}- \{ id: sign.*\n/, "")
    .replace("stages:\n", "gold: { share: 0.1 }\nstages:\n");
  const put = await putsProtocol(people, project, { ...draft, document }, "Two vendors read.");
  expect(put.status(), await put.text()).toBe(201);
}

/** Hands in what is seen on a frame: its square, under the right class or another one. */
async function handsIn(
  person: Person,
  work: Awaited<ReturnType<typeof claim>>,
  number: number,
  right = true,
) {
  await call(
    person,
    "post",
    `/tasks/${work.task.id}/submit`,
    { fence: work.task.fence, changes: [box(number, right ? "object" : "person")] },
    { "if-match": `"${work.read.revision}"` },
  );
}

/** Reads everything that somebody is given, and errs on some of it; how many reads that were. */
async function readsAll(person: Person, project: string, wrong: Set<string>, from: number): Promise<number> {
  for (let done = 0; ; done += 1) {
    const answer = await person.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
      data: {},
      headers: GUARD,
    });
    const work = await answer.json();
    if (!answer.ok()) {
      expect(work.code).toBe("nothing_to_do");
      return done;
    }
    await handsIn(person, work, from + done, !wrong.has(work.item.id));
  }
}

/** Frames that own staff read alike become the gold that is hidden from then on. */
async function makesGold(people: People, project: string, second: Person): Promise<void> {
  await sendsFrames(people, project, 0, GOLD);
  await expect.poll(() => counted(people, project, "reading"), { timeout: 2 * MINUTE }).toBe(GOLD);
  const none = new Set<string>();
  const reads = await Promise.all([
    readsAll(people.annotator, project, none, 1_000),
    readsAll(second, project, none, 2_000),
  ]);
  expect(reads).toEqual([GOLD, GOLD]);
  await expect.poll(() => counted(people, project, "accepted"), { timeout: 2 * MINUTE }).toBe(GOLD);
  for (const { id } of await itemsOf(people, project)) {
    await call(people.quality, "post", `/projects/${project}/gold`, {
      item: id,
      reason: "Read twice alike.",
    });
  }
}

async function contract(people: People, vendor: { id: string; name: string }, until: number): Promise<void> {
  await call(people.owner, "put", `/organizations/${vendor.id}`, {
    name: vendor.name,
    contract_from: (Date.now() - HOUR) * MICROS,
    contract_until: until * MICROS,
    reason: "As agreed.",
  });
}

async function hires(browser: Browser, people: People, project: string, letter: string): Promise<Vendor> {
  const name = `Vendor ${letter} ${Date.now()}`;
  const { id } = await call(people.owner, "post", "/organizations", {
    name,
    kind: "vendor",
    contract_from: (Date.now() - HOUR) * MICROS,
    contract_until: (Date.now() + 24 * HOUR) * MICROS,
    reason: "The contract is signed.",
  });
  const login = name.toLowerCase().replaceAll(" ", "-");
  const account = { login, printed_name: `Reader of ${name}`, password: PASSWORD, organization: id };
  const { user } = await call(people.owner, "post", "/users", account);
  await call(people.owner, "post", `/projects/${project}/grants`, { user: user.id, role: "annotator" });
  return { name, id, user: user.id, person: await Person.arrives(browser, login) };
}

/** An owner divides what waits; the items in the order of the drawing, worked out here once more from its seed. */
async function draws(people: People, project: string, vendors: Vendor[]): Promise<string[]> {
  const { page } = people.owner;
  await page.goto(`/projects/${project}/vendors`);
  await page
    .getByRole("combobox", { name: "Organizations" })
    .or(page.getByLabel("Organizations"))
    .first()
    .click();
  for (const { name } of vendors) await page.getByRole("option", { name }).click();
  await page.keyboard.press("Escape");
  await page.getByLabel("Items", { exact: true }).fill(String(FRAMES));
  await page.getByLabel("Read by all of them").fill(String(SHARED));
  await page.getByLabel("Why it is drawn").fill("To tell them apart.");
  await page.getByRole("button", { name: "Draw" }).click();
  const given = SHARED + (FRAMES - SHARED) / 2;
  for (const { name } of vendors) {
    await expect(page.getByText(`${name}: 0 of ${given} items read`)).toBeVisible();
  }
  const [mix] = await get(people.owner, `/projects/${project}/mixes`);
  const place = (item: string) =>
    createHash("sha256")
      .update("countersign mix 1\n")
      .update(Buffer.from(mix.seed, "hex"))
      .update(Buffer.from(item.replaceAll("-", ""), "hex"))
      .digest("hex");
  const waiting = (await itemsOf(people, project)).filter((item) => item.phase === "reading");
  expect(waiting).toHaveLength(FRAMES);
  return waiting.map(({ id }) => id).sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** Whoever comes from a vendor finds neither gold, nor what the other one drew, nor anything to take away. */
async function seesNothing(vendor: Vendor, other: Vendor, project: string, items: string[]): Promise<void> {
  for (const path of [
    "/users",
    "/organizations",
    ...["gold", "gold/results", "releases", "vendors", "vendors.csv", "mixes", "tiers"].map(
      (page) => `/projects/${project}/${page}`,
    ),
    `/projects/${project}/vendors/${vendor.id}/payment.csv?from=0&until=1`,
  ]) {
    expect((await vendor.person.context.request.get(`/api/v1${path}`)).status(), path).toBe(404);
  }
  const [both, alone] = items as [string, string];
  for (const item of items) {
    const seen = await crawl(vendor.person, project, item);
    for (const hidden of [other.user, other.id, other.name]) {
      expect(seen, `${vendor.name} finds ${hidden}`).not.toContain(hidden);
    }
  }
  // Of what both read they find their own read, of what the other one read nothing.
  const item = await get(vendor.person, `/items/${both}`);
  expect(item.reads).toHaveLength(1);
  expect((await vendor.person.context.request.get(`/api/v1/items/${alone}`)).status()).toBe(404);
}

/** Differences are decided by own staff, until so many are left. */
async function decides(people: People, project: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const work = await claim(people.reviewer, project, "adjudicate");
    await call(
      people.reviewer,
      "post",
      `/tasks/${work.task.id}/adjudicate`,
      {
        fence: work.task.fence,
        decision: "decide",
        reason: "ambiguous_guideline",
        changes: [box(50_000 + n, "object")],
      },
      { "if-match": `"${work.read.revision}"` },
    );
  }
}

/** The items that are paid, by the file that the page offers. */
async function paid(people: People, project: string, vendor: Vendor): Promise<string[]> {
  const [from, until] = [Date.now() - 24 * HOUR, Date.now() + HOUR].map((millis) => millis * MICROS);
  const path = `/api/v1/projects/${project}/vendors/${vendor.id}/payment.csv?from=${from}&until=${until}`;
  const file = await (await people.owner.context.request.get(path)).text();
  const [, ...lines] = file.trim().split("\n");
  return lines.map((line) => line.split(",")[1] ?? "");
}

// Thousands of requests: a trace of them would take longer than they do.
test.use({ trace: "off" });

test("two vendors are told apart, are paid for what is accepted, and one is shut out at the end of its contract", async ({
  browser,
}, info) => {
  test.setTimeout(900_000);
  const people = await everybody(browser);
  const { owner, annotator, quality } = people;
  const second = await Person.arrives(browser, "annotator2");
  const project = await opens(people, NAME);
  await grants(people, project, second, "annotator");
  await call(quality, "put", `/projects/${project}/monitor`, { run_length: 1_000_000 });
  await putsGold(people, project);
  await makesGold(people, project, second);

  await sendsFrames(people, project, GOLD, FRAMES);
  await expect.poll(() => counted(people, project, "reading"), { timeout: 4 * MINUTE }).toBe(FRAMES);
  const vendors = [await hires(browser, people, project, "X"), await hires(browser, people, project, "Y")];
  const [x, y] = vendors as [Vendor, Vendor];
  const order = await draws(people, project, vendors);
  const shared = order.slice(0, SHARED);
  const wrong = [
    new Set(shared.slice(0, FIRST_WRONG)),
    new Set(shared.slice(FIRST_WRONG, FIRST_WRONG + SECOND_WRONG)),
  ] as const;
  // The organizations are taken in the order of their ids, and what one alone reads is dealt in turn.
  const dealt = [x.id, y.id].sort();
  const given = vendors.map(({ id }) =>
    order.filter((_, place) => place < SHARED || dealt[(place - SHARED) % 2] === id),
  );

  const reads = await Promise.all([
    readsAll(x.person, project, wrong[0], 10_000),
    readsAll(y.person, project, wrong[1], 20_000),
  ]);
  for (const [place, count] of reads.entries()) {
    // Gold lies beside what they were given: about a tenth, and none of them twice.
    const hidden = count - (given[place]?.length ?? 0);
    expect(hidden).toBeGreaterThan(GOLD / 2);
    expect(hidden).toBeLessThanOrEqual(GOLD);
  }
  const alone = (place: 0 | 1) => given[place]?.find((item) => !shared.includes(item)) ?? "";
  await seesNothing(x, y, project, [shared[FIRST_WRONG] ?? "", alone(1)]);
  await seesNothing(y, x, project, [shared[0] ?? "", alone(0)]);

  const differ = FIRST_WRONG + SECOND_WRONG;
  const waits = async () => [
    await counted(people, project, "reading"),
    await counted(people, project, "comparing"),
    await counted(people, project, "queued"),
  ];
  await expect.poll(waits, { timeout: 2 * MINUTE }).toEqual([0, 0, differ]);
  await decides(people, project, differ - OPEN);
  const accepted = new Set(
    (await itemsOf(people, project)).filter((item) => item.phase === "accepted").map((item) => item.id),
  );
  expect(accepted.size).toBe(GOLD + FRAMES - OPEN);

  // The scorecard counts what both read and somebody looked at, and the interval of the difference does not hold 0.
  const { page } = quality;
  const both = async () => {
    const { compared } = await get(quality, `/projects/${project}/vendors`);
    return Math.max(...compared.map((pair: { shared: number }) => pair.shared));
  };
  await expect.poll(both, { timeout: MINUTE }).toBe(SHARED - OPEN);
  await page.goto(`/projects/${project}/vendors`);
  const heads = page.getByRole("columnheader");
  await expect(heads.filter({ hasText: x.name })).toBeVisible();
  const names = await heads.allTextContents();
  const cell = (row: string, vendor: Vendor) =>
    page
      .getByRole("row")
      .filter({ has: page.getByRole("rowheader", { name: row }) })
      .locator("th, td")
      .nth(names.findIndex((name) => name.includes(vendor.name)));
  for (const [number, vendor] of vendors.entries()) {
    const errors = [...(wrong[number] ?? [])].filter((item) => accepted.has(item)).length;
    await expect(cell("Items with a critical error", vendor)).toContainText(`${errors} of ${SHARED - OPEN}:`);
    const gold = (reads[number] ?? 0) - (given[number]?.length ?? 0);
    const hidden = cell("Reads of hidden gold with a critical error", vendor);
    await expect(hidden).toContainText(`0 of ${gold}:`);
  }
  const pair = page.getByTestId("pair").filter({ hasText: `${x.name} and ${y.name}` });
  await expect(pair).toContainText(`${SHARED - OPEN} items read by both`);
  await expect(pair).toContainText(`${y.name} errs more often`);
  await expect(page.getByTestId("items-to-tell")).toContainText("588 items of each");
  await page.screenshot({ path: info.outputPath("scorecard.png"), fullPage: true });

  // What is accepted is paid and nothing else; gold would be a line like any other.
  const known = new Set(order);
  for (const [number, vendor] of vendors.entries()) {
    const lines = await paid(people, project, vendor);
    const due = (given[number] ?? []).filter((item) => accepted.has(item));
    expect(new Set(lines.filter((item) => known.has(item)))).toEqual(new Set(due));
    // A copy of gold joins them from when it looks accepted.
    const hidden = (reads[number] ?? 0) - (given[number]?.length ?? 0);
    expect(lines.length - due.length).toBeLessThanOrEqual(hidden);
  }

  // The contract of Y ends while its reader has a task: a minute later somebody else has it.
  await sendsFrames(people, project, GOLD + FRAMES, 1);
  await expect.poll(() => inPhase(people, project, "reading")).toBe(1);
  const draft = { organizations: [y.id], count: 1, overlap: 0, reason: "One more." };
  const mix = await call(owner, "post", `/projects/${project}/mixes`, draft);
  const last = await claim(y.person, project);
  const ends = Date.now() + 5_000;
  await contract(people, y, ends);
  await call(y.person, "post", `/tasks/${last.task.id}/renew`, { fence: last.task.fence });
  await expect
    .poll(async () => (await y.person.context.request.get("/api/v1/home")).status(), { timeout: MINUTE })
    .toBe(403);
  const late = await y.person.context.request.post(`/api/v1/tasks/${last.task.id}/submit`, {
    data: { fence: last.task.fence, changes: [] },
    headers: { ...GUARD, "if-match": '"0"' },
  });
  expect(late.status()).toBe(403);
  await y.person.page.goto("/");
  await expect(y.person.page.getByText("The contract has ended")).toBeVisible();
  await call(owner, "post", `/mixes/${mix.id}/take-back`, { organization: y.id, reason: "It has ended." });
  await expect(async () => {
    const taken = await annotator.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
      data: { item: last.item.id },
      headers: GUARD,
    });
    expect(taken.ok()).toBe(true);
  }).toPass({ timeout: MINUTE });
  expect(Date.now() - ends).toBeLessThan(MINUTE);
  for (const person of [...Object.values(people), second, x.person, y.person]) await person.leaves();
});
