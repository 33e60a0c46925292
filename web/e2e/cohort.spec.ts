/**
 * From the archive to a cleared worklist: studies full of identifiers come in by STOW-RS and as a folder; nobody but the
 * privacy officer is shown anything of them before the gate, nobody anything that identifies afterwards, and what readers
 * need is still there. `COUNTERSIGN_STUDIES` says how many studies, a few by default.
 */
import { type Browser, expect, type Page, test } from "@playwright/test";
import {
  byText,
  found,
  type Instance,
  layOut,
  makeCohort,
  related,
  secretsOf,
  shapeOf,
  studiesOf,
} from "./cohort";
import { Person } from "./people";

const BINARY = process.env.COUNTERSIGN_BIN ?? "";
const STUDIES = Number(process.env.COUNTERSIGN_STUDIES ?? 4);
const GUARD = { "X-Countersign": "1" };
const BOUNDARY = "countersign-cohort";
/** Instances of one store request. */
const PER_REQUEST = 20;
/** What a study may take until it waits at the gate, on a slow machine. */
const STUDY_MILLIS = 30_000;
/** Logins and roles of everybody who is not a privacy officer. */
const OTHERS = {
  owner: "",
  technician: "technician",
  annotator: "annotator",
  reviewer: "reviewer",
  quality: "quality_engineer",
  specialist: "specialist",
  scientist: "data_scientist",
  auditor: "auditor",
};

type Entry = { id: string; item: string; revision: number; needs_waiver: boolean; report: { masks: number } };
type Stream = { frames: { position_mm?: number }[]; properties: Record<string, unknown> };

const get = async (person: Person, path: string) => {
  const answer = await person.context.request.get(`/api/v1${path}`);
  return { status: answer.status(), text: await answer.text() };
};
const json = async (person: Person, path: string) => JSON.parse((await get(person, path)).text);

async function newProject(owner: Person): Promise<string> {
  const { request } = owner.context;
  const made = await request.post("/api/v1/projects", {
    headers: GUARD,
    data: { name: "From the archive", protocol: "radiology" },
  });
  expect(made.status()).toBe(201);
  const project = (await made.json()).id as string;
  const users = (await json(owner, "/users")) as { id: string; login: string }[];
  for (const [login, role] of Object.entries({ ...OTHERS, privacy: "privacy_officer" })) {
    if (role === "") continue;
    const user = users.find((known) => known.login === login)?.id;
    const granted = await request.post(`/api/v1/projects/${project}/grants`, {
      headers: GUARD,
      data: { user, role },
    });
    expect(granted.ok(), login).toBe(true);
  }
  return project;
}

/** Sends instances as an archive would: in requests that do not care for studies. */
async function store(technician: Person, project: string, instances: Instance[]): Promise<void> {
  const mixed = [...instances].sort((a, b) => (a.instance_uid < b.instance_uid ? -1 : 1));
  for (let at = 0; at < mixed.length; at += PER_REQUEST) {
    const part = mixed.slice(at, at + PER_REQUEST);
    const answer = await technician.context.request.post(`/api/v1/projects/${project}/dicom-web/studies`, {
      headers: {
        ...GUARD,
        "Content-Type": `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`,
      },
      data: related(part, BOUNDARY),
      timeout: STUDY_MILLIS * 4,
    });
    const told = await answer.json();
    const uids = (sequence: string) =>
      (told[sequence]?.Value ?? []).map(
        (item: Record<string, { Value: string[] }>) => item["00081155"]?.Value[0],
      );
    const refused = part
      .filter((instance) => instance.twoFilesAtOnce)
      .map((instance) => instance.instance_uid);
    expect(uids("00081198"), JSON.stringify(told)).toEqual(refused);
    expect(answer.status()).toBe(refused.length > 0 ? 202 : 200);
    expect(uids("00081199").sort()).toEqual(
      part
        .map((instance) => instance.instance_uid)
        .filter((uid) => !refused.includes(uid))
        .sort(),
    );
  }
}

/** Drops a folder on the page of the project. */
async function upload(page: Page, project: string, folder: string): Promise<void> {
  await page.goto(`/projects/${project}/ingest`);
  await page.locator("input[type=file][webkitdirectory]").setInputFiles(folder);
  await expect(
    page
      .getByText("polyglot_preamble")
      .or(page.getByText(/two files at once/))
      .first(),
  ).toBeVisible({
    timeout: STUDY_MILLIS * STUDIES,
  });
}

/** Everything that a person can read about a project, in one text. */
async function readable(person: Person, project: string, items: string[]): Promise<string> {
  const paths = ["/home", "/projects", "/me/tasks", "/users", "/releases", "/log/checkpoint"];
  for (const part of [
    "",
    "/items?limit=200",
    "/ingests",
    "/events?limit=200",
    "/grants",
    "/gate",
    "/gate/summary",
    "/subjects",
    "/privacy-requests",
    "/privacy-report",
    "/risks",
    "/leaks",
    "/audits",
    "/releases",
  ]) {
    paths.push(`/projects/${project}${part}`);
  }
  for (const item of items) {
    for (const part of ["", "/events", "/exposures", "/cleanings"]) paths.push(`/items/${item}${part}`);
  }
  const ingests = await get(person, `/projects/${project}/ingests`);
  // Who sent the files is told which one was refused, by the name that it was sent under.
  if (ingests.status === 200 && person.login !== "technician") {
    for (const { id } of JSON.parse(ingests.text)) paths.push(`/ingests/${id}`);
  }
  const texts = [];
  for (const path of paths) texts.push((await get(person, path)).text);
  return texts.join("\n");
}

/** Nothing of what waits can be fetched: each address answers byte for byte as one that does not exist. */
async function nothingIsShown(person: Person, entries: Entry[]): Promise<void> {
  const unknown = crypto.randomUUID();
  const routes: [string, (entry: Entry) => string][] = [
    ["/items/ID/streams/0/frames/0/image", (e) => e.item],
    ["/items/ID/streams/0/frames/0/pixels", (e) => e.item],
    ["/items/ID/streams/0/frames/0/points", (e) => e.item],
    ["/gate/ID", (e) => e.id],
    ["/gate/ID/masks", (e) => e.id],
    ["/gate/ID/images/0?side=before", (e) => e.id],
    ["/gate/ID/images/0?side=after", (e) => e.id],
    ["/gate/ID/images/0/changes", (e) => e.id],
  ];
  for (const [path, id] of routes) {
    const nothing = await get(person, path.replace("ID", unknown));
    expect(nothing.status, `${person.login} ${path}`).toBe(404);
    for (const entry of entries) {
      expect(await get(person, path.replace("ID", id(entry))), `${person.login} ${path}`).toEqual(nothing);
    }
  }
}

/** Listens to what the server tells a person while it happens; the text so far. */
async function listens(person: Person): Promise<() => Promise<string>> {
  await person.page.goto("/");
  await person.page.evaluate(async () => {
    const told = { text: "" };
    Object.assign(window, { told });
    const answer = await fetch("/api/v1/events", { headers: { Accept: "text/event-stream" } });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const read = async () => {
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
        told.text += part.value;
    };
    read();
  });
  return () => person.page.evaluate(() => (window as unknown as { told: { text: string } }).told.text);
}

async function everybody(browser: Browser): Promise<Person[]> {
  const people = [];
  for (const login of Object.keys(OTHERS)) people.push(await Person.arrives(browser, login));
  return people;
}

const waiting = async (officer: Person, project: string): Promise<Entry[]> =>
  (await json(officer, `/projects/${project}/gate?limit=200`)).items;

test("studies of an archive come in, and nothing that identifies anybody gets out", async ({ browser }) => {
  test.setTimeout(300_000 + STUDIES * STUDY_MILLIS);
  const cohort = makeCohort(BINARY, STUDIES);
  const secrets = secretsOf(cohort);
  expect(secrets.length).toBeGreaterThan(50 * STUDIES);
  const people = await everybody(browser);
  const [owner, technician, annotator] = people as [Person, Person, Person];
  const project = await newProject(owner);
  const told = await listens(annotator);

  // The first half by STOW-RS, the rest as a folder that is named after the patients.
  const studies = [...studiesOf(cohort).values()];
  const began = Date.now();
  await store(technician, project, studies.slice(1, Math.ceil(STUDIES / 2)).flat());
  await upload(
    technician.page,
    project,
    layOut([studies[0], ...studies.slice(Math.ceil(STUDIES / 2))].flatMap((s) => s ?? [])),
  );
  const officer = await Person.arrives(browser, "privacy");
  await expect
    .poll(async () => (await waiting(officer, project)).length, {
      timeout: STUDIES * STUDY_MILLIS,
      intervals: [1_000],
    })
    .toBe(studies.length);
  console.log(
    `${STUDIES} studies, ${cohort.length} instances: ${Math.round((Date.now() - began) / STUDIES)} ms per study until it waits`,
  );

  const entries = await waiting(officer, project);
  const items = entries.map((entry) => entry.item);
  for (const person of people) {
    await nothingIsShown(person, entries);
    expect(found(await readable(person, project, items), secrets), person.login).toEqual([]);
  }
  expect(found(await told(), secrets)).toEqual([]);
  // What was written into pixels was seen: every study has pictures with names in them.
  for (const entry of entries) expect(entry.report.masks).toBeGreaterThan(0);

  // One is looked at on the page, by keyboard; the others are decided the same way by the address behind it.
  await officer.page.goto(`/projects/${project}/gate`);
  await expect(officer.page.getByText(new RegExp(`^${studies.length} entr(y|ies) waits?$`))).toBeVisible();
  await expect(officer.page.getByTestId("gate-overlay")).toBeAttached();
  await officer.page.keyboard.press("3");
  await expect(officer.page.getByLabel("Reason")).not.toHaveValue("");
  await officer.page.keyboard.press(entries[0]?.needs_waiver ? "w" : "a");
  await expect.poll(async () => (await waiting(officer, project)).length).toBe(studies.length - 1);
  for (const entry of await waiting(officer, project)) {
    const decided = await officer.context.request.post(`/api/v1/gate/${entry.id}/decision`, {
      headers: { ...GUARD, "If-Match": `"${entry.revision}"` },
      data: { decision: entry.needs_waiver ? "waive" : "approve", reason: "Synthetic or phantom data" },
    });
    expect(decided.ok(), await decided.text()).toBe(true);
  }

  // The worklist opens, and what a reader needs has survived.
  await expect
    .poll(
      async () => {
        const { items: rows } = await json(owner, `/projects/${project}/items?limit=200`);
        return rows.filter((row: { phase: string }) => row.phase === "queued").length;
      },
      { timeout: STUDIES * STUDY_MILLIS, intervals: [1_000] },
    )
    .toBe(studies.length);
  const shapes = [];
  for (const item of items) {
    const { streams } = (await json(owner, `/items/${item}`)) as { streams: Stream[] };
    const ct = streams.find((s) => s.properties.modality === "CT" && s.frames.length > 1)?.properties ?? {};
    shapes.push({
      series: streams.map((s) => [s.properties.modality, s.frames.length]).sort(byText),
      ct: [
        `${ct.row_spacing_mm}\\${ct.column_spacing_mm}`,
        `${ct.slice_thickness_mm}`,
        (ct.orientation as number[]).join("\\"),
        `${ct.patient_position}`,
      ],
    });
  }
  expect(shapes.sort(byText)).toEqual(studies.map(shapeOf).sort(byText));

  for (const person of people) {
    expect(found(await readable(person, project, items), secrets), person.login).toEqual([]);
  }
  expect(found(await told(), secrets)).toEqual([]);
  await annotator.page.goto("/");
  await annotator.card("From the archive", "reading").click();
  await expect(annotator.page.getByTestId("stack")).toBeVisible();
  const auditor = people.at(-1) as Person;
  const looks = JSON.stringify(
    (await Promise.all(items.map((item) => json(auditor, `/items/${item}/exposures?limit=500`)))).flat(),
  );
  expect(looks).toContain("gate_");
  for (const person of [...people, officer]) await person.leaves();
});
