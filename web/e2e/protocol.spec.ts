/** An owner writes the next version of a protocol on the real server; an annotator reads it only. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { call, everybody, PASSWORD, pictures, reads } from "./pictures";

test("an owner edits, sees a fault at its line, mends it, compares, and puts it into force", async ({
  browser,
}, info) => {
  test.slow();
  const people = await everybody(browser);
  const project = await pictures(people, "Pictures with a new protocol", 2);
  const { owner, annotator } = people;
  const { page } = owner;
  await page.goto(`/projects/${project}/protocol`);
  const read = page.getByTestId("protocol-graph").getByRole("link", { name: /2 waiting, 0 in work/ });
  await expect(read).toBeVisible();
  // Somebody reads: the drawing follows by live events, and a change is a deviation from now on.
  await reads(people, project, 0, true);
  await expect(read).toBeHidden();
  await expect(
    page
      .getByTestId("protocol-graph")
      .getByRole("link", { name: /1 waiting/ })
      .first(),
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath("drawn.png") });

  await page.getByRole("link", { name: "Document, versions and changes" }).click();
  const field = page.getByLabel("Protocol document");
  await expect(field).toHaveValue(/^version: 2$/m);
  const text = await field.inputValue();
  const line = text.split("\n").findIndex((one) => one.startsWith("rework_cap")) + 1;
  await field.fill(text.replace("rework_cap: 3", "rework_cap: .inf"));
  const fault = page.getByRole("button", { name: new RegExp(`^Line ${line} `) });
  await expect(fault).toBeVisible();
  await expect(page.getByRole("button", { name: "Put into force…" })).toBeDisabled();
  await page.screenshot({ path: info.outputPath("fault.png") });

  await field.fill(text.replace("rework_cap: 3", "rework_cap: 5"));
  await expect(page.getByText("No fault found.")).toBeVisible();
  await expect(page.getByRole("row", { name: /rework_cap changed 3 5/ })).toBeVisible();
  await expect(page.getByTestId("line-changes")).toContainText("rework_cap: 5");
  await page.screenshot({ path: info.outputPath("changes.png"), fullPage: true });
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);

  await page.getByRole("button", { name: "Put into force…" }).click();
  await expect(page.getByText("Work has begun.")).toBeVisible();
  await page.getByLabel("Reason").fill("the board asked for five returns");
  await owner.entersComponents("dialog");
  await page.getByTestId("dialog-password").fill("not the password");
  await page.getByRole("button", { name: "Sign and put into force" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
  await owner.entersComponents("dialog");
  await page.getByRole("button", { name: "Sign and put into force" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  const versions = page.getByRole("row", { name: /Version 2 in force.*Deviation: the board asked/ });
  await expect(versions).toBeVisible();
  await expect(field).toHaveValue(/^version: 3$/m);

  // The annotator reads it, and neither the reason nor the seed, nor how far others are.
  await annotator.page.goto(`/projects/${project}/protocol/document`);
  const theirs = annotator.page.getByLabel("Protocol document");
  await expect(theirs).toHaveValue(/^rework_cap: 5$/m);
  await expect(theirs).not.toBeEditable();
  await expect(annotator.page.getByText("Put into force")).toBeHidden();
  await expect(annotator.page.getByText("the board asked")).toBeHidden();
  await annotator.page.screenshot({ path: info.outputPath("annotator.png"), fullPage: true });
  const flow = await annotator.context.request.get(`/api/v1/projects/${project}/protocol/flow`);
  expect(flow.status()).toBe(404);
  // Whoever wrote against the version before comes too late.
  const late = await owner.context.request.post(`/api/v1/projects/${project}/protocol`, {
    data: { document: text, password: PASSWORD, reason: "late" },
    headers: { "x-countersign": "1", "if-match": '"1"' },
  });
  expect([late.status(), (await late.json()).code]).toEqual([409, "content_changed"]);
  const now = await call(owner, "post", `/projects/${project}/protocol/check`, { document: text });
  expect(now.against).toBe(2);
  for (const person of Object.values(people)) await person.leaves();
});
