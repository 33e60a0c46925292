import { expect, test } from "@playwright/test";
import { Person } from "./people";
import { call, everybody, PASSWORD, type People, pictures, reads, reviews } from "./pictures";

/** Somebody of their own, whom no other walk signs as or waits for. */
async function specialist(people: People, project: string, login: string, name: string): Promise<void> {
  const { owner } = people;
  const made = await call(owner, "post", "/users", { login, printed_name: name, password: PASSWORD });
  await call(owner, "post", `/projects/${project}/grants`, { user: made.user.id, role: "specialist" });
}

test("the first signature of a session takes both components, the second one", async ({ browser }, info) => {
  test.slow();
  const people = await everybody(browser);
  const project = await pictures(people, "Signed twice", 2);
  await specialist(people, project, "signer", "Dr. Sam Signer");
  const items = [await reads(people, project, 1, true), await reads(people, project, 2, true)];
  for (const number of [1, 2]) await reviews(people, project, number, true);

  const signer = await Person.arrives(browser, "signer");
  const { page } = signer;
  await signer.starts("Signed twice", "signing");
  const first = page.url();
  await page.getByTestId("sign-open").click();
  await expect(page.getByTestId("sign-statement")).toContainText("is my signature");
  await page.getByTestId("sign-agree").click();
  await page.getByTestId("sign-password").fill(PASSWORD);
  await expect(page.getByTestId("sign-confirm")).toBeDisabled();
  // Somebody else's name with one's own password is no signature.
  await page.getByTestId("sign-login").fill("specialist");
  await page.getByTestId("sign-confirm").click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("Name or password is wrong");
  await page.getByTestId("sign-login").fill("signer");
  await page.screenshot({ path: info.outputPath("both.png") });
  await page.getByTestId("sign-confirm").click();
  await expect(page).not.toHaveURL(first, { timeout: 20_000 });

  await signer.starts("Signed twice", "signing");
  const second = page.url();
  await page.getByTestId("sign-open").click();
  await expect(page.getByTestId("sign-password")).toBeVisible();
  await expect(page.getByTestId("sign-login")).toBeHidden();
  await page.getByTestId("sign-password").fill(PASSWORD);
  await page.getByTestId("sign-confirm").click();
  await expect(page).not.toHaveURL(second, { timeout: 20_000 });

  // Printed name, meaning and time stand on the item's page.
  const { owner } = people;
  await owner.page.goto(`/items/${items[0]}`);
  await expect(owner.page.getByText("Dr. Sam Signer").first()).toBeVisible();
  const item = await (await owner.context.request.get(`/api/v1/items/${items[0]}`)).json();
  const last = item.signatures.at(-1);
  expect([last.printed_name, last.meaning, last.valid]).toEqual(["Dr. Sam Signer", "approved", true]);
  await signer.leaves();
  for (const person of Object.values(people)) await person.leaves();
});

test("five wrong passwords lock signing, and an owner says what was behind it", async ({ browser }, info) => {
  test.slow();
  const people = await everybody(browser);
  const project = await pictures(people, "Wrong passwords", 1);
  await specialist(people, project, "clumsy", "Dr. Cleo Clumsy");
  await reads(people, project, 3, true);
  await reviews(people, project, 3, true);

  const clumsy = await Person.arrives(browser, "clumsy");
  const { page } = clumsy;
  await clumsy.starts("Wrong passwords", "signing");
  await page.getByTestId("sign-open").click();
  await page.getByTestId("sign-agree").click();
  const tries = async (password: string) => {
    await page.getByTestId("sign-login").fill("clumsy");
    await page.getByTestId("sign-password").fill(password);
    const answered = page.waitForResponse((answer) => answer.url().endsWith("/sign"));
    await page.getByTestId("sign-confirm").click();
    return (await answered).status();
  };
  for (let wrong = 0; wrong < 5; wrong += 1) expect(await tries(`wrong ${wrong}`)).toBe(401);
  expect(await tries(PASSWORD)).toBe(429);
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("Too many wrong tries");
  await page.screenshot({ path: info.outputPath("locked.png") });

  const { owner, annotator } = people;
  await owner.page.goto("/");
  const alert = owner.page.getByTestId("access-alert").filter({ hasText: "Dr. Cleo Clumsy" });
  await expect(alert).toContainText("at signing");
  await annotator.page.goto("/");
  await expect(annotator.page.getByRole("heading", { name: /^Hello/ })).toBeVisible();
  await expect(annotator.page.getByTestId("access-alert")).toBeHidden();
  await owner.page.screenshot({ path: info.outputPath("alert.png") });
  await owner.page
    .getByRole("region", { name: "Locked accounts" })
    .locator("div")
    .filter({ has: alert })
    .getByRole("button", { name: "Say what it was" })
    .last()
    .click();
  await owner.page.getByRole("dialog").getByLabel("Reason").fill("It was she, with a new keyboard.");
  await owner.page.getByRole("button", { name: "Close the alert" }).click();
  await expect(alert).toBeHidden();
  await clumsy.leaves();
  for (const person of Object.values(people)) await person.leaves();
});
