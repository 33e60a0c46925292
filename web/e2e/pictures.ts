/** Projects of small pictures, and work on them through the API of each person's own session. */
import { deflateSync } from "node:zlib";
import { type Browser, expect } from "@playwright/test";
import { Person } from "./people";

export const PASSWORD = "countersign-demo";
const GUARD = { "x-countersign": "1" };
const LOGINS = ["owner", "privacy", "annotator", "reviewer", "specialist", "quality", "scientist"] as const;
export type Login = (typeof LOGINS)[number];
/** Everybody of a project, in a browser of their own. */
export type People = Record<Login, Person>;

export async function everybody(browser: Browser): Promise<People> {
  const arrived: Partial<People> = {};
  for (const login of LOGINS) arrived[login] = await Person.arrives(browser, login);
  return arrived as People;
}

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

/** A grey picture of 64 by 64 pixels with a bright square; each number gives another. */
function picture(number: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(64, 0);
  head.writeUInt32BE(64, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const value = (x: number, y: number) => (x > 19 && x < 41 && y > 9 && y < 31 ? 220 : x + y + number);
  const rows = Buffer.concat(
    Array.from({ length: 64 }, (_, y) =>
      Buffer.from([0, ...Array.from({ length: 64 }, (_, x) => value(x, y))]),
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

export async function call(
  person: Person,
  method: "post" | "put",
  path: string,
  data: unknown,
  headers = {},
) {
  const answer = await person.context.request[method](`/api/v1${path}`, {
    data,
    headers: { ...GUARD, ...headers },
  });
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
  return answer.status() === 204 ? null : answer.json();
}

/** A project of pictures that passed the gate and wait for a reader. */
export async function pictures(people: People, name: string, count: number): Promise<string> {
  const { owner, privacy } = people;
  const project = await call(owner, "post", "/projects", { name, protocol: "images" });
  for (const [login, role] of [
    ["owner", "owner"],
    ["privacy", "privacy_officer"],
    ["annotator", "annotator"],
    ["reviewer", "reviewer"],
    ["specialist", "specialist"],
    ["quality", "quality_engineer"],
    ["scientist", "data_scientist"],
  ] as const) {
    const me = await (await people[login].context.request.get("/api/v1/session")).json();
    const grant = await owner.context.request.post(`/api/v1/projects/${project.id}/grants`, {
      data: { user: me.user.id, role },
      headers: GUARD,
    });
    expect([201, 409]).toContain(grant.status());
  }
  await call(privacy, "post", `/projects/${project.id}/declaration`, {
    password: PASSWORD,
    statement: "publicly_released",
  });
  for (let number = 0; number < count; number += 1) {
    const sent = await owner.context.request.post(`/api/v1/projects/${project.id}/ingest`, {
      headers: GUARD,
      multipart: { file: { name: `${number}.png`, mimeType: "image/png", buffer: picture(number) } },
    });
    expect(sent.ok(), await sent.text()).toBe(true);
  }
  await expect.poll(() => inPhase(people, project.id, "queued")).toBe(count);
  return project.id;
}

/** How many items of a project are in a phase. */
export async function inPhase(people: People, project: string, phase: string): Promise<number> {
  const page = await people.owner.context.request.get(`/api/v1/projects/${project}/items?phase=${phase}`);
  return (await page.json()).items.length;
}

const claim = (person: Person, project: string) =>
  call(person, "post", `/projects/${project}/tasks/claim`, {});

const box = (number: number, named: string) => ({
  op: "put",
  annotation: {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`,
    class: named,
    frame: { stream: 0, index: 0 },
    shape: { type: "box", x: 20, y: 10, w: 21, h: 21 },
    attributes: {},
  },
});

/** The annotator reads the next picture: with the box around its square, or without; its item. */
export async function reads(
  people: People,
  project: string,
  number: number,
  boxed: boolean,
): Promise<string> {
  const read = await claim(people.annotator, project);
  await call(
    people.annotator,
    "post",
    `/tasks/${read.task.id}/submit`,
    { fence: read.task.fence, changes: boxed ? [box(number, "object")] : [] },
    { "if-match": `"${read.read.revision}"` },
  );
  return read.item.id;
}

/** The reviewer takes the next read as it is, or says that the square is a person; the hash of what stands. */
export async function reviews(
  people: People,
  project: string,
  number: number,
  right: boolean,
): Promise<string> {
  const review = await claim(people.reviewer, project);
  const decided = await call(
    people.reviewer,
    "post",
    `/tasks/${review.task.id}/review`,
    {
      fence: review.task.fence,
      decision: right ? "accept" : "fix",
      missing: "nothing",
      changes: right ? [] : [box(number, "person")],
    },
    { "if-match": `"${review.read?.revision ?? 0}"` },
  );
  return decided.content_hash;
}

/** The specialist signs the next read. */
export async function signs(people: People, project: string, hash: string): Promise<void> {
  const sign = await claim(people.specialist, project);
  await call(people.specialist, "post", `/tasks/${sign.task.id}/sign`, {
    fence: sign.task.fence,
    password: PASSWORD,
    content_hash: hash,
    decision: "sign",
  });
}
