import { expect, test } from "@playwright/test";
import { Person } from "./people";

const PROJECT = "Street review";

test("what waits at the gate is shown to nobody but the privacy officer, who clears it with a reason", async ({
  browser,
}) => {
  const owner = await Person.arrives(browser, "owner");
  const projects = await (await owner.context.request.get("/api/v1/projects")).json();
  const project = (projects.items ?? projects).find((p: { name: string }) => p.name === PROJECT);
  const items = await (await owner.context.request.get(`/api/v1/projects/${project.id}/items`)).json();
  const item = items.items[0];
  expect(item.phase).toBe("quarantined");

  const annotator = await Person.arrives(browser, "annotator");
  for (const person of [owner, annotator]) {
    const picture = `/api/v1/items/${item.id}/streams/0/frames/0/image`;
    const hidden = await person.context.request.get(picture);
    const unknown = await person.context.request.get(picture.replace(item.id, crypto.randomUUID()));
    expect(hidden.status()).toBe(404);
    expect(await hidden.text()).toBe(await unknown.text());
    expect((await person.context.request.get(`/api/v1/projects/${project.id}/gate`)).status()).toBe(404);
  }

  const officer = await Person.arrives(browser, "privacy");
  await officer.page.goto(`/projects/${project.id}/gate`);
  await expect(officer.page.getByText("1 entry waits")).toBeVisible();
  await expect(officer.page.getByRole("button", { name: "Clear" })).toBeDisabled();
  await officer.page.getByRole("button", { name: /Synthetic or phantom data/ }).click();
  await officer.page.getByRole("button", { name: "Clear" }).click();
  await expect(officer.page.getByText("1 entry waits")).toBeHidden();

  await expect
    .poll(async () => {
      const now = await owner.context.request.get(`/api/v1/items/${item.id}`);
      return (await now.json()).phase;
    })
    .toBe("queued");
  const auditor = await Person.arrives(browser, "auditor");
  await auditor.page.goto(`/items/${item.id}`);
  const seen = await (await auditor.context.request.get(`/api/v1/items/${item.id}/exposures`)).json();
  const names = (seen.items ?? seen).map((exposure: { printed_name: string }) => exposure.printed_name);
  expect(new Set(names)).toEqual(new Set(["Demo privacy officer"]));
  for (const person of [owner, annotator, officer, auditor]) await person.leaves();
});
