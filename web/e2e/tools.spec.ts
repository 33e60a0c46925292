/** Outlines from the hand to what is handed in: each tool by its key and by its button, taken back and brought again. */
import { expect, test } from "@playwright/test";
import { begins, drawers, goesOn, type Hand, near, of, sameRing, scenes } from "./drawing";

type At = readonly [number, number];

/** What is said of a shape without an area. */
const NOTHING = "It encloses no area and was not kept.";

const square = (left: number, top: number, side: number): At[] => [
  [left, top],
  [left + side, top],
  [left + side, top + side],
  [left, top + side],
];

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

/** The square with its hole, a piece more on the right and a corner less; what was added to it and cut from it. */
const WHOLE: At[] = [
  [200, 40],
  [300, 40],
  [300, 60],
  [315, 60],
  [315, 100],
  [300, 100],
  [300, 160],
  [180, 160],
  [180, 60],
  [200, 60],
];

async function polygons(hand: Hand): Promise<void> {
  const says = () => hand.words();
  await hand.takes("polygon", "p");
  await hand.makes(1, async () => {
    for (const at of [...square(180, 40, 120), [180, 40] as const]) await hand.clicks(at);
  });
  await hand.selects([200, 140]);
  await hand.presses("p");
  // Begun with Alt in the middle it leaves a hole; with Shift it is added, with Alt at the corner cut off.
  expect(await hand.turns(says, () => hand.path(square(220, 80, 40), ["Alt"]))).toContain("1 hole");
  const bay: At[] = [
    [295, 60],
    [315, 60],
    [315, 100],
    [295, 100],
  ];
  await hand.turns(says, () => hand.path(bay, ["Shift"]));
  await hand.page.getByTestId("option-mode").getByRole("button", { name: "Subtract" }).click();
  await hand.turns(says, () => hand.path(square(170, 30, 30)));
  await hand.page.getByTestId("option-mode").getByRole("button", { name: "New" }).click();
  // With Ctrl the points go to the neighbour's corners: a border that both share, though the hand was beside it.
  await hand.makes(1, async () => {
    await hand.clicks([181.5, 161.5], { keys: ["Control"] });
    await hand.clicks([298.5, 161.5], { keys: ["Control"] });
    for (const at of [
      [300, 200],
      [180, 200],
    ] as const)
      await hand.clicks(at);
    await hand.presses("Enter");
  });
}

async function refusals(hand: Hand): Promise<void> {
  const before = await hand.rows.count();
  await hand.presses("r");
  await hand.drags([
    [20, 20],
    [60, 20],
  ]);
  await hand.hears(NOTHING);
  await hand.drags([
    [325, 20],
    [335, 60],
  ]);
  await hand.hears(NOTHING);
  await hand.presses("o");
  await hand.drags([
    [20, 20],
    [60, 20],
  ]);
  await hand.hears(NOTHING);
  await hand.presses("Shift+R");
  await hand.drags([
    [20, 20],
    [60, 20],
  ]);
  await hand.clicks([40, 20]);
  await hand.hears(NOTHING);
  await hand.presses("p");
  await hand.path([
    [20, 20],
    [60, 20],
  ]);
  await hand.hears(NOTHING);
  await hand.path([
    [20, 20],
    [40, 20],
    [60, 20],
  ]);
  await hand.hears(NOTHING);
  await expect(hand.rows).toHaveCount(before);
}

async function repairs(hand: Hand): Promise<void> {
  await hand.presses("p");
  await hand.makes(1, () =>
    hand.path([
      [20, 20],
      [80, 60],
      [80, 20],
      [20, 60],
    ]),
  );
  await hand.hears("The outline crossed itself");
  // A box stops at the edge while it is drawn; what cannot be cut is moved inside.
  await hand.presses("r");
  await hand.makes(1, () =>
    hand.drags([
      [300, 280],
      [330, 335],
    ]),
  );
  await hand.presses("o");
  await hand.makes(1, () =>
    hand.drags(
      [
        [20, 280],
        [50, 300],
      ],
      ["Alt"],
    ),
  );
  await hand.hears("It reached beyond the image and was moved inside.");
}

/** Moved, resized and turned by hand; points put in, dragged and taken out; nudged and deleted. */
async function edits(hand: Hand): Promise<void> {
  const says = () => hand.words();
  await hand.selects([310, 300]);
  await expect(hand.selected).toHaveCount(1);
  await hand.turns(says, () =>
    hand.drags([
      [300, 280],
      [290, 270],
    ]),
  );
  await hand.presses("Shift+ArrowUp", "ArrowLeft");
  await hand.drags([
    [304, 290],
    [304, 280],
  ]);
  await hand.selects([240, 190]);
  await hand.turns(says, () =>
    hand.drags([
      [240, 200],
      [240, 230],
    ]),
  );
  await hand.turns(says, () => hand.clicks([240, 230], { keys: ["Alt"] }));
  await hand.drags([
    [180, 200],
    [170, 210],
  ]);
  await hand.selects([50, 290]);
  await hand.makes(-1, () => hand.presses("Delete"));
}

function polygonsAsDrawn(all: Awaited<ReturnType<Hand["kept"]>>): void {
  const [, below, whole] = of(all, "polygon");
  sameRing(whole?.points ?? [], WHOLE);
  sameRing(whole?.holes?.[0] ?? [], square(220, 80, 40));
  sameRing(below?.points ?? [], [
    [180, 160],
    [300, 160],
    [300, 200],
    [170, 210],
  ]);
  // The border is one and the same, to the last digit.
  for (const corner of [
    [180, 160],
    [300, 160],
  ] as const) {
    const shared = (ring: At[] = []) => ring.find(([x, y]) => Math.hypot(x - corner[0], y - corner[1]) < 2);
    expect(shared(below?.points)).toEqual(shared(whole?.points));
  }
  const [box] = of(all, "box");
  near([box?.x, box?.y, box?.w, box?.h].map(Number), [289, 250, 30, 50]);
  expect(of(all, "ellipse")).toEqual([]);
}

test("outlines are drawn, corrected, saved and handed in", async ({ browser }, info) => {
  const people = await drawers(browser);
  const project = await scenes(people, "Outlines by hand", 2);
  let hand = await begins(people.annotator, project);
  await boxes(hand);
  await linesAndPoints(hand);
  await hand.page.screenshot({ path: info.outputPath("outlines.png") });
  asDrawn(await hand.returns());
  const handed = await hand.handsIn();
  expect(handed).toHaveLength(7);
  asDrawn(handed);

  hand = await goesOn(people.annotator);
  await polygons(hand);
  await refusals(hand);
  await repairs(hand);
  await edits(hand);
  await hand.page.screenshot({ path: info.outputPath("polygons.png") });
  polygonsAsDrawn(await hand.returns());
  const second = await hand.handsIn();
  expect(second).toHaveLength(4);
  polygonsAsDrawn(second);
  for (const person of Object.values(people)) await person.leaves();
});
