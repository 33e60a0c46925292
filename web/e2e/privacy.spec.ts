import { deflateSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import { Person } from "./people";

const PASSWORD = "countersign-demo";
const GUARD = { "x-countersign": "1" };

/** CRC-32 as PNG wants it behind each chunk. */
function crc(bytes: Buffer): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, sum]);
}

/** A grey picture of 64 by 64 pixels. */
function picture(): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(64, 0);
  head.writeUInt32BE(64, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const rows = Buffer.concat(
    Array.from({ length: 64 }, (_, y) =>
      Buffer.from([0, ...Array.from({ length: 64 }, (_, x) => x * 2 + y)]),
    ),
  );
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    magic,
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

test("one officer asks for an erasure, another person confirms it, and a certificate is left", async ({
  browser,
}) => {
  const owner = await Person.arrives(browser, "owner");
  const officer = await Person.arrives(browser, "privacy");
  const post = async (path: string, data: unknown) => {
    const answer = await owner.context.request.post(`/api/v1${path}`, { data, headers: GUARD });
    expect(answer.ok(), await answer.text()).toBe(true);
    return answer.json();
  };
  const project = await post("/projects", { name: "Pictures to forget", protocol: "images" });
  const me = await (await officer.context.request.get("/api/v1/session")).json();
  const boss = await (await owner.context.request.get("/api/v1/session")).json();
  const grants = [
    { user: boss.user.id, role: "owner" },
    { user: me.user.id, role: "privacy_officer" },
  ];
  for (const grant of grants) {
    const answer = await owner.context.request.post(`/api/v1/projects/${project.id}/grants`, {
      data: grant,
      headers: GUARD,
    });
    expect([201, 409]).toContain(answer.status());
  }
  const sent = await owner.context.request.post(`/api/v1/projects/${project.id}/ingest`, {
    headers: GUARD,
    multipart: { file: { name: "one.png", mimeType: "image/png", buffer: picture() } },
  });
  expect(sent.ok(), await sent.text()).toBe(true);

  await officer.page.goto(`/projects/${project.id}/subjects`);
  await officer.page.getByRole("button", { name: /^Ask for the erasure of/ }).click();
  await officer.page.getByRole("dialog").getByLabel("Reason").fill("asked in writing");
  await officer.page.getByRole("button", { name: "Ask for erasure", exact: true }).click();
  // Whoever asked is offered no decision, and is refused one.
  await expect(officer.page.getByText("Somebody else has to decide")).toBeVisible();
  const listed = await officer.context.request.get(`/api/v1/projects/${project.id}/privacy-requests`);
  const [request] = await listed.json();
  const alone = await officer.context.request.post(`/api/v1/privacy-requests/${request.id}/decision`, {
    headers: GUARD,
    data: { decision: "approve", reason: "mine", password: PASSWORD },
  });
  expect((await alone.json()).code).toBe("separation_of_duties");

  await owner.page.goto(`/projects/${project.id}/subjects`);
  await owner.page.getByRole("button", { name: "Confirm…" }).click();
  await owner.page.getByRole("dialog").getByLabel("Reason").fill("checked");
  await owner.entersComponents("dialog");
  await owner.page.getByRole("button", { name: "Confirm the erasure" }).click();
  await expect(owner.page.getByRole("dialog")).toBeHidden();
  await expect
    .poll(async () => {
      const now = await owner.context.request.get(`/api/v1/projects/${project.id}/privacy-requests`);
      return (await now.json())[0].state;
    })
    .toBe("done");

  await officer.page.reload();
  await expect(officer.page.getByRole("cell", { name: "Erased subject #1", exact: true })).toBeVisible();
  const download = officer.page.waitForEvent("download");
  await officer.page.getByRole("link", { name: "Certificate" }).click();
  expect((await download).suggestedFilename()).toBe(`erasure-${request.id}.txt`);
  const text = await officer.context.request.get(`/api/v1/privacy-requests/${request.id}/certificate/text`);
  expect(await text.text()).toContain("Countersign statement: erasure");
  const items = await (await owner.context.request.get(`/api/v1/projects/${project.id}/items`)).json();
  expect(items.items.map((item: { phase: string }) => item.phase)).toEqual(["erased"]);
  for (const person of [owner, officer]) await person.leaves();
});
