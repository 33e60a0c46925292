/** Objects as things among others: classes, answers, copies, groups, order, locks, joined, cut and split; and skeletons. */
import { expect, test } from "@playwright/test";
import type { Annotation } from "../src/canvas/types";
import { begins, brings, drawers, type Hand, near, of, sameRing, scene } from "./drawing";
import { inPhase, opens, putsProtocol } from "./pictures";

type At = readonly [number, number];

/** How far a copy lies from its original on the same picture, pixels. */
const BESIDE = 12;

const FIGURE = `  - id: figure
    name: Figure
    color: "#33cc99"
    shapes: [skeleton]
    skeleton:
      joints: [head, hip, foot]
      bones: [[0, 1], [1, 2]]
`;

const square = (left: number, top: number, side: number): At[] => [
  [left, top],
  [left + side, top],
  [left + side, top + side],
  [left, top + side],
];

/** The last step, as the button that takes it back names it. */
const lastStep = (hand: Hand) => () => hand.page.getByTestId("undo").getAttribute("aria-label");

async function tag(hand: Hand): Promise<void> {
  const { page } = hand;
  await hand.presses("5");
  await expect(page.getByTestId("class-unusable")).toHaveAttribute("aria-pressed", "true");
  await hand.makes(1, () => page.getByTestId("add-tag").click());
  await hand.rows.filter({ hasText: "whole item" }).getByRole("button").first().click();
  const cause = page.getByTestId("attribute-cause");
  await hand.turns(
    () => cause.inputValue(),
    async () => {
      await cause.selectOption("dark");
    },
  );
}

async function answers(hand: Hand): Promise<void> {
  const { page } = hand;
  await hand.presses("2", "r");
  await hand.makes(1, () =>
    hand.drags([
      [20, 20],
      [60, 60],
    ]),
  );
  await hand.selects([22, 40]);
  const flag = page.getByTestId("attribute-occluded");
  await hand.turns(
    () => flag.isChecked(),
    () => flag.check(),
  );
  // Another class, by the list in the panel and by its digit: what both ask for keeps its answer.
  const named = page.getByTestId("object-class");
  await hand.turns(
    () => named.inputValue(),
    async () => {
      await named.selectOption("object");
    },
  );
  await hand.turns(
    () => named.inputValue(),
    () => hand.presses("2"),
  );
  await expect(flag).toBeChecked();
}

async function copies(hand: Hand): Promise<void> {
  await hand.selects([22, 40]);
  await hand.makes(1, () => hand.presses("Control+d"));
  await hand.selects([22, 40]);
  await hand.makes(1, () => hand.presses("Control+c", "Control+v"));
  // The duplicate lies under the paste: the paste goes to a place of its own.
  await hand.selects([70, 70]);
  for (let i = 0; i < 8; i += 1) await hand.presses("Shift+ArrowRight");
}

async function groups(hand: Hand): Promise<void> {
  await hand.selects([22, 40]);
  await hand.clicks([150, 70], { keys: ["Shift"] });
  await expect(hand.selected).toHaveCount(2);
  expect(await hand.turns(lastStep(hand), () => hand.presses("g"))).toContain("group");
  await hand.presses("Escape");
  await hand.clicks([22, 40]);
  await expect(hand.selected).toHaveCount(2);
  await hand.presses("Escape");
  await hand.selects([70, 70]);
  await expect(hand.selected).toHaveCount(1);
  expect(await hand.turns(lastStep(hand), () => hand.presses("Control+BracketRight"))).toContain("front");
}

/** Locked it stays as it is, hidden it is not there; both are nobody's but the drawer's. */
async function locks(hand: Hand): Promise<void> {
  const { page } = hand;
  const count = await hand.rows.count();
  await hand.selects([70, 70]);
  await hand.presses("l");
  const lock = hand.selected.getByRole("button", { name: "Unlock Person" });
  await expect(lock).toHaveAttribute("aria-pressed", "true");
  await hand.presses("Delete");
  await hand.presses("Shift+ArrowDown");
  await expect(hand.rows).toHaveCount(count);
  await expect(page.getByTestId("attribute-occluded")).toBeDisabled();
  await lock.click();
  await expect(page.getByTestId("attribute-occluded")).toBeEnabled();
  await hand.presses("h");
  const eye = hand.rows.getByRole("button", { name: "Show Person" });
  await expect(eye).toHaveCount(1);
  await hand.presses("Escape");
  await hand.clicks([70, 70]);
  await expect(hand.selected).toHaveCount(0);
  await eye.click();
  await hand.clicks([70, 70]);
  await expect(hand.selected).toHaveCount(1);
  await hand.presses("Escape");
}

async function joins(hand: Hand): Promise<void> {
  await hand.presses("1", "p");
  await hand.path(square(160, 200, 60));
  await hand.path(square(200, 220, 60));
  await hand.selects([170, 210]);
  await hand.clicks([250, 270], { keys: ["Shift"] });
  await expect(hand.selected).toHaveCount(2);
  await hand.makes(-1, () => hand.presses("m"));
  await hand.selects([170, 210]);
  await hand.takes("slice", "Alt+J");
  await hand.makes(1, () =>
    hand.path([
      [150, 240],
      [280, 240],
    ]),
  );
  await hand.presses("Escape", "Shift+K");
  await hand.page.getByTestId("option-sets").check();
  await hand.path([
    [20, 290],
    [40, 300],
    [60, 290],
  ]);
  await hand.makes(2, () => hand.presses("Alt+m"));
}

async function skeleton(hand: Hand): Promise<void> {
  const { page } = hand;
  await hand.presses("4");
  await hand.takes("skeleton", "Shift+J");
  await expect(page.getByTestId("option-next")).toContainText("head (1 of 3)");
  await hand.makes(1, async () => {
    await hand.clicks([100, 90]);
    await hand.clicks([110, 150]);
    await hand.presses("Control+z");
    await hand.clicks([100, 130], { keys: ["Control"] });
    await page.getByTestId("option-absent").click();
  });
}

function asArranged(all: Annotation[]): void {
  expect(all).toHaveLength(10);
  const [note] = all.filter((one) => one.shape.type === "tag");
  expect([note?.class, note?.frame ?? null, note?.attributes]).toEqual(["unusable", null, { cause: "dark" }]);
  const boxes = all
    .filter((one) => one.shape.type === "box")
    .sort((a, b) => (a.shape as { x: number }).x - (b.shape as { x: number }).x);
  for (const one of boxes) expect([one.class, one.attributes]).toEqual(["person", { occluded: true }]);
  const places = of(all, "box").flatMap(({ x, y, w, h }) => [x, y, w, h]);
  near(places, [20, 20, 40, 40, 20 + BESIDE, 20 + BESIDE, 40, 40, 112, 20 + BESIDE, 40, 40]);
  const [first, second, third] = boxes.map((one) => one.arrangement ?? {});
  expect([first?.group, third?.group]).toEqual([1, 1]);
  expect(second).toEqual({ z: 1 });
  // The two squares made one, and cut in two along a line.
  const halves = of(all, "polygon").map((one) => one.points);
  expect(halves).toHaveLength(2);
  const upper = halves.find((ring) => ring.every(([, y]) => y < 242)) ?? [];
  const lower = halves.find((ring) => ring !== upper) ?? [];
  sameRing(upper, [
    [160, 200],
    [220, 200],
    [220, 220],
    [260, 220],
    [260, 240],
    [160, 240],
  ]);
  sameRing(lower, [
    [160, 240],
    [260, 240],
    [260, 280],
    [200, 280],
    [200, 260],
    [160, 260],
  ]);
  near(
    of(all, "points").flatMap((one) => one.points.flat()),
    [20, 290, 40, 300, 60, 290],
  );
  const [figure] = of(all, "skeleton");
  expect(figure?.joints.map((joint) => joint.state)).toEqual(["visible", "hidden", "absent"]);
  near(figure?.joints.slice(0, 2).flatMap((joint) => joint.at) ?? [], [100, 90, 100, 130]);
}

test("objects are named, copied, grouped, joined and cut, saved and handed in", async ({ browser }, info) => {
  const people = await drawers(browser);
  const project = await opens(people, "Things among others");
  const protocol = await people.owner.context.request.get(`/api/v1/projects/${project}/protocol`);
  const { version, document } = (await protocol.json()) as { version: number; document: string };
  const next = document
    .replace(`version: ${version}`, `version: ${version + 1}`)
    .replace("  - id: unusable", `${FIGURE}  - id: unusable`);
  const put = await putsProtocol(people, project, { version, document: next }, "Figures have joints.");
  expect(put.ok(), await put.text()).toBe(true);
  await brings(people.owner, project, "things.png", "image/png", scene(0));
  await expect.poll(() => inPhase(people, project, "queued")).toBe(1);
  const hand = await begins(people.annotator, project);
  await tag(hand);
  await answers(hand);
  await copies(hand);
  await groups(hand);
  await locks(hand);
  await joins(hand);
  await skeleton(hand);
  await hand.page.screenshot({ path: info.outputPath("things.png") });
  asArranged(await hand.returns());
  asArranged(await hand.handsIn());
  for (const person of Object.values(people)) await person.leaves();
});
