/** People in browsers of their own, against the real server with its demo data. */
import { type Browser, type BrowserContext, expect, type Page } from "@playwright/test";
import type { Item } from "../src/api/types";

const PASSWORD = "countersign-demo";

export class Person {
  private constructor(
    readonly login: string,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly faults: string[],
  ) {}

  /** Signs in in a new browser context. */
  static async arrives(browser: Browser, login: string): Promise<Person> {
    const context = await browser.newContext();
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
  async starts(project: string, verb: "reading" | "reviewing" | "signing"): Promise<void> {
    await this.page.goto("/");
    await this.card(project, verb).click();
    await expect(this.page).toHaveURL(/\/work\//);
    await expect(this.page.getByTestId("objects")).toBeVisible();
  }

  /** The button of a project on the start page. */
  card(project: string, verb: string) {
    const name = new RegExp(`^(Start|Continue) ${verb}`);
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

  /** Puts the password under what is on the screen; the workspace moves on. */
  async signs(): Promise<void> {
    const task = this.page.url();
    await this.page.getByTestId("sign-open").click();
    await this.page.getByTestId("sign-password").fill(PASSWORD);
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
  const box = await page.getByTestId(testId).boundingBox();
  if (!box) throw new Error(`${testId} is not on the screen`);
  const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]), { steps: 4 });
  await page.mouse.move(...at(to), { steps: 4 });
  await page.mouse.up();
}

/** Reviews the open task as right and complete. */
export async function accepts(reviewer: Person): Promise<void> {
  const { page } = reviewer;
  const task = page.url();
  await page.getByTestId("missing-nothing").check();
  await page.getByTestId("review-accept").click();
  await expect(page).not.toHaveURL(task, { timeout: 20_000 });
}

/** The item with its signatures, as an auditor sees it. */
export async function itemOf(auditor: Person, id: string): Promise<Item> {
  const answer = await auditor.context.request.get(`/api/v1/items/${id}`);
  expect(answer.status()).toBe(200);
  return await answer.json();
}
