/**
 * Whoever runs the installation reads ten pictures and then has every role there is. By the page, the API, a token, another
 * name in the headers, an end and a new grant of a role, and a project handed over, they judge none of them: each try gets
 * the same answer and stays in the evidence.
 */
import { expect, test } from "@playwright/test";
import { call, claim, everybody, grants, inPhase, pictures } from "./pictures";

const ITEMS = 10;
const GUARD = { "x-countersign": "1" };

test("no role, token or other name lets anybody judge what they read", async ({ browser, playwright }) => {
  const people = await everybody(browser);
  const { owner, quality } = people;
  const project = await pictures(people, "Own work", ITEMS);
  await grants(people, project, owner, "annotator");
  const items: string[] = [];
  for (let n = 0; n < ITEMS; n += 1) {
    const read = await claim(owner, project, "read");
    await call(
      owner,
      "post",
      `/tasks/${read.task.id}/submit`,
      { fence: read.task.fence, changes: [] },
      { "if-match": `"${read.read.revision}"` },
    );
    items.push(read.item.id);
  }
  for (const role of ["reviewer", "specialist", "quality_engineer"])
    await grants(people, project, owner, role);

  // By the page: nothing is offered, for none of the roles, and of each item it says that it waits for others.
  const { page } = owner;
  await page.goto("/");
  await expect(page.getByRole("heading", { name: /Own work/ }).first()).toBeVisible();
  for (const verb of ["reviewing", "signing"] as const)
    await expect(owner.card("Own work", verb)).toHaveCount(0);
  await page.goto(`/items/${items[0]}`);
  await expect(page.getByRole("heading").first()).toBeVisible();
  await expect(page.getByRole("button", { name: /^(Start|Review|Sign|Accept)/ })).toHaveCount(0);

  const path = `/api/v1/projects/${project}/tasks/claim`;
  const other = (await (await quality.context.request.get("/api/v1/session")).json()).user.id as string;
  const named = { ...GUARD, "x-on-behalf-of": other, "x-remote-user": other };
  let tries = 0;
  const refused = async (answer: { status(): number; json(): Promise<{ code: string }> }) => {
    expect([answer.status(), (await answer.json()).code]).toEqual([403, "separation_of_duties"]);
    tries += 1;
  };
  const made = await call(owner, "post", "/me/tokens", { name: "own work" });
  const script = await playwright.request.newContext({
    baseURL: new URL(page.url()).origin,
    extraHTTPHeaders: { authorization: `Bearer ${made.token}` },
  });
  for (const item of items) {
    await refused(await owner.context.request.post(path, { data: { item }, headers: GUARD }));
    await refused(await owner.context.request.post(path, { data: { item }, headers: named }));
    await refused(await script.post(path, { data: { item } }));
  }

  // The role ends and is given again; another owner takes the project over and gives it once more.
  const first = items[0] as string;
  const list = await owner.context.request.get(`/api/v1/projects/${project}/grants`);
  const all = (await list.json()) as { id: string; login: string; role: string }[];
  const mine = all.find((one) => one.login === owner.login && one.role === "reviewer");
  const ended = await owner.context.request.delete(`/api/v1/projects/${project}/grants/${mine?.id}`, {
    headers: GUARD,
  });
  expect(ended.status()).toBe(204);
  await grants(people, project, owner, "reviewer");
  await refused(await owner.context.request.post(path, { data: { item: first }, headers: GUARD }));
  await grants(people, project, quality, "owner");
  const me = (await (await owner.context.request.get("/api/v1/session")).json()).user.id as string;
  const again = await quality.context.request.post(`/api/v1/projects/${project}/grants`, {
    data: { user: me, role: "reviewer" },
    headers: GUARD,
  });
  expect(again.status()).toBe(409);
  await refused(await owner.context.request.post(path, { data: { item: first }, headers: GUARD }));

  // All of it is on record, with the code; the items wait for somebody else.
  let kept = 0;
  for (const item of items) {
    const events = await quality.context.request.get(`/api/v1/items/${item}/events`);
    const found = (await events.json()).items as { action: string; reason?: string }[];
    kept += found.filter((event) => event.action === "separation.refused").length;
  }
  expect(kept).toBe(tries);
  expect(await inPhase(people, project, "queued")).toBe(ITEMS);
  await script.dispose();
  for (const person of Object.values(people)) await person.leaves();
});
