/**
 * Sixty pictures read twice without knowing of each other, under a protocol that is signed first: fifteen differences that were made on purpose reach the
 * adjudicator and nothing else does; what leaves holds every read, every consensus, every reason, and an agreement that
 * is worked out here once more.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type Browser, expect, test } from "@playwright/test";
import { crawl, Person } from "./people";
import {
  box,
  call,
  claim,
  everybody,
  file,
  grants,
  inPhase,
  lets,
  opens,
  PASSWORD,
  type People,
  putsProtocol,
  sends,
  twice,
} from "./pictures";

const CASES = 60;
/** Both mark the square, one a pixel beside the other: within what the rule lets pass. */
const ALIKE = 30;
/** Nobody marks anything. */
const EMPTY = 15;
const HANDED_ON = 2;
const REASONS = ["ambiguous_guideline", "perceptual_miss", "technique", "boundary", "tool_error"];
/** 97.5 % quantile of the normal distribution. */
const NORMAL = 1.959963984540054;

type Mark = ReturnType<typeof box>;

/** What the two readers of a case answer. The last fifteen differ: missed by one, another class, another extent. */
function answers(number: number): [Mark[], Mark[]] {
  const [a, b] = [box(1_000 + number, "object"), box(2_000 + number, "object")];
  if (number < ALIKE) {
    b.annotation.shape.x += 1;
    return [[a], [b]];
  }
  if (number < ALIKE + EMPTY) return [[], []];
  const kind = number - ALIKE - EMPTY;
  if (kind < 5) return [[a], []];
  if (kind < 9) return [[], [b]];
  if (kind < 12) b.annotation.class = "person";
  else b.annotation.shape = { ...b.annotation.shape, w: 8, h: 8 };
  return [[a], [b]];
}

const differs = (number: number) => number >= ALIKE + EMPTY;

/** Claims the next picture and hands in what the case says for this reader; which picture it was. */
async function readsOne(reader: Person, project: string, place: 0 | 1, cases: Map<string, number>) {
  const work = await claim(reader, project);
  const number = cases.get(work.item.id) ?? cases.size;
  cases.set(work.item.id, number);
  const changes = answers(number)[place];
  await call(
    reader,
    "post",
    `/tasks/${work.task.id}/submit`,
    { fence: work.task.fence, changes },
    { "if-match": `"${work.read.revision}"` },
  );
  return work.item.id as string;
}

/** Decides the next dispute, or hands it on; the picture, and at which place the first reader was shown. */
async function decides(person: Person, project: string, nth: number, decision: "decide" | "escalate") {
  const work = await claim(person, project, "adjudicate");
  const marks = work.dispute.findings[0].sides as { reader: number; mark: { id: string } }[];
  const first = marks.find((side) => side.mark.id.endsWith(String(1_000 + nthOf(side.mark.id))));
  await call(
    person,
    "post",
    `/tasks/${work.task.id}/adjudicate`,
    {
      fence: work.task.fence,
      decision,
      reason: REASONS[nth % REASONS.length],
      changes: decision === "decide" ? [box(3_000 + nth, "object")] : [],
    },
    { "if-match": `"${work.read.revision}"` },
  );
  return { item: work.item.id as string, place: first?.reader, hidden: JSON.stringify(work.dispute) };
}

const nthOf = (id: string) => Number(id.slice(-12)) % 1_000;

async function signsOne(person: Person, project: string) {
  const work = await claim(person, project, "sign");
  await call(person, "post", `/tasks/${work.task.id}/sign`, {
    fence: work.task.fence,
    login: person.login,
    password: PASSWORD,
    content_hash: work.subject.content_hash,
    decision: "sign",
  });
  return work.item.id as string;
}

/** A read of a package with the classes of its marks. */
type PackedRead = {
  item_id: string;
  kind: string;
  author: { kind: string; user?: string };
  reason?: string;
  classes: string[];
};

/** The reads of a package: each line of a read is followed by those of its marks. */
function readsOf(text: string): PackedRead[] {
  const reads: PackedRead[] = [];
  for (const line of text
    .trim()
    .split("\n")
    .map((each) => JSON.parse(each))) {
    if (line.line === "read") reads.push({ ...line, classes: [] });
    else reads.at(-1)?.classes.push(line.class);
  }
  return reads;
}

/** Cohen's kappa of pairs of answers with the interval of Fleiss, Cohen and Everitt (1969), from the table itself. */
function kappa(pairs: [string, string][]): { value: number; low: number; high: number } {
  const names = [...new Set(pairs.flat())];
  const share = (a: string, b: string) => pairs.filter(([x, y]) => x === a && y === b).length / pairs.length;
  const row = (a: string) => names.reduce((sum, b) => sum + share(a, b), 0);
  const column = (b: string) => names.reduce((sum, a) => sum + share(a, b), 0);
  const observed = names.reduce((sum, a) => sum + share(a, a), 0);
  const chance = names.reduce((sum, a) => sum + row(a) * column(a), 0);
  const value = (observed - chance) / (1 - chance);
  let spread = 0;
  for (const a of names) {
    for (const b of names) {
      const same = a === b ? 1 : 0;
      // Marginals that meet in the cell, weighted by how far the coefficient is from 1.
      spread += share(a, b) * (same - (column(a) + row(b)) * (1 - value)) ** 2;
    }
  }
  const variance = (spread - (value - chance * (1 - value)) ** 2) / ((1 - chance) ** 2 * pairs.length);
  const reach = NORMAL * Math.sqrt(variance);
  return { value, low: Math.max(-1, value - reach), high: Math.min(1, value + reach) };
}

/** The people of this walk: the usual ones, and a second annotator. */
async function arrive(browser: Browser): Promise<{ people: People; second: Person }> {
  return { people: await everybody(browser), second: await Person.arrives(browser, "annotator2") };
}

test("sixty pictures, two blind readers, fifteen differences", async ({ browser }) => {
  test.setTimeout(600_000);
  const { people, second } = await arrive(browser);
  const { owner, annotator, reviewer, specialist, quality, scientist } = people;
  const project = await opens(people, `Sixty ${Date.now()}`, false);
  await grants(people, project, second, "annotator");
  await grants(people, project, owner, "annotator");
  await grants(people, project, owner, "reviewer");
  // Whoever decides a dispute cannot sign it: a second person signs those that the specialist decides.
  await grants(people, project, quality, "specialist");
  for (const person of [owner, specialist, quality, scientist])
    await call(person, "post", "/me/signing", { version: 1 });
  // The protocol is signed first: before, nobody is given anything to read.
  for (const reader of [annotator, second]) {
    const early = await reader.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
      data: {},
      headers: { "x-countersign": "1" },
    });
    expect((await early.json()).code).toBe("protocol_unsigned");
  }
  const put = await putsProtocol(people, project, await twice(people, project));
  expect(put.status(), await put.text()).toBe(201);
  const versions = await owner.context.request.get(`/api/v1/projects/${project}/protocol/versions`);
  const [inForce, never] = await versions.json();
  expect(inForce.signature).toMatchObject({ printed_name: "Demo owner", meaning: "approved" });
  expect(never.signature).toBeUndefined();
  await sends(people, project, CASES);
  await expect.poll(() => inPhase(people, project, "reading"), { timeout: 180_000 }).toBe(CASES);

  // Before the barrier the second reader finds nothing of the first, however far they are.
  const cases = new Map<string, number>();
  const account = (await (await annotator.context.request.get("/api/v1/session")).json()).user.id as string;
  const open = await claim(second, project);
  const before = await crawl(second, project, open.item.id);
  expect(before).not.toContain(account);
  for (let n = 0; n < CASES / 2; n += 1) await readsOne(annotator, project, 0, cases);
  expect(await crawl(second, project, open.item.id)).toBe(before);
  await call(second, "post", `/tasks/${open.task.id}/give-back`, { fence: open.task.fence });
  for (let n = CASES / 2; n < CASES; n += 1) await readsOne(annotator, project, 0, cases);

  // A change in the middle of the study is a deviation and says why.
  const changed = await twice(people, project);
  const without = await putsProtocol(people, project, changed);
  expect((await without.json()).code).toBe("deviation_needs_reason");
  const said = await putsProtocol(people, project, changed, "The wording of the guideline was mended.");
  expect(said.status(), await said.text()).toBe(201);

  for (let n = 0; n < CASES; n += 1) await readsOne(second, project, 1, cases);
  await expect
    .poll(
      async () => (await inPhase(people, project, "reading")) + (await inPhase(people, project, "comparing")),
      {
        timeout: 120_000,
      },
    )
    .toBe(0);

  // The adjudicator's start page counts what there is to decide: the fifteen that were made, and no other.
  await reviewer.page.goto("/");
  await expect(
    reviewer.page
      .locator("section, article, li, div")
      .filter({ hasText: "Sixty" })
      .getByRole("button", { name: /^15 disputes$/ })
      .first(),
  ).toBeVisible();
  const decided = [];
  for (let n = 0; n < CASES - ALIKE - EMPTY; n += 1) {
    const escalate = n >= CASES - ALIKE - EMPTY - HANDED_ON;
    decided.push(await decides(reviewer, project, n, escalate ? "escalate" : "decide"));
  }
  expect(new Set(decided.map(({ item }) => cases.get(item)))).toEqual(
    new Set([...cases.values()].filter(differs)),
  );
  for (const { hidden } of decided) expect(hidden).not.toContain(account);
  const places = decided.map(({ place }) => place).filter((place) => place !== undefined);
  // In an order by chance: the first reader is not always the first, nor always the second.
  expect(new Set(places)).toEqual(new Set([1, 2]));
  const handedOn = [];
  for (let n = 0; n < HANDED_ON; n += 1)
    handedOn.push((await decides(specialist, project, n, "decide")).item);

  // The specialist signs everything but what they decided themselves; another specialist signs that.
  const signed = new Set<string>();
  for (let n = 0; n < CASES - HANDED_ON; n += 1) signed.add(await signsOne(specialist, project));
  for (const item of handedOn) {
    expect(signed.has(item)).toBe(false);
    const own = await specialist.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
      data: { item },
      headers: { "x-countersign": "1" },
    });
    expect((await own.json()).code).toBe("separation_of_duties");
    await signsOne(quality, project);
  }
  expect(await inPhase(people, project, "accepted")).toBe(CASES);

  // What leaves: every read, every consensus, the reasons, and the agreement.
  const release = await lets(scientist, project, "sixty");
  await expect
    .poll(
      async () =>
        (await (await scientist.context.request.get(`/api/v1/releases/${release.id}`)).json()).state,
      {
        timeout: 60_000,
      },
    )
    .toBe("done");
  const download = await scientist.context.request.get(`/api/v1/releases/${release.id}/download`);
  const bytes = await download.body();
  const kept = test.info().outputPath("sixty.zip");
  writeFileSync(kept, bytes);
  execFileSync(process.env.COUNTERSIGN_BIN as string, ["verify", kept]);
  const reads = readsOf(file(bytes, "reads.jsonl"));
  const blind = reads.filter((read) => read.kind === "read" && read.author.kind === "human");
  expect(blind).toHaveLength(2 * CASES);
  const ruled = reads.filter((read) => read.kind === "adjudicate" && read.reason);
  expect(ruled).toHaveLength(CASES - ALIKE - EMPTY);
  for (const { reason } of ruled) expect(REASONS).toContain(reason);
  const accepted = file(bytes, "annotations.jsonl").match(/"line":"item"/g);
  expect(accepted).toHaveLength(CASES);
  const agreement = JSON.parse(file(bytes, "agreement.json"));
  expect(agreement.items).toBe(CASES);
  expect(agreement.agreed_items).toBe(ALIKE + EMPTY);
  const { first, second: other, items, kappa: stated } = agreement.pairs[0];
  expect(items).toBe(CASES);
  const answer = (item: string, user: string) => {
    const read = blind.find((one) => one.item_id === item && one.author.user === user);
    return [...new Set(read?.classes)].sort().join();
  };
  const pairs = [...cases.keys()].map(
    (item) => [answer(item, first), answer(item, other)] as [string, string],
  );
  const own = kappa(pairs);
  expect(stated.value).toBeCloseTo(own.value, 9);
  expect(stated.low).toBeCloseTo(own.low, 6);
  expect(stated.high).toBeCloseTo(own.high, 6);
  for (const person of [...Object.values(people), second]) await person.leaves();
});
