/**
 * An inspector's day, with a server and a witness of its own: what they take along is checked without any server; then
 * somebody with the database's password edits a row, deletes one, and puts yesterday's directory back.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, request, test } from "@playwright/test";
import { Person } from "./people";
import {
  box,
  call,
  claim,
  everybody,
  lets,
  PASSWORD,
  type People,
  picture,
  pictures,
  signs,
} from "./pictures";

const binary = process.env.COUNTERSIGN_BIN as string;
const PYTHON = process.env.PYTHON || "python3";
const NAMES: Record<string, string> = {
  privacy: "Pia Privacy",
  annotator: "Ann Annotator",
  reviewer: "Rae Reviewer",
  specialist: "Dr. Sid Specialist",
  quality: "Quinn Quality",
  scientist: "Dana Scientist",
  auditor: "Ina Inspector",
};

/** A port that is free now. */
async function port(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

/** A process of the binary that says when it is ready. */
class Running {
  private said = "";

  private constructor(private readonly child: ChildProcess) {
    const hear = (bytes: Buffer) => {
      this.said += bytes;
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
  }

  static async of(...args: string[]): Promise<Running> {
    const running = new Running(spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] }));
    await expect.poll(() => running.said, { timeout: 60_000 }).toContain("is ready on");
    return running;
  }

  async ends(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
  }
}

/** What the command line answers, and its exit status. */
function said(...args: string[]) {
  const done = spawnSync(binary, ["--json", ...args], { encoding: "utf8" });
  return { status: done.status, answer: JSON.parse(done.stdout || done.stderr) };
}

/** Runs a statement as somebody with the database's password would. */
function tamper(data: string, statement: string): string {
  const program =
    "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);c.execute('PRAGMA foreign_keys=OFF');" +
    "r=c.execute(sys.argv[2]).fetchone();c.commit();print(r[0] if r else '')";
  const answer = execFileSync(PYTHON, ["-c", program, join(data, "countersign.db"), statement]);
  return answer.toString().trim();
}

async function accounts(base: string, oneTime: string): Promise<void> {
  const owner = await request.newContext({ baseURL: base, extraHTTPHeaders: { "x-countersign": "1" } });
  const sent = async (method: "post" | "put", path: string, data: unknown) => {
    const answer = await owner[method](`/api/v1${path}`, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
  };
  await sent("post", "/session", { login: "owner", password: oneTime });
  await sent("put", "/me/password", { current: oneTime, new: PASSWORD });
  for (const [login, printed_name] of Object.entries(NAMES)) {
    const system_roles = login === "auditor" ? ["auditor"] : [];
    await sent("post", "/users", { login, printed_name, password: PASSWORD, system_roles });
  }
  await owner.dispose();
}

/** The annotator hands in the box as this class; the item. */
async function drawn(people: People, project: string, named: string): Promise<string> {
  const read = await claim(people.annotator, project);
  // They look at what they mark.
  const image = await people.annotator.context.request.get(
    `/api/v1/items/${read.item.id}/streams/0/frames/0/image`,
  );
  expect(image.ok()).toBe(true);
  await call(
    people.annotator,
    "post",
    `/tasks/${read.task.id}/submit`,
    { fence: read.task.fence, changes: [box(1, named)] },
    { "if-match": `"${read.read.revision}"` },
  );
  return read.item.id;
}

/** The reviewer decides; the hash of what stands. */
async function decided(people: People, project: string, verdict: object): Promise<string> {
  const review = await claim(people.reviewer, project);
  const answer = await call(
    people.reviewer,
    "post",
    `/tasks/${review.task.id}/review`,
    { fence: review.task.fence, ...verdict },
    { "if-match": `"${review.read?.revision ?? 0}"` },
  );
  return answer.content_hash;
}

const sentBack = (reason: string, comment: string) => ({ decision: "reject", reason, comment });

test("an inspector's day", async ({ browser }, info) => {
  test.slow();
  const home = mkdtempSync(join(tmpdir(), "countersign-inspector-"));
  const [data, yesterday, register] = ["data", "yesterday", "register"].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  const running: Running[] = [];
  const begun = async (...args: string[]) => {
    const one = await Running.of(...args);
    running.push(one);
    return one;
  };
  const file = (name: string, content: string | Buffer) => {
    const at = info.outputPath(name);
    writeFileSync(at, content);
    return at;
  };
  try {
    // The installation begins with its keys; the witness gets the log's, the server the witness's.
    const first = join(home, "first.png");
    writeFileSync(first, picture(9));
    const made = execFileSync(
      binary,
      ["--json", "ingest", "--data", data, "--project", "First", "--create", "images", first],
      { encoding: "utf8" },
    );
    const oneTime = /"one_time_password":\s*"([^"]+)"/.exec(made)?.[1] as string;
    const [web, outside] = [await port(), await port()];
    await begun(
      "witness",
      "--data",
      register,
      "--log-key",
      join(data, "keys/log.pub"),
      "--listen",
      `127.0.0.1:${outside}`,
    );
    const serve = (of: string) =>
      begun(
        ...["serve", "--data", of, "--listen", `127.0.0.1:${web}`],
        ...["--witness", `http://127.0.0.1:${outside}`, "--witness-key", join(register, "witness.pub")],
      );
    const base = `http://127.0.0.1:${web}`;
    let server = await serve(data);
    await accounts(base, oneTime);
    let people = await everybody(browser, base);
    const project = await pictures(people, "Inspected", 1);
    const found = await (await people.owner.context.request.get(`/api/v1/projects/${project}`)).json();
    const called: string = found.name;
    const users = await (await people.owner.context.request.get("/api/v1/users")).json();
    const auditorId = users.find((user: { login: string }) => user.login === "auditor").id;
    await call(people.owner, "post", `/projects/${project}/grants`, { user: auditorId, role: "auditor" });
    let auditor = await Person.arrives(browser, "auditor", base);
    const checkpoint = async () => (await auditor.context.request.get("/api/v1/log/checkpoint")).text();
    const checkpoints = [file("checkpoint-1", await checkpoint())];

    // A box that is drawn, sent back twice, and corrected: four versions.
    const item = await drawn(people, project, "object");
    await decided(people, project, sentBack("wrong_class", "It is somebody."));
    await drawn(people, project, "person");
    checkpoints.push(file("checkpoint-2", await checkpoint()));

    // Everybody goes home, and the directory is copied, as every night.
    for (const person of [...Object.values(people), auditor]) await person.leaves();
    await server.ends();
    cpSync(data, yesterday, { recursive: true });
    server = await serve(data);
    people = await everybody(browser, base);
    auditor = await Person.arrives(browser, "auditor", base);

    await decided(people, project, sentBack("wrong_class", "No, look again."));
    await drawn(people, project, "object");
    const hash = await decided(people, project, {
      decision: "fix",
      missing: "nothing",
      all_right: true,
      reason: "wrong_outline",
      changes: [
        {
          ...box(1, "object"),
          annotation: { ...box(1, "object").annotation, shape: { type: "box", x: 20, y: 10, w: 20, h: 20 } },
        },
      ],
    });
    await signs(people, project, hash);
    const release = await lets(people.scientist, project, "v1");
    const download = () => people.scientist.context.request.get(`/api/v1/releases/${release.id}/download`);
    await expect.poll(async () => (await download()).status(), { timeout: 60_000 }).toBe(200);
    const bundle = file("v1.zip", await (await download()).body());

    // The inspector sits down: who vouches, who saw it, the copy, the key by another way.
    await auditor.page.goto("/log");
    await expect(auditor.page.getByText("Witnessed", { exact: true })).toBeVisible({ timeout: 60_000 });
    checkpoints.push(file("checkpoint-3", await checkpoint()));
    const downloaded = async (act: () => Promise<void>, name: string) => {
      const coming = auditor.page.waitForEvent("download");
      await act();
      const at = info.outputPath(name);
      await (await coming).saveAs(at);
      return at;
    };
    await auditor.page.goto(`/items/${item}`);
    await auditor.page.getByRole("tab", { name: "Who saw this" }).click();
    const look = auditor.page.getByRole("link", { name: "Proof that Ann Annotator was shown it" }).first();
    const view = await downloaded(() => look.click(), "view.tlog-proof");
    await auditor.page.screenshot({ path: info.outputPath("seen.png"), fullPage: true });
    await auditor.page.goto(`/projects/${project}/evidence`);
    const copying = () => auditor.page.getByRole("link", { name: "Make a copy" }).click();
    const copy = await downloaded(copying, "copy.zip");
    const continued = [];
    for (const kept of checkpoints) {
      const size = readFileSync(kept, "utf8").split("\n")[1];
      const answer = await auditor.context.request.get(`/api/v1/log/consistency?old=${size}`);
      expect(answer.ok(), await answer.text()).toBe(true);
      continued.push(file(`from-${size}.consistency`, await answer.text()));
    }
    for (const person of [...Object.values(people), auditor]) await person.leaves();
    await server.ends();
    const key = join(home, "log.pub");
    cpSync(join(data, "keys/log.pub"), key);

    // Without a server: append-only between three checkpoints, one view, the copy, one signature, one release.
    for (const [number, proof] of continued.entries()) {
      const checked = said("verify", proof, "--kept", checkpoints[number] as string, "--key", key);
      expect([checked.status, checked.answer.verified], JSON.stringify(checked)).toEqual([0, "consistency"]);
    }
    const shown = said("verify", view, "--key", key);
    expect([shown.status, shown.answer.entry.action], JSON.stringify(shown)).toEqual([0, "asset.shown"]);
    const known = ["--witness-key", join(register, "witness.pub"), "--cosigned-by", "1"];
    const whole = said("verify", copy, "--key", key, ...known);
    expect(whole.status, JSON.stringify(whole)).toBe(0);
    expect(whole.answer.copy).toMatchObject({ signatures: 1, releases: 1, is_key_expected: true });
    const unpacked = join(home, "copy");
    execFileSync(PYTHON, ["-m", "zipfile", "-e", copy, unpacked]);
    const rows = (name: string) =>
      readFileSync(join(unpacked, name), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    const packed = said("verify", bundle, "--key", key);
    expect(packed.status, JSON.stringify(packed)).toBe(0);
    const [signature] = rows("signatures.jsonl");
    expect([signature.printed_name, signature.meaning]).toEqual(["Dr. Sid Specialist", "approved"]);
    for (const [name, action] of [
      [`signature-${signature.id}`, "signature.approved"],
      [`release-${rows("releases.jsonl")[0].id}`, "release.made"],
    ] as const) {
      const proven = said("verify", join(unpacked, "proofs", `${name}.tlog-proof`), "--key", key);
      expect([proven.status, proven.answer.entry.action]).toEqual([0, action]);
    }

    // Who, what, when and why, of the label's four versions.
    const reading = await browser.newPage();
    await reading.goto(`file://${join(unpacked, "index.html")}`);
    const mark = reading.getByRole("region", { name: /^Mark 00000000-0000-7000-8000-000000000001/ });
    const versions = mark.locator("tbody tr");
    await expect(versions).toHaveCount(4);
    for (const [number, words] of [
      ["Ann Annotator", "object"],
      ["Ann Annotator", "person", "wrong_class", "It is somebody."],
      ["Ann Annotator", "object", "wrong_class", "No, look again."],
      ["Rae Reviewer", "object", "wrong_outline"],
    ].entries()) {
      for (const word of words) await expect(versions.nth(number)).toContainText(word);
      await expect(versions.nth(number)).toContainText(new Date().toISOString().slice(0, 8));
    }
    await reading.screenshot({ path: info.outputPath("copy.png"), fullPage: true });
    await reading.close();

    // A row is edited, then one is deleted: the next copy, and the check of the directory, name each.
    const named = (number: number) => {
      const out = info.outputPath(`after-${number}.zip`);
      expect(said("inspect", "--data", data, "--project", called, "--out", out).status).toBe(0);
      const checked = said("verify", out, "--key", key);
      return [checked.status, checked.answer.error.code, checked.answer.error.details.index];
    };
    const [edited, gone] = [rows("events.jsonl")[12].index, rows("events.jsonl")[7].index];
    tamper(data, `UPDATE events SET outcome = 'refused' WHERE log_index = ${edited}`);
    expect(named(1)).toEqual([1, "flipped", edited]);
    tamper(data, `DELETE FROM events WHERE log_index = ${gone}`);
    expect(named(2)).toEqual([1, "missing", gone]);
    const log = said("verify", "--log", data, "--key", key);
    expect([log.status, log.answer.error.details.index]).toEqual([1, gone]);

    // Yesterday's directory is put back: it verifies in itself, and the witness knows better.
    rmSync(data, { recursive: true });
    cpSync(yesterday, data, { recursive: true });
    expect(said("verify", "--log", data, "--key", key).status).toBe(0);
    server = await serve(data);
    auditor = await Person.arrives(browser, "auditor", base);
    await auditor.page.goto("/log");
    await expect(auditor.page.getByText("Conflict (409)")).toBeVisible({ timeout: 60_000 });
    await expect(auditor.page.getByRole("alert")).toContainText("Conflict with a witness");
    await auditor.page.screenshot({ path: info.outputPath("conflict.png"), fullPage: true });
    const rolledBack = said(
      "verify",
      "--log",
      join(data, "log"),
      "--key",
      key,
      "--kept",
      checkpoints[2] as string,
    );
    expect([rolledBack.status, rolledBack.answer.error.code]).toEqual([1, "rolled_back"]);
    await auditor.leaves();
  } finally {
    for (const one of running.reverse()) await one.ends();
    rmSync(home, { recursive: true, force: true });
  }
});
