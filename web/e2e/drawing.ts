/** A hand that draws on the page in pixels of the picture, and what the person's own session says is kept of it. */
import { type Browser, expect, type Page } from "@playwright/test";
import { shapeBounds } from "../src/canvas/geometry";
import type { Annotation, Shape, ShapeKind } from "../src/canvas/types";
import { Person } from "./people";
import { claim, inPhase, opens, type People, png } from "./pictures";

type At = readonly [number, number];
type Kept<K extends ShapeKind> = Extract<Shape, { type: K }>;

/** Free space around the picture after "fit", screen pixels, as the viewport has it. */
const MARGIN = 16;
/** How far what is kept may be from what was drawn, pixels of the picture. */
const NEAR = 1.5;

/** The picture of these walks: a bright disc and a brighter square on grey that grows to the right. */
export const SIDE = 320;
export const DISC = { x: 100, y: 110, r: 50 };
export const SQUARE = { x: 200, y: 60, side: 80 };
const GREY = 40;

/** No two numbers give the same bytes. */
export const scene = (number: number): Buffer =>
  png(SIDE, (x, y) => {
    if (Math.hypot(x + 0.5 - DISC.x, y + 0.5 - DISC.y) < DISC.r) return 160;
    const { x: left, y: top, side } = SQUARE;
    if (x >= left && x < left + side && y >= top && y < top + side) return 230;
    return GREY + number + Math.floor(x / 20);
  });

/** Owner, privacy officer and the one who draws: nobody else is needed for a read. */
export async function drawers(browser: Browser): Promise<Pick<People, "owner" | "privacy" | "annotator">> {
  return {
    owner: await Person.arrives(browser, "owner"),
    privacy: await Person.arrives(browser, "privacy"),
    annotator: await Person.arrives(browser, "annotator"),
  };
}

/** A project of so many of these pictures that wait for their reader. */
export async function scenes(
  people: Pick<People, "owner" | "privacy" | "annotator">,
  name: string,
  count: number,
): Promise<string> {
  const project = await opens(people, name);
  for (let number = 0; number < count; number += 1) {
    await brings(people.owner, project, `${number}.png`, "image/png", scene(number));
  }
  await expect.poll(() => inPhase(people, project, "queued")).toBe(count);
  return project;
}

/** Sends one file to a project. */
export async function brings(
  owner: Person,
  project: string,
  name: string,
  mimeType: string,
  buffer: Buffer,
): Promise<void> {
  const sent = await owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
    headers: { "x-countersign": "1" },
    multipart: { file: { name, mimeType, buffer } },
  });
  expect(sent.ok(), await sent.text()).toBe(true);
}

/** Takes the next task of a project and opens it in the person's browser. */
export async function begins(person: Person, project: string, side = SIDE): Promise<Hand> {
  const work = await claim(person, project);
  await person.page.goto(`/work/${work.task.id}`);
  return goesOn(person, side);
}

/** Goes on with the task that the page opened after the last one was handed in. */
export async function goesOn(person: Person, side = SIDE): Promise<Hand> {
  await expect(person.page).toHaveURL(/\/work\//);
  const hand = new Hand(person, person.page.url().split("/work/")[1] ?? "", side);
  await hand.sees();
  return hand;
}

/** Somebody who draws in one open task. */
export class Hand {
  readonly page: Page;

  constructor(
    readonly person: Person,
    private readonly task: string,
    private readonly side: number,
  ) {
    this.page = person.page;
  }

  /** The picture is there: what is drawn before is drawn on nothing. */
  async sees(): Promise<void> {
    await expect(this.page.getByTestId("stage")).toBeVisible();
    await expect(this.page.getByText(/^Loading (the (image|viewer)|slice )/)).toHaveCount(0);
  }

  /** A place of the picture on the screen, while the whole of it is looked at. */
  private async places(): Promise<(at: At) => [number, number]> {
    const box = await this.page.getByTestId("stage").boundingBox();
    if (!box) throw new Error("no stage");
    const scale = (Math.min(box.width, box.height) - 2 * MARGIN) / this.side;
    const [left, top] = [
      box.x + box.width / 2 - (this.side / 2) * scale,
      box.y + box.height / 2 - (this.side / 2) * scale,
    ];
    return ([x, y]) => [left + x * scale, top + y * scale];
  }

  /** One click; with steps, the mouse goes there as a hand does. */
  async clicks(at: At, options: { button?: "right"; keys?: string[]; steps?: number } = {}): Promise<void> {
    const place = (await this.places())(at);
    if (options.steps) await this.page.mouse.move(...place, { steps: options.steps });
    await this.holding(options.keys, () =>
      this.page.mouse.click(...place, options.button ? { button: options.button } : {}),
    );
  }

  async drags(points: readonly At[], keys: string[] = []): Promise<void> {
    const place = await this.places();
    const [first, ...rest] = points as [At, ...At[]];
    await this.holding(keys, async () => {
      await this.page.mouse.move(...place(first));
      await this.page.mouse.down();
      for (const point of rest) await this.page.mouse.move(...place(point), { steps: 6 });
      await this.page.mouse.up();
    });
  }

  /** Clicks one point after another and ends with Enter; keys are held at the first one only. */
  async path(points: readonly At[], keys: string[] = []): Promise<void> {
    for (const [index, point] of points.entries()) await this.clicks(point, index === 0 ? { keys } : {});
    await this.presses("Enter");
  }

  /** Presses keys one after the other, with the picture in focus. */
  async presses(...keys: string[]): Promise<void> {
    await this.page.getByTestId("stage").focus();
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Takes a tool by its key, lays it down, and takes it by its button. */
  async takes(tool: string, key: string): Promise<void> {
    const button = this.page.getByTestId(`tool-${tool}`);
    await this.presses(key);
    await expect(button).toHaveAttribute("aria-pressed", "true");
    await this.page.getByTestId("tool-pan").click();
    await expect(button).toHaveAttribute("aria-pressed", "false");
    await button.click();
    await expect(button).toHaveAttribute("aria-pressed", "true");
  }

  /** Selects what lies at a place, with the selecting tool. */
  async selects(at: At, keys: string[] = []): Promise<void> {
    await this.presses("s");
    await this.clicks(at, { keys });
  }

  private async holding(keys: string[] = [], act: () => Promise<void>): Promise<void> {
    for (const key of keys) await this.page.keyboard.down(key);
    await act();
    for (const key of keys) await this.page.keyboard.up(key);
  }

  // --- what the page shows

  get rows() {
    return this.page.getByTestId("object-row");
  }

  get selected() {
    return this.page.locator('[data-testid="object-row"][data-selected="true"]');
  }

  get notice() {
    return this.page.getByTestId("notice");
  }

  /** What the list says of the selected object's shape. */
  async words(): Promise<string> {
    await expect(this.selected).not.toHaveCount(0);
    return (await this.selected.first().locator("small").first().textContent()) ?? "";
  }

  /** Pixels of the selected mask, as the list has them. */
  async area(): Promise<number> {
    return Number((await this.words()).replace(/\D/g, ""));
  }

  /** Does something that makes objects (or takes them away), takes it back by key, and does it again by button. */
  async makes(more: number, act: () => Promise<void>): Promise<void> {
    const before = await this.rows.count();
    await act();
    await expect(this.rows).toHaveCount(before + more);
    await this.presses("Control+z");
    await expect(this.rows).toHaveCount(before);
    await this.page.getByTestId("redo").click();
    await expect(this.rows).toHaveCount(before + more);
    await this.page.getByTestId("stage").focus();
  }

  /** Does something that changes what the page says, takes it back by button, and does it again by key. */
  async turns<T>(says: () => Promise<T>, act: () => Promise<void>): Promise<T> {
    const before = await says();
    await act();
    await expect.poll(says).not.toEqual(before);
    const after = await says();
    await this.page.getByTestId("undo").click();
    await expect.poll(says).toEqual(before);
    await this.presses("Control+Shift+z");
    await expect.poll(says).toEqual(after);
    return after;
  }

  /** Closes the word above the picture, so that the next one is a new one. */
  async hears(words: string | RegExp): Promise<void> {
    await expect(this.notice).toContainText(words);
    await this.notice.getByRole("button", { name: "Fine" }).click();
    await expect(this.notice).toHaveCount(0);
  }

  // --- what is kept

  async saves(): Promise<void> {
    await expect(this.page.getByTestId("save-state")).toHaveText(/saved/i);
    await expect(this.page.getByTestId("save-state")).toHaveAttribute("data-state", "saved");
  }

  /** What the person's own session is told of the read. */
  async kept(): Promise<Annotation[]> {
    const answer = await this.person.context.request.get(`/api/v1/tasks/${this.task}`);
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()).read.annotations;
  }

  /** Saved, loaded anew, and all of it is there as it was. */
  async returns(): Promise<Annotation[]> {
    await this.saves();
    const before = await this.kept();
    const listed = await this.rows.allTextContents();
    await this.page.reload();
    await this.sees();
    await expect(this.rows).toHaveCount(before.length);
    expect((await this.rows.allTextContents()).sort()).toEqual(listed.sort());
    expect(await this.kept()).toEqual(before);
    return before;
  }

  /** Hands the task in; what the read is from then on. */
  async handsIn(): Promise<Annotation[]> {
    const { read } = await (await this.person.context.request.get(`/api/v1/tasks/${this.task}`)).json();
    await this.person.submits();
    const answer = await this.person.context.request.get(`/api/v1/reads/${read.id}`);
    expect(answer.ok(), await answer.text()).toBe(true);
    const handed = await answer.json();
    expect(handed.status).toBe("submitted");
    return handed.annotations;
  }
}

/** The shapes of one kind, from left to right. */
export const of = <K extends ShapeKind>(all: Annotation[], kind: K): Kept<K>[] =>
  all
    .filter((one) => one.shape.type === kind)
    .map((one) => one.shape as Kept<K>)
    .sort((a, b) => (shapeBounds(a)?.minX ?? 0) - (shapeBounds(b)?.minX ?? 0));

/** Numbers that were drawn and kept; `slack` where more than the hand decides. */
export function near(found: readonly number[], drawn: readonly number[], slack = NEAR): void {
  expect(found.length).toBe(drawn.length);
  const off = found.map((value, index) => Math.abs(value - (drawn[index] ?? Number.NaN)));
  expect(Math.max(...off), `${found.join(", ")} was drawn as ${drawn.join(", ")}`).toBeLessThan(slack);
}

/** The same points, wherever a ring begins and whichever way around it goes. */
export function sameRing(found: readonly At[], drawn: readonly At[], slack = NEAR): void {
  const reach = (points: readonly At[], [x, y]: At) =>
    Math.min(...points.map((point) => Math.hypot(point[0] - x, point[1] - y)));
  const off = Math.max(...drawn.map((at) => reach(found, at)), ...found.map((at) => reach(drawn, at)));
  expect(off, `${JSON.stringify(found)} was drawn as ${JSON.stringify(drawn)}`).toBeLessThan(slack);
}
