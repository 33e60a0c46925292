import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { Person } from "./people";

test("a release is downloaded and verifies without the server; one flipped byte is named", async ({
  browser,
}, info) => {
  const binary = process.env.COUNTERSIGN_BIN as string;
  const scientist = await Person.arrives(browser, "scientist");
  const projects = await (await scientist.context.request.get("/api/v1/projects")).json();
  const project = (projects.items ?? projects).find((p: { name: string }) => p.name === "Board inspection");
  await scientist.page.goto(`/projects/${project.id}/releases`);
  await scientist.page.getByText("first boards").first().click();
  await expect(scientist.page.getByText(/root/i).first()).toBeVisible();
  const releases = await (
    await scientist.context.request.get(`/api/v1/projects/${project.id}/releases`)
  ).json();
  const release = (releases.items ?? releases).find((r: { name: string }) => r.name === "first boards");
  const answer = await scientist.context.request.get(`/api/v1/releases/${release.id}/download`);
  expect(answer.ok()).toBe(true);
  const file = info.outputPath("release.zip");
  writeFileSync(file, await answer.body());
  execFileSync(binary, ["verify", file]);

  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  const damaged = info.outputPath("damaged.zip");
  writeFileSync(damaged, bytes);
  const checked = spawnSync(binary, ["--json", "verify", damaged], { encoding: "utf8" });
  expect(checked.status).toBe(1);
  expect(JSON.parse(checked.stdout).error.place).toBeTruthy();
  await scientist.leaves();
});
