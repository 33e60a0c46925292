/** The gate's masks, what cuboids suggest, and models for faces and plates, against intercepted routes. */
import { expect, type Page, type Request, test } from "@playwright/test";
import type { GateMasks } from "../../src/api/types";
import { gate, gateMasks } from "../fixtures/gate";
import { clickModels, faceModels, running } from "../fixtures/models";
import { json, serveFixtures } from "../fixtures/routes";

async function shot(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

const body = (request: Request) => request.postDataJSON() as Record<string, unknown>;

/** A gate that keeps the masks it is sent, as the server does; `hold` lets answers wait. */
async function serveMasks(
  page: Page,
  hold: () => Promise<void> = async () => {},
  more: Parameters<typeof serveFixtures>[1] = {},
) {
  const sent: { masks: unknown[] }[] = [];
  let now = gateMasks;
  await serveFixtures(page, {
    ...more,
    "GET /gate/g-0/masks": (route) => json(route, now),
    "PUT /gate/g-0/masks": async (route) => {
      const { masks } = body(route.request()) as { masks: GateMasks["masks"] };
      sent.push({ masks });
      expect(route.request().headers()["if-match"]).toBe(`"${now.revision}"`);
      await hold();
      const kept = masks.map((mask, n) => ({
        ...mask,
        id: mask.id ?? `k-${n + 1}`,
        origin: { person: "u-1" },
      }));
      now = { revision: now.revision + 1, masks: kept, remade: 1 };
      return json(route, now);
    },
  });
  await page.goto("/projects/p-ct/gate");
  await expect(page.getByRole("button", { name: "Take back mask 1, 160 by 24 at 20, 30" })).toBeVisible();
  await expect(page.getByTestId("gate-overlay")).toBeAttached();
  return sent;
}

async function drawMask(page: Page) {
  await page.keyboard.press("m");
  await expect(page.getByTestId("gate-said")).toHaveText("Drawing: cross at 256, 256");
  // While somebody draws, arrows do not walk through the queue.
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Enter");
}

const FIRST_MASK = { id: "k-1", frame: 0, rect: { x: 20, y: 30, width: 160, height: 24 } };
const DRAWN_MASK = { frame: 0, rect: { x: 256, y: 246, width: 1, height: 10 } };

test("a mask is drawn, undone and drawn again by keyboard alone", async ({ page }) => {
  const sent = await serveMasks(page);
  await drawMask(page);
  await expect(page.getByRole("button", { name: "Take back mask 2, 1 by 10 at 256, 246" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("u");
  await expect(page.getByRole("button", { name: /Take back mask 2/ })).toBeHidden();
  expect(sent).toEqual([{ masks: [FIRST_MASK, DRAWN_MASK] }, { masks: [FIRST_MASK] }]);
});

test("what cuboids suggest is outlined, hides nothing, and is taken with one key", async ({ page }) => {
  const rect = (x: number) => ({ x, y: 200, width: 40, height: 20 });
  const within = { x: 30, y: 32, width: 10, height: 10 };
  const proposals = [
    { frame: 0, rect: rect(60), kind: "face", origin: "labels" },
    { frame: 0, rect: rect(120), kind: "plate", origin: "sweep" },
    // The mask that is there covers it.
    { frame: 0, rect: within, kind: "face", origin: "sweep" },
  ];
  const sent = await serveMasks(page, undefined, {
    "GET /gate/g-0": (route) => json(route, { ...gate[0], kind: "scene" }),
    "GET /gate/g-0/proposals": (route) => json(route, proposals),
  });
  await expect(page.getByTestId("gate-proposal")).toHaveCount(2);
  await expect(page.getByText("1 head and 1 end of vehicles")).toBeVisible();
  expect(sent).toEqual([]);
  await shot(page, "gate-proposals");
  await page.keyboard.press("p");
  await expect(page.getByTestId("gate-proposal")).toHaveCount(0);
  await expect(page.getByRole("button", { name: /Take back mask 3/ })).toBeVisible();
  const taken = [60, 120].map((x) => ({ frame: 0, rect: rect(x) }));
  expect(sent).toEqual([{ masks: [FIRST_MASK, ...taken] }]);
});

test("a model is registered, measured on a sample, and a sample that is none is told", async ({ page }) => {
  const sent: Record<string, unknown>[] = [];
  let models = { ...faceModels, models: [] as typeof faceModels.models };
  await serveFixtures(page, {
    "GET /projects/p-ct/face-models": (route) => json(route, models),
    "POST /projects/p-ct/face-models": (route) => {
      sent.push(body(route.request()));
      const first = faceModels.models[0];
      if (first)
        models = {
          ...models,
          models: [{ ...first, accepted: false, why_not: "model-not-accepted", runs: [] }],
        };
      return json(route, models.models[0], 201);
    },
    "POST /face-models/fm-1/runs": (route) => {
      sent.push(body(route.request()));
      models = { ...models, models: models.models.map((model) => ({ ...model, runs: [running] })) };
      return json(route, running, 202);
    },
  });
  await page.goto("/projects/p-ct/gate/models");
  await expect(page.getByText("No model is registered")).toBeVisible();
  await page.getByRole("button", { name: "Register a model…" }).press("Enter");
  await page.getByLabel("Name here").fill("street");
  await page.getByLabel("Model on the server").fill("street_faces");
  await page.getByRole("button", { name: "Register", exact: true }).press("Enter");
  await expect(page.getByText("was not measured on your frames")).toBeVisible();
  expect(sent[0]).toMatchObject({
    name: "street",
    config: { address: "models:8000", model: "street_faces" },
  });

  const choose = async (text: string) => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Measure on a labelled sample…" }).press("Enter");
    await (await chooser).setFiles({
      name: "s.json",
      mimeType: "application/json",
      buffer: Buffer.from(text),
    });
  };
  await choose("[]");
  await expect(page.getByRole("alert")).toHaveText(/needs the lists/);
  const sample = {
    images: [{ id: 1, sha256: "ab".repeat(32) }],
    annotations: [{ image_id: 1, category_id: 1, bbox: [1, 2, 3, 4] }],
    categories: [{ id: 1, name: "face" }],
  };
  await choose(JSON.stringify(sample));
  await expect(page.getByText("130 of 412 frames")).toBeVisible();
  expect(sent[1]).toEqual(sample);
  await shot(page, "face-models-running");
});

test("a model for clicks is registered, and retired with a reason", async ({ page }) => {
  const sent: Record<string, unknown>[] = [];
  const first = clickModels.models[0];
  let models = { ...clickModels, models: [] as typeof clickModels.models };
  await serveFixtures(page, {
    "GET /projects/p-ct/click-models": (route) => json(route, models),
    "POST /projects/p-ct/click-models": (route) => {
      sent.push(body(route.request()));
      if (first) models = { ...models, models: [first] };
      return json(route, first, 201);
    },
    "POST /click-models/cm-2/retire": (route) => {
      sent.push(body(route.request()));
      models = { ...models, models: clickModels.models.slice(1) };
      return json(route, models.models[0]);
    },
  });
  await page.goto("/projects/p-ct/gate/models");
  const section = page.getByTestId("click-models");
  await section.getByRole("button", { name: "Register a model for clicks…" }).press("Enter");
  await section.getByLabel("Name").fill("organs");
  await section.getByLabel("Version").fill("2.1");
  await section.getByRole("button", { name: "Register it" }).press("Enter");
  await expect(section.getByText("Asked when somebody clicks")).toBeVisible();
  await shot(page, "click-models");
  await section.getByRole("button", { name: "Retire organs…" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("a better one came");
  await dialog.getByRole("button", { name: "Retire it" }).press("Enter");
  await expect(section.getByText("1 model retired")).toBeVisible();
  expect(sent).toEqual([
    { name: "organs", version: "2.1", url: "http://models:8000/segment" },
    { reason: "a better one came" },
  ]);
});

test("an undo that is asked for while the mask is being saved is done after it", async ({ page }) => {
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const sent = await serveMasks(page, () => held);
  await drawMask(page);
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("gate-said")).toHaveText("Making the cleaned copies anew…");
  await page.keyboard.press("u");
  expect(sent).toEqual([{ masks: [FIRST_MASK, DRAWN_MASK] }]);
  answer();
  await expect(page.getByTestId("gate-said")).toHaveText("");
  await expect(page.getByRole("button", { name: /Take back mask 2/ })).toBeHidden();
  expect(sent).toEqual([{ masks: [FIRST_MASK, DRAWN_MASK] }, { masks: [FIRST_MASK] }]);
});

test("tables and texts stand below the queue, with why and where, and their words nowhere", async ({
  page,
}) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/gate");
  const files = page.getByTestId("record-files");
  await expect(files.getByRole("row")).toHaveCount(4);
  await expect(files.getByRole("row").nth(1)).toContainText(
    "Free text: nobody can say by rule what it names",
  );
  // The first line has the names of the columns: the seventeenth row is the eighteenth line.
  await expect(files.getByRole("row").nth(2)).toContainText("(line 18, column 4)");
  const cleaned = files.getByRole("row").nth(3);
  await expect(cleaned).toContainText("1,240 rows, 1,102 about studies that are here");
  await cleaned.getByText("3 columns").click();
  await expect(cleaned).toContainText("one of 2; 0 values changed");
  await shot(page, "gate-records");
});

test("rules for tables are stated column by column and sent with the others", async ({ page }) => {
  const sent: Record<string, unknown>[] = [];
  await serveFixtures(page, {
    "PUT /projects/p-ct/deid": (route) => {
      sent.push(body(route.request()));
      return json(route, { id: "radiology", version: 4 });
    },
  });
  await page.goto("/projects/p-ct/gate/rules");
  await page.getByLabel("Cleaned by rules per column").check();
  await page.getByLabel("Column 1", { exact: true }).fill("mrn");
  await page.getByRole("button", { name: "Add a column" }).click();
  await page.getByLabel("Column 2", { exact: true }).fill("sex");
  await page.getByLabel("What becomes of column 2").selectOption("one_of");
  await page.getByLabel("Values of column 2").fill("F, M");
  await page.getByRole("button", { name: "Add a column" }).click();
  await page.getByLabel("Column 3", { exact: true }).fill("sex");
  await expect(page.getByRole("alert")).toHaveText("Two lines name the column sex: the last one holds.");
  await page.getByRole("button", { name: "Remove column 3" }).click();
  await page.getByLabel("Who issued the patients' numbers").fill("HOSP");
  await shot(page, "gate-record-rules");
  await page.getByTestId("rules-save").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("laboratory values are needed");
  await dialog.getByTestId("dialog-password").fill("secret");
  await dialog.getByRole("button", { name: "Sign and put into force" }).click();
  await expect.poll(() => sent.length).toBe(1);
  const records = { issuer: "HOSP", columns: { mrn: "pseudonym", sex: { one_of: ["F", "M"] } } };
  expect(sent[0]).toMatchObject({ deid: { records } });
});

test("an item shows the rows of tables that are about it", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/items/i-1");
  const records = page.getByTestId("item-records");
  await expect(records.getByRole("columnheader")).toHaveText(["drawn", "loinc", "value", "age", "Came"]);
  await expect(records.getByRole("row").nth(1)).toContainText("13.5");
  await expect(records.getByRole("row").nth(2)).toContainText("90");
});
