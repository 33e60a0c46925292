/** People in browsers of their own, against the real server with its demo data. */
import { type Browser, type BrowserContext, expect, type Page } from "@playwright/test";
import type { Item } from "../src/api/types";

const PASSWORD = "countersign-demo";

/** What somebody begins on the start page. */
type Verb = "reading" | "reviewing" | "signing" | "deciding";

export class Person {
  private constructor(
    readonly login: string,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly faults: string[],
  ) {}

  /** Signs in in a new browser context, at the server of the walks or at another one. */
  static async arrives(browser: Browser, login: string, baseURL?: string): Promise<Person> {
    const context = await browser.newContext(baseURL ? { baseURL } : {});
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(`${login}: ${error.message}`));
    page.on("console", (message) => {
      // A refused request is a line on the console too; the ones that matter are asserted where they are caused.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        faults.push(`${login}: ${message.text()}`);
      }
    });
    await page.goto("/");
    await page.getByLabel("User name").fill(login);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByLabel("User name")).toBeHidden();
    return new Person(login, context, page, faults);
  }

  /** Takes the next task of a project from the start page. */
  async starts(project: string, verb: Verb): Promise<void> {
    await this.page.goto("/");
    await this.card(project, verb).click();
    await expect(this.page).toHaveURL(/\/work\//);
    await expect(this.page.getByTestId("objects")).toBeVisible();
  }

  /** The button of a project on the start page. */
  card(project: string, verb: Verb) {
    // Where all that a role does is to decide between reads, its button counts what there is to decide.
    const name =
      verb === "deciding" ? /^(\d+ disputes?$|Continue reviewing)/ : new RegExp(`^(Start|Continue) ${verb}`);
    return this.waiting(project, name);
  }

  /** The button so named of a project on the start page; other walks make the same people wait elsewhere. */
  waiting(project: string, name: string | RegExp) {
    return this.page
      .locator("section, article, li, div")
      .filter({ hasText: project })
      .filter({ has: this.page.getByRole("button", { name }) })
      .last()
      .getByRole("button", { name })
      .first();
  }

  /** The item that is being worked on, through the API of the person's own session. */
  async item(): Promise<{ id: string; name: string }> {
    const task = this.page.url().split("/work/")[1];
    const answer = await this.context.request.get(`/api/v1/tasks/${task}`);
    expect(answer.ok()).toBe(true);
    return (await answer.json()).item;
  }

  /** Hands in what was drawn; the workspace moves on. */
  async submits(): Promise<void> {
    const task = this.page.url();
    await this.page.getByTestId("submit").click();
    await expect(this.page).not.toHaveURL(task, { timeout: 20_000 });
  }

  /** Enters what a signature takes in the open dialog: agrees to the statement and gives the user name where asked. */
  async entersComponents(testid: string): Promise<void> {
    const agree = this.page.getByTestId(`${testid}-agree`);
    const password = this.page.getByTestId(`${testid}-password`);
    // Walks share accounts: what another one agreed to meanwhile is no longer asked for.
    await expect(async () => {
      if (await agree.isVisible()) await agree.click({ timeout: 1_000 });
      await expect(password).toBeVisible({ timeout: 2_000 });
    }).toPass();
    const login = this.page.getByTestId(`${testid}-login`);
    if (await login.isVisible()) await login.fill(this.login);
    await password.fill(PASSWORD);
  }

  /** Signs what is on the screen; the workspace moves on. */
  async signs(): Promise<void> {
    const task = this.page.url();
    await this.page.getByTestId("sign-open").click();
    await this.entersComponents("sign");
    await this.page.getByTestId("sign-confirm").click();
    await expect(this.page).not.toHaveURL(task, { timeout: 20_000 });
  }

  /** No script of the page failed while this person was there. */
  async leaves(): Promise<void> {
    expect(this.faults).toEqual([]);
    await this.context.close();
  }
}

/** Drags on an element, in fractions of its size. */
export async function drag(page: Page, testId: string, from: [number, number], to: [number, number]) {
  await expect(page.getByTestId(testId)).toBeVisible();
  // What is drawn before the picture is there is drawn on nothing.
  await expect(page.getByText(/^Loading (the (image|viewer|points)|slice )/)).toHaveCount(0);
  const box = await page.getByTestId(testId).boundingBox();
  if (!box) throw new Error(`${testId} is not on the screen`);
  const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]), { steps: 4 });
  await page.mouse.move(...at(to), { steps: 4 });
  await page.mouse.up();
}

/** Both questions of a review: all marks are right, nothing is missing. */
export async function answersBoth(page: Page): Promise<void> {
  await expect(page.getByTestId("missing-nothing")).toBeVisible();
  const right = page.getByTestId("all-right");
  // Where nothing was drawn there is no mark to ask about.
  if (await right.isVisible()) await right.check();
  await page.getByTestId("missing-nothing").check();
}

/** Reviews the open task as right and complete. */
export async function accepts(reviewer: Person): Promise<void> {
  const { page } = reviewer;
  const task = page.url();
  await answersBoth(page);
  await page.getByTestId("review-accept").click();
  await expect(page).not.toHaveURL(task, { timeout: 20_000 });
}

/** The item with its signatures, as an auditor sees it. */
export async function itemOf(auditor: Person, id: string): Promise<Item> {
  const answer = await auditor.context.request.get(`/api/v1/items/${id}`);
  expect(answer.status()).toBe(200);
  return await answer.json();
}

/** Answers about all projects of a person. */
const ACROSS_PROJECTS = ["/home", "/me/tasks"];

/** Everything that a person's session can fetch about a project and an item, as one text. */
export async function crawl(person: Person, project: string, item: string): Promise<string> {
  const paths = [
    "/home",
    "/me/tasks",
    "/projects",
    `/projects/${project}`,
    `/projects/${project}/items`,
    `/projects/${project}/events`,
    `/projects/${project}/releases`,
    `/projects/${project}/holds`,
    `/items/${item}`,
    `/items/${item}/events`,
    `/items/${item}/exposures`,
    `/items/${item}/comparisons`,
  ];
  let all = "";
  for (const path of paths) {
    const answer = await person.context.request.get(`/api/v1${path}`);
    if (!answer.ok()) continue;
    if (!ACROSS_PROJECTS.includes(path)) {
      all += await answer.text();
      continue;
    }
    // The same person works in other walks at the same time: only what is about this project counts.
    const body = await answer.json();
    const rows: { project: string }[] = Array.isArray(body) ? body : (body.cards ?? body.items);
    all += JSON.stringify(rows.filter((row) => row.project === project));
  }
  return all;
}
