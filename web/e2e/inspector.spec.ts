import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { Person } from "./people";

const PYTHON = process.env.PYTHON || "python3";
/** Prints where the middle of the largest file in a zip lies. */
const MIDDLE = `
import sys, zipfile
largest = max(zipfile.ZipFile(sys.argv[1]).infolist(), key=lambda one: one.compress_size)
head = open(sys.argv[1], "rb").read()[largest.header_offset:][:30]
names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
print(largest.header_offset + 30 + names + largest.compress_size // 2)
`;

test("an auditor takes the evidence along, asks who saw whom, and checks it without the server", async ({
  browser,
}, info) => {
  const binary = process.env.COUNTERSIGN_BIN as string;
  const auditor = await Person.arrives(browser, "auditor");
  const projects = await (await auditor.context.request.get("/api/v1/projects")).json();
  const project = (projects.items ?? projects).find((p: { name: string }) => p.name === "Board inspection");
  await auditor.page.goto(`/projects/${project.id}/evidence`);

  // Who saw what of whom: the demo's people looked at boards today.
  await auditor.page.getByRole("button", { name: "Report", exact: true }).click();
  await expect(auditor.page.getByText(/saw .* in .* image/)).toBeVisible();
  await auditor.page.screenshot({ path: info.outputPath("evidence.png"), fullPage: true });

  // One file, and the log's key on another way.
  const downloading = auditor.page.waitForEvent("download");
  await auditor.page.getByRole("link", { name: "Make a copy" }).click();
  const copy = info.outputPath("copy.zip");
  await (await downloading).saveAs(copy);
  const said = JSON.parse(execFileSync(binary, ["--json", "verify", copy], { encoding: "utf8" }));
  expect(said.copy.signatures).toBeGreaterThan(0);
  expect(said.copy.proofs).toBeGreaterThan(0);
  expect(said.copy.proven.marks).toBeGreaterThan(0);
  expect(said.copy.proven.details_of_before + said.copy.proven.people_of_before).toBe(0);

  // What the inspector reads: names, times in UTC, meanings.
  const page = execFileSync(PYTHON, [
    "-c",
    "import sys,zipfile;sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read('index.html'))",
    copy,
  ]);
  const html = info.outputPath("index.html");
  writeFileSync(html, page);
  const reading = await auditor.context.newPage();
  await reading.goto(`file://${html}`);
  await expect(reading.getByRole("heading", { name: "Signatures" })).toBeVisible();
  await expect(reading.getByRole("cell", { name: "approved" }).first()).toBeVisible();
  await reading.screenshot({ path: info.outputPath("copy.png") });
  await reading.close();

  // A byte of what it holds is changed (names in front of files are said twice, and only one of them is read).
  const bytes = readFileSync(copy);
  const middle = Number(execFileSync(PYTHON, ["-c", MIDDLE, copy], { encoding: "utf8" }));
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  const damaged = info.outputPath("damaged.zip");
  writeFileSync(damaged, bytes);
  expect(spawnSync(binary, ["verify", damaged]).status).toBe(1);
  await auditor.leaves();
});
