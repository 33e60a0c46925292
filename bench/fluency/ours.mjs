// Our side: the built page, with the server's answers given by this script, because only the page is measured.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cocoCounts, discRuns, HEIGHT, MASK_SIDE, picture, WIDTH } from "./scene.mjs";
import { traceBrush, traceMarks, watch } from "./trace.mjs";

const PORT = Number(process.env.FLUENCY_PORT ?? 4191);
/** 2096, microseconds. */
const FAR = 4_000_000_000_000_000;
const AUTHOR = { kind: "human", user: "u-1" };

function answers(width, height, annotations) {
  const item = {
    id: "i", project: "p", name: "image", kind: "image", phase: "leased", stage: 0, held: false, facts: { frames: 1, notes: [] },
    streams: [{ kind: "image", name: "image", frames: [{ asset: "a", part: 0 }], properties: { width, height } }],
    reads: [], holds: [], signatures: [],
  };
  const protocol = {
    id: "images", version: 1, title: "Images", industry: "manufacturing", item_kind: "image", guideline: "", rework_cap: 3,
    classes: [{ id: "thing", name: "Thing", color: "#f2a65a", shapes: ["box", "polygon", "mask"] }],
    stages: [{ id: "read", title: "Read", kind: "read", role: "annotator", lease_minutes: 30 }],
  };
  const read = {
    id: "r", item: "i", stage: 0, kind: "read", author: AUTHOR, author_name: "A", protocol_version: 1, status: "draft",
    annotation_count: annotations.length, content_hash: null, created_at: 0, revision: 1, annotations,
  };
  const task = { id: "t", project: "p", item: "i", item_name: "image", stage: 0, stage_id: "read", kind: "read", title: "Read", fence: 1, lease_until: FAR };
  const user = { id: "u-1", login: "a", printed_name: "A" };
  return {
    "/session": {
      user, system_roles: [], must_change_password: false, grants: [], session: { verified_at: 0 },
      organization: { id: "o", name: "O", kind: "own", contract: "none" },
    },
    "/tasks/t": { task, item, protocol, draft_on_request: false, read },
    "/tasks/t/renew": { lease_until: FAR },
    "/me/keys": { map: null, changes: {} },
  };
}

/** A task of this picture and these marks, opened; where image points lie on the screen. */
async function open(browser, width, height, annotations) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const png = Buffer.from((await picture(page, width, height)).split(",")[1], "base64");
  const known = answers(width, height, annotations);
  let revision = 1;
  await page.route("**/api/v1/**", (route) => {
    const path = new URL(route.request().url()).pathname.replace("/api/v1", "");
    if (path === "/events") return route.fulfill({ contentType: "text/event-stream", body: "retry: 60000\n\n" });
    if (path.endsWith("/image")) return route.fulfill({ contentType: "image/png", body: png });
    if (path === "/reads/r/annotations") {
      revision += 1;
      const versions = Object.fromEntries(route.request().postDataJSON().changes.map((one) => [one.annotation?.id ?? one.id, revision]));
      return route.fulfill({ json: { revision, annotations_versions: versions } });
    }
    return known[path] ? route.fulfill({ json: known[path] }) : route.fulfill({ status: 404, json: { code: "not_found" } });
  });
  await page.addInitScript(watch);
  const begun = performance.now();
  await page.goto(`http://127.0.0.1:${PORT}/work/t`);
  await page.getByTestId("stage").waitFor();
  await page.getByText("Loading the image…").waitFor({ state: "hidden" });
  const open_ms = performance.now() - begun;
  await page.keyboard.press("s");
  const stage = async () => {
    const box = await page.getByTestId("stage").boundingBox();
    const scale = Math.min((box.width - 32) / width, (box.height - 32) / height);
    return ([x, y]) => [box.x + box.width / 2 + (x - width / 2) * scale, box.y + box.height / 2 + (y - height / 2) * scale];
  };
  return { page, open_ms, stage };
}

const annotation = (id, shape) => ({ id, version: 1, class: "thing", frame: { stream: 0, index: 0 }, shape, author: AUTHOR });

export async function ours(browser, web, list, brush) {
  const server = spawn(process.execPath, [join(web, "tests/pages/serve.mjs")], { env: { ...process.env, PORT }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(server, "exit").then(() => Promise.reject(new Error("the page's server ended")));
  ended.catch(() => {});
  await Promise.race([once(server.stdout, "data"), ended]);
  try {
    const shapes = list.map(({ kind, ...rest }, i) => annotation(`a-${i}`, { type: kind, ...rest }));
    const many = await open(browser, WIDTH, HEIGHT, shapes);
    const marks = await traceMarks(many.page, list, await many.stage());
    const selected = await many.page.locator('[data-testid="object-row"][data-selected="true"]').count();
    if (selected !== 1) throw new Error(`${selected} rows are selected`);
    await many.page.close();
    const found = { open_ms: many.open_ms, ...marks };
    if (!brush) return found;
    const mask = { type: "mask", size: [MASK_SIDE, MASK_SIDE], counts: cocoCounts(discRuns()) };
    const one = await open(browser, MASK_SIDE, MASK_SIDE, [annotation("m", mask)]);
    const at = await one.stage();
    await one.page.mouse.click(...at([MASK_SIDE / 2, MASK_SIDE / 2]));
    await one.page.getByTestId("tool-brush").click();
    const painted = await traceBrush(one.page, await one.stage());
    const rows = await one.page.getByTestId("object-row").count();
    if (rows !== 1) throw new Error(`the strokes made ${rows - 1} masks beside the one`);
    await one.page.close();
    return { ...found, ...painted };
  } finally {
    server.kill();
  }
}
