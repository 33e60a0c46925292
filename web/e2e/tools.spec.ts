/** Outlines from the hand to what is handed in: each tool by its key and by its button, taken back and brought again. */
import { expect, test } from "@playwright/test";
import { begins, drawers, type Hand, near, of, scenes } from "./drawing";

async function boxes(hand: Hand): Promise<void> {
  await hand.takes("box", "r");
  await hand.makes(1, () =>
    hand.drags([
      [20, 20],
      [70, 60],
    ]),
  );
  // Two clicks are as good as a drag; Shift makes a square.
  await hand.makes(1, async () => {
    await hand.clicks([100, 20]);
    await hand.clicks([140, 30], { keys: ["Shift"] });
  });
  await hand.takes("rotated-box", "Shift+R");
  await hand.makes(1, async () => {
    await hand.drags([
      [100, 200],
      [160, 230],
    ]);
    await hand.clicks([140, 270]);
  });
  await hand.takes("ellipse", "o");
  await hand.makes(1, () =>
    hand.drags([
      [220, 200],
      [300, 260],
    ]),
  );
}

async function linesAndPoints(hand: Hand): Promise<void> {
  await hand.takes("polyline", "Shift+P");
  await hand.makes(1, async () => {
    await hand.clicks([20, 290]);
    await hand.clicks([60, 310]);
    await hand.clicks([90, 260]);
    // While it is drawn, undo takes back a point.
    await hand.presses("Control+z");
    await hand.clicks([100, 290]);
    await hand.presses("Enter");
  });
  await hand.takes("points", "Shift+K");
  await hand.makes(1, () => hand.clicks([300, 300]));
  await hand.page.getByTestId("option-sets").check();
  await hand.makes(1, () =>
    hand.path([
      [200, 290],
      [210, 310],
      [220, 290],
    ]),
  );
}

/** What was drawn by these two, within a pixel or two. */
function asDrawn(all: Awaited<ReturnType<Hand["kept"]>>): void {
  const [first, second] = of(all, "box");
  near([first?.x, first?.y, first?.w, first?.h].map(Number), [20, 20, 50, 40]);
  near([second?.x, second?.y, second?.w, second?.h].map(Number), [100, 20, 40, 40]);
  const [turned] = of(all, "rotated_box");
  const angle = Math.atan2(30, 60);
  const reach = (140 - 100) * -Math.sin(angle) + (270 - 200) * Math.cos(angle);
  near([turned?.cx, turned?.cy, turned?.w, turned?.h].map(Number), [
    130 - (Math.sin(angle) * reach) / 2,
    215 + (Math.cos(angle) * reach) / 2,
    Math.hypot(60, 30),
    reach,
  ]);
  near([Number(turned?.angle)], [angle], 0.03);
  const [oval] = of(all, "ellipse");
  near([oval?.cx, oval?.cy, oval?.rx, oval?.ry].map(Number), [260, 230, 40, 30]);
  const [line] = of(all, "polyline");
  near(line?.points.flat() ?? [], [20, 290, 60, 310, 100, 290]);
  const [set, one] = of(all, "points");
  near(set?.points.flat() ?? [], [200, 290, 210, 310, 220, 290]);
  near(one?.points.flat() ?? [], [300, 300]);
}

test("boxes, ellipses, lines and points are drawn, saved and handed in", async ({ browser }, info) => {
  const people = await drawers(browser);
  const project = await scenes(people, "Outlines by hand", 1);
  const hand = await begins(people.annotator, project);
  await boxes(hand);
  await linesAndPoints(hand);
  await hand.page.screenshot({ path: info.outputPath("outlines.png") });
  asDrawn(await hand.returns());
  const handed = await hand.handsIn();
  expect(handed).toHaveLength(7);
  asDrawn(handed);
  for (const person of Object.values(people)) await person.leaves();
});
