import { expect, type Page, test } from "@playwright/test";
import { Person } from "./people";

const PROJECT = "Street review";
const GUARD = { "X-Countersign": "1" };

/** A grey PNG of 8 by 8 pixels. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mNogAIGyhgAgIQgARDoahcAAAAASUVORK5CYII=",
  "base64",
);

async function projectOf(owner: Person, name: string): Promise<string> {
  const projects = await (await owner.context.request.get("/api/v1/projects")).json();
  return (projects.items ?? projects).find((p: { name: string }) => p.name === name).id;
}

/** Mean brightness of a rectangle of the picture at an address, in this person's own browser: 0 is black. */
async function brightness(page: Page, url: string, [x, y, w, h]: [number, number, number, number]) {
  return page.evaluate(
    async ([address, box]) => {
      const answer = await fetch(address as string);
      if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
      const picture = await createImageBitmap(await answer.blob());
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const context = canvas.getContext("2d");
      if (!context) throw new Error("no canvas");
      context.drawImage(picture, 0, 0);
      const [left, top, width, height] = box as [number, number, number, number];
      const { data } = context.getImageData(left, top, width, height);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4)
        sum += (data[i] ?? 0) + (data[i + 1] ?? 0) + (data[i + 2] ?? 0);
      return sum / (width * height * 3);
    },
    [url, [x, y, w, h]] as const,
  );
}

test("an officer masks by keyboard, approves, and the annotator gets the masked picture", async ({
  browser,
}) => {
  const owner = await Person.arrives(browser, "owner");
  const project = await projectOf(owner, PROJECT);
  const items = await (await owner.context.request.get(`/api/v1/projects/${project}/items`)).json();
  const item = items.items[0];
  expect(item.phase).toBe("quarantined");

  const officer = await Person.arrives(browser, "privacy");
  const queue = await (await officer.context.request.get(`/api/v1/projects/${project}/gate`)).json();
  const entry = queue.items[0];

  // Nobody else: no byte, no name, no sign that there is something.
  const annotator = await Person.arrives(browser, "annotator");
  const unknown = crypto.randomUUID();
  for (const person of [owner, annotator]) {
    const { request } = person.context;
    for (const [path, id] of [
      [`/items/ID/streams/0/frames/0/image`, item.id],
      [`/projects/ID/gate`, project],
      [`/projects/ID/gate/summary`, project],
      [`/gate/ID`, entry.id],
      [`/gate/ID/masks`, entry.id],
      [`/gate/ID/images/0?side=before`, entry.id],
      [`/gate/ID/images/0?side=after`, entry.id],
      [`/gate/ID/images/0/changes`, entry.id],
    ]) {
      const hidden = await request.get(`/api/v1${path?.replace("ID", id)}`);
      const nothing = await request.get(`/api/v1${path?.replace("ID", unknown)}`);
      expect(hidden.status(), path).toBe(404);
      expect(await hidden.text(), path).toBe(await nothing.text());
    }
    for (const id of [entry.id, unknown]) {
      const put = await request.put(`/api/v1/gate/${id}/masks`, {
        headers: { ...GUARD, "If-Match": '"0"' },
        data: { masks: [] },
      });
      const post = await request.post(`/api/v1/gate/${id}/decision`, {
        headers: { ...GUARD, "If-Match": '"0"' },
        data: { decision: "approve", reason: "me" },
      });
      expect([put.status(), post.status()]).toEqual([404, 404]);
    }
  }

  const { page } = officer;
  await page.goto(`/projects/${project}/gate`);
  await expect(page.getByText("1 entry waits")).toBeVisible();
  await expect(page.getByTestId("gate-overlay")).toBeAttached();
  await expect(page.getByRole("button", { name: "Approve" })).toBeDisabled();
  // Hands off the mouse from here on.
  await page.keyboard.press("Space");
  await expect(page.getByText("Before: the source")).toBeVisible();
  await page.keyboard.press("Space");
  await page.keyboard.press("m");
  await expect(page.getByTestId("gate-said")).toContainText("Drawing: cross at");
  await page.keyboard.press("Enter");
  for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"]) {
    await page.keyboard.press(key);
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: /Take back mask 1/ })).toBeVisible();
  await page.keyboard.press("Escape");
  const kept = await (await officer.context.request.get(`/api/v1/gate/${entry.id}/masks`)).json();
  const { x, y, width, height } = kept.masks[0].rect;
  const box: [number, number, number, number] = [x, y, width, height];
  const source = await brightness(page, `/api/v1/gate/${entry.id}/images/0?side=before`, box);
  expect(source).toBeGreaterThan(20);
  expect(await brightness(page, `/api/v1/gate/${entry.id}/images/0?side=after`, box)).toBeLessThan(2);
  await page.keyboard.press("3");
  await expect(page.getByLabel("Reason")).toHaveValue("Synthetic or phantom data");
  await page.keyboard.press("a");
  await expect(page.getByText("1 entry waits")).toBeHidden();

  await expect
    .poll(async () => (await (await owner.context.request.get(`/api/v1/items/${item.id}`)).json()).phase)
    .toBe("queued");
  const claim = await annotator.context.request.post(`/api/v1/projects/${project}/tasks/claim`, {
    headers: GUARD,
    data: {},
  });
  expect(claim.ok()).toBe(true);
  const shown = `/api/v1/items/${item.id}/streams/0/frames/0/image`;
  expect(await brightness(annotator.page, shown, box)).toBeLessThan(2);
  // Beside the mask the picture is what it was.
  const beside: [number, number, number, number] = [x - width, y, width - 4, height];
  expect(await brightness(annotator.page, shown, beside)).toBeGreaterThan(20);

  const auditor = await Person.arrives(browser, "auditor");
  const seen = await (
    await auditor.context.request.get(`/api/v1/items/${item.id}/exposures?limit=500`)
  ).json();
  const looks = (seen.items ?? seen).map(
    (look: { printed_name: string; purpose: string }) => `${look.printed_name}: ${look.purpose}`,
  );
  expect(looks).toContain("Demo privacy officer: gate_before");
  expect(looks).toContain("Demo privacy officer: gate_after");
  expect(looks.filter((look: string) => look.includes("gate") && !look.includes("privacy officer"))).toEqual(
    [],
  );
  for (const person of [owner, annotator, officer, auditor]) await person.leaves();
});

test("two officers: the rules ask for it, the first opens a waiver, the second confirms it", async ({
  browser,
}) => {
  test.slow();
  const owner = await Person.arrives(browser, "owner");
  const { request } = owner.context;
  const made = await request.post("/api/v1/projects", {
    headers: GUARD,
    data: { name: "Two at the gate", protocol: "images" },
  });
  expect(made.status()).toBe(201);
  const project = (await made.json()).id;
  const users = await (await request.get("/api/v1/users")).json();
  const idOf = (login: string) =>
    (users.items ?? users).find((user: { login: string }) => user.login === login).id;
  for (const [login, role] of [
    ["privacy", "privacy_officer"],
    ["privacy2", "privacy_officer"],
  ] as const) {
    const grant = await request.post(`/api/v1/projects/${project}/grants`, {
      headers: GUARD,
      data: { user: idOf(login), role },
    });
    expect(grant.ok()).toBe(true);
  }
  const brought = await request.post(`/api/v1/projects/${project}/ingest`, {
    headers: GUARD,
    multipart: { file: { name: "street.png", mimeType: "image/png", buffer: PICTURE } },
  });
  expect(brought.ok(), await brought.text()).toBe(true);

  const first = await Person.arrives(browser, "privacy");
  await first.page.goto(`/projects/${project}/gate`);
  await expect(first.page.getByText("1 entry waits")).toBeVisible({ timeout: 20_000 });
  await first.page.getByRole("link", { name: "Rules of de-identification" }).click();
  await first.page.getByRole("button", { name: "Try on this file" }).click();
  await expect(first.page.getByTestId("rules-after")).toBeVisible();
  await first.page.getByLabel("A waiver needs a second privacy officer").check();
  await first.page.getByTestId("rules-save").click();
  await first.page.getByLabel("Reason").fill("A waiver is looked at twice from now on.");
  await first.entersComponents("dialog");
  await first.page.getByRole("button", { name: "Sign and put into force" }).click();
  await expect(first.page.getByText("Saved as protocol version 2.")).toBeVisible();

  // What waits is cleaned anew under the new rules: a decision belongs to that entry, not to the one before.
  const versions = async () => {
    const queue = await first.context.request.get(`/api/v1/projects/${project}/gate`);
    return (await queue.json()).items.map((entry: { protocol_version: number }) => entry.protocol_version);
  };
  await expect.poll(versions, { timeout: 20_000 }).toEqual([2]);
  await first.page.getByRole("link", { name: "Back to the gate" }).click();
  await first.page.reload();
  await expect(first.page.getByText("1 entry waits")).toBeVisible({ timeout: 20_000 });
  // The desk holds the keys, not the queue beside it.
  await expect(first.page.getByRole("button", { name: "Approve" })).toBeDisabled();
  await first.page.keyboard.press("1");
  await expect(first.page.getByLabel("Reason")).not.toHaveValue("");
  await first.page.keyboard.press("w");
  await expect(first.page.getByText("You opened a waiver")).toBeVisible();
  await expect(first.page.getByRole("button", { name: "Confirm the waiver" })).toBeDisabled();

  const second = await Person.arrives(browser, "privacy2");
  await second.page.goto(`/projects/${project}/gate`);
  await expect(second.page.getByText("Demo privacy officer opened a waiver")).toBeVisible();
  await second.page.keyboard.press("3");
  await expect(second.page.getByLabel("Reason")).not.toHaveValue("");
  await second.page.keyboard.press("w");
  await expect(second.page.getByText("Nothing waits at the gate")).toBeVisible();
  const waived = await second.context.request.get(`/api/v1/projects/${project}/gate?state=waived`);
  const entry = (await waived.json()).items[0];
  expect([entry.state, entry.decided_by, entry.protocol_version]).toEqual([
    "waived",
    "Demo privacy officer two",
    2,
  ]);
  for (const person of [owner, first, second]) await person.leaves();
});
