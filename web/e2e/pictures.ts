/** Projects of small pictures, and work on them through the API of each person's own session. */
import { deflateSync } from "node:zlib";
import { type Browser, expect, test } from "@playwright/test";
import { Person } from "./people";

export const PASSWORD = "countersign-demo";
const GUARD = { "x-countersign": "1" };
const LOGINS = ["owner", "privacy", "annotator", "reviewer", "specialist", "quality", "scientist"] as const;
export type Login = (typeof LOGINS)[number];
/** Everybody of a project, in a browser of their own. */
export type People = Record<Login, Person>;
/** Those without whom there is no project of pictures, and whoever else came. */
export type Some = Pick<People, "owner" | "privacy"> & Partial<People>;

export async function everybody(browser: Browser, baseURL?: string): Promise<People> {
  const arrived: Partial<People> = {};
  for (const login of LOGINS) arrived[login] = await Person.arrives(browser, login, baseURL);
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
export const picture = (number: number): Buffer =>
  png(64, (x, y) => (x > 19 && x < 41 && y > 9 && y < 31 ? 220 - Math.floor(number / 256) : x + y + number));

/** A grey picture, as high as it is wide. */
export function png(side: number, value: (x: number, y: number) => number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const rows = Buffer.concat(
    Array.from({ length: side }, (_, y) =>
      Buffer.from([0, ...Array.from({ length: side }, (_, x) => value(x, y))]),
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

/** Gives somebody a role on a project; who has it already keeps it. */
export async function grants(
  people: Pick<People, "owner">,
  project: string,
  person: Person,
  role: string,
): Promise<void> {
  const me = await (await person.context.request.get("/api/v1/session")).json();
  const grant = await people.owner.context.request.post(`/api/v1/projects/${project}/grants`, {
    data: { user: me.user.id, role },
    headers: GUARD,
  });
  expect([201, 409]).toContain(grant.status());
}

/** What a signature takes of one of the demo's people. */
export const both = (login: string) => ({ login, password: PASSWORD });

/** A project, for pictures unless said otherwise, whose protocol its owner signs at once. */
export async function makes(owner: Person, name: string, protocol = "images"): Promise<string> {
  await call(owner, "post", "/me/signing", { version: 1 });
  const draft = { name, protocol, ...both(owner.login) };
  return (await call(owner, "post", "/projects", draft)).id;
}

/** A project for pictures, everybody who came with their role; its pictures are declared public. Signed, unless said otherwise. */
export async function opens(people: Some, name: string, signed = true, protocol = "images"): Promise<string> {
  const { owner, privacy } = people;
  // A walk that is walked once more finds the project of the first time there.
  const { retry } = test.info();
  const own = retry > 0 ? `${name} ${retry + 1}` : name;
  const unsigned = { name: own, protocol };
  const project = signed
    ? await makes(owner, own, protocol)
    : (await call(owner, "post", "/projects", unsigned)).id;
  for (const [login, role] of [
    ["owner", "owner"],
    ["privacy", "privacy_officer"],
    ["annotator", "annotator"],
    ["reviewer", "reviewer"],
    ["specialist", "specialist"],
    ["quality", "quality_engineer"],
    ["scientist", "data_scientist"],
  ] as const) {
    const person = people[login];
    if (person) await grants(people, project, person, role);
  }
  await call(privacy, "post", "/me/signing", { version: 1 });
  await call(privacy, "post", `/projects/${project}/declaration`, {
    ...both("privacy"),
    statement: "publicly_released",
  });
  return project;
}

/** Sends pictures to a project; each lies in quarantine until it passed the gate. */
export async function sends(people: People, project: string, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const sent = await people.owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
      headers: GUARD,
      multipart: { file: { name: `${number}.png`, mimeType: "image/png", buffer: picture(number) } },
    });
    expect(sent.ok(), await sent.text()).toBe(true);
  }
}

/** A project of pictures that passed the gate and wait for a reader. */
export async function pictures(people: People, name: string, count: number): Promise<string> {
  const project = await opens(people, name);
  await sends(people, project, count);
  await expect.poll(() => counted(people, project, "queued"), { timeout: 180_000 }).toBe(count);
  return project;
}

/** Most items that a list gives at once. */
const LISTED = 200;

/** How many items of a project are in a phase. */
export async function inPhase(
  people: Pick<People, "owner">,
  project: string,
  phase: string,
): Promise<number> {
  const path = `/api/v1/projects/${project}/items?phase=${phase}&limit=${LISTED}`;
  const page = await people.owner.context.request.get(path);
  return (await page.json()).items.length;
}

/** The same, however many there are. */
export async function counted(people: People, project: string, phase: string): Promise<number> {
  const answer = await people.owner.context.request.get(`/api/v1/projects/${project}`);
  return (await answer.json()).counts.by_phase[phase] ?? 0;
}

/** Takes the next task of a project, of one of its stages, or of one item. */
export const claim = (person: Person, project: string, stage?: string, item?: string) =>
  call(person, "post", `/projects/${project}/tasks/claim`, { stage, item });

export const box = (number: number, named: string) => ({
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
      all_right: true,
      ...(right ? {} : { reason: "wrong_class" }),
      changes: right ? [] : [box(number, "person")],
    },
    { "if-match": `"${review.read?.revision ?? 0}"` },
  );
  return decided.content_hash;
}

/** The specialist signs the next read, or that of an item. */
export async function signs(people: People, project: string, hash: string, item?: string): Promise<void> {
  const sign = await claim(people.specialist, project, undefined, item);
  await call(people.specialist, "post", "/me/signing", { version: 1 });
  await call(people.specialist, "post", `/tasks/${sign.task.id}/sign`, {
    fence: sign.task.fence,
    login: "specialist",
    password: PASSWORD,
    content_hash: hash,
    decision: "sign",
  });
}

/** Makes a release of everything accepted where that takes one person, who signs it. */
export async function lets(scientist: Person, project: string, name: string) {
  await call(scientist, "post", "/me/signing", { version: 1 });
  const signature = { login: scientist.login, password: PASSWORD };
  return await call(scientist, "post", `/projects/${project}/releases`, { name, ...signature });
}

/** The shipped protocol for pictures, read twice, as a draft of its next version. */
export async function twice(people: People, project: string): Promise<{ version: number; document: string }> {
  const answer = await people.owner.context.request.get(`/api/v1/projects/${project}/protocol`);
  const { version, document } = (await answer.json()) as { version: number; document: string };
  const [head, rest] = document.split("stages:\n") as [string, string];
  const guideline = rest.slice(rest.indexOf("guideline:"));
  const stages = `stages:
  - { id: read, title: Blind read, kind: read, role: annotator, readers: 2 }
  - { id: compare, title: Comparison, kind: compare, agreement: { box_iou: 0.5 }, merge: mean }
  - { id: adjudicate, title: Adjudication, kind: adjudicate, role: reviewer, escalate_to: specialist, escalate_hours: 72 }
  - { id: sign, title: Countersignature, kind: sign, role: specialist, meaning: approved }
`;
  const next = head.replace(`version: ${version}`, `version: ${version + 1}`);
  return { version, document: `${next}${stages}${guideline}` };
}

/** Puts a document into force. */
export async function putsProtocol(
  people: Pick<People, "owner">,
  project: string,
  draft: { version: number; document: string },
  reason?: string,
) {
  return people.owner.context.request.post(`/api/v1/projects/${project}/protocol`, {
    data: { document: draft.document, login: "owner", password: PASSWORD, reason },
    headers: { "x-countersign": "1", "if-match": `"${draft.version}"` },
  });
}

/** A file of a package, found by the directory at its end; packages hold their files as they are, uncompressed. */
export function file(zip: Buffer, name: string): string {
  const end = zip.lastIndexOf(Buffer.from("504b0506", "hex"));
  let place = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(place + field)) as [
      number,
      number,
      number,
    ];
    if (zip.toString("utf8", place + 46, place + 46 + nameLength) === name) {
      expect(zip.readUInt16LE(place + 10), `${name} is stored`).toBe(0);
      const at = zip.readUInt32LE(place + 42);
      const start = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
      return zip.toString("utf8", start, start + zip.readUInt32LE(place + 20));
    }
    place += 46 + nameLength + extra + comment;
  }
  throw new Error(`${name} is not in the package`);
}
