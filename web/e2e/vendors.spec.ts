/** A vendor is set up, is given work, sees nothing else, and is shut out when its contract ends. */
import { expect, test } from "@playwright/test";
import { Person } from "./people";
import { call, everybody, pictures } from "./pictures";

const PROJECT = "Read by a vendor";
const GUARD = { "x-countersign": "1" };
/** `2026-11-28T12:00` in UTC, so many minutes from now. */
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 16);

test("a vendor reads what it is given until its contract ends", async ({ browser }) => {
  const people = await everybody(browser);
  const { owner } = people;
  const { page } = owner;
  const project = await pictures(people, PROJECT, 2);
  const name = `Vendor ${Date.now()}`;
  await page.goto("/users");
  await page.getByRole("button", { name: "New organization" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Contract from, UTC").fill(inMinutes(-600));
  await page.getByLabel("until, UTC").fill(inMinutes(600));
  await page.getByLabel("Why", { exact: true }).fill("The contract is signed.");
  await page.getByRole("button", { name: "Set up" }).click();
  const row = page.getByTestId(`organization-${name}`);
  await expect(row).toContainText("ends soon");

  const get = async (path: string) => (await owner.context.request.get(`/api/v1${path}`)).json();
  const organizations: { id: string; name: string }[] = await get("/organizations");
  const organization = organizations.find((one) => one.name === name)?.id ?? "";
  const login = `reader-${Date.now()}`;
  const account = { login, printed_name: "Vera Reads", password: "countersign-demo", organization };
  const user = (await call(owner, "post", "/users", account)).user.id;
  await call(owner, "post", `/projects/${project}/grants`, { user, role: "annotator" });
  const refused = await owner.context.request.post(`/api/v1/projects/${project}/grants`, {
    data: { user, role: "auditor" },
    headers: GUARD,
  });
  expect((await refused.json()).code).toBe("not_for_vendors");

  // An item is given to the vendor, and taken back at the end of the walk.
  await page.goto(`/projects/${project}/vendors`);
  await page
    .getByRole("combobox", { name: "Organizations" })
    .or(page.getByLabel("Organizations"))
    .first()
    .click();
  await page.getByRole("option", { name }).click();
  await page.getByLabel("Items", { exact: true }).fill("1");
  await page.getByLabel("Why it is drawn").fill("To see how they read.");
  await page.getByRole("button", { name: "Draw" }).click();
  await expect(page.getByText(`${name}: 0 of 1 item read`)).toBeVisible();

  const vera = await Person.arrives(browser, login);
  await vera.starts(PROJECT, "reading");
  for (const path of [
    "/users",
    "/organizations",
    `/projects/${project}/releases`,
    `/projects/${project}/vendors`,
  ]) {
    expect((await vera.context.request.get(`/api/v1${path}`)).status(), path).toBe(404);
  }
  const listed = await (await vera.context.request.get(`/api/v1/projects/${project}/items`)).text();
  expect(listed).not.toContain("Demo");

  // The contract ends by hand: the task goes back, the page says why.
  await page.goto("/users");
  await row.getByRole("button", { name: `Change ${name}` }).click();
  await page.getByLabel("until, UTC").fill(inMinutes(-2));
  await page.getByLabel("Why", { exact: true }).fill("Their price is too high.");
  await page.getByRole("button", { name: "Keep" }).click();
  await expect(row).toContainText("ended");
  await vera.page.goto("/");
  await expect(vera.page.getByText("The contract has ended")).toBeVisible();
  await vera.page.screenshot({ path: test.info().outputPath("contract.png") });
  expect((await vera.context.request.get("/api/v1/home")).status()).toBe(403);
  await vera.page.getByRole("button", { name: "Sign out" }).click();
  await expect(vera.page.getByLabel("User name")).toBeVisible();

  await page.goto(`/projects/${project}/vendors`);
  await page.getByRole("button", { name: `Take back from ${name}` }).click();
  await page.getByLabel(`Why what ${name} has not read is taken back`).fill("The contract has ended.");
  await page.getByRole("button", { name: "Take back", exact: true }).last().click();
  await expect(page.getByText("1 taken back")).toBeVisible();
  await vera.leaves();
  for (const person of Object.values(people)) await person.leaves();
});
