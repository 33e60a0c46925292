// Ten thousand marks on one image: how long from a click to the frame that shows the selection, and how evenly frames come
// while the picture is zoomed and panned. A scripted hand in a real browser, the same for both sides.
//
//   node bench/fluency.mjs WEB_FOLDER [--marks 10000] [--peer URL LOGIN PASSWORD]
//
// Ours is the built page (`npm run build`) with the server's answers given by this script, because only the page is measured.
// The peer is a Label Studio that runs already: a project is made in it, with one task of the same picture and marks.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const args = process.argv.slice(2);
const web = resolve(args[0] ?? "web");
const option = (name, count) => {
  const at = args.indexOf(name);
  return at < 0 ? null : args.slice(at + 1, at + 1 + count);
};
const MARKS = Number(option("--marks", 1)?.[0] ?? 10_000);
const peer = option("--peer", 3);
const { chromium } = createRequire(join(web, "package.json"))("playwright-core");
const PORT = 4191;
const WIDTH = 2000;
const HEIGHT = 1500;
const CLICKS = 25;
const WHEELS = 60;
/** 2096, microseconds. */
const FAR = 4_000_000_000_000_000;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="#606060"/></svg>`;

/** Marks on a grid with odd sizes, none over another, every second one a polygon of twelve points. */
function marks() {
  const columns = Math.ceil(Math.sqrt((MARKS * WIDTH) / HEIGHT));
  const cell = WIDTH / columns;
  return Array.from({ length: MARKS }, (_, i) => {
    const [x, y] = [(i % columns) * cell + 2, Math.floor(i / columns) * cell + 2];
    const side = cell * (0.45 + 0.3 * ((i * 7919) % 100) / 100);
    if (i % 2 === 0) return { kind: "box", x, y, w: side, h: side * 0.8 };
    const points = Array.from({ length: 12 }, (_, k) => {
      const turn = (k / 12) * 2 * Math.PI;
      return [x + side / 2 + (side / 2) * Math.cos(turn), y + side / 2 + (side / 2) * Math.sin(turn)];
    });
    return { kind: "polygon", points };
  });
}

const middle = (mark) =>
  mark.kind === "box"
    ? [mark.x + mark.w / 2, mark.y + mark.h / 2]
    : [0, 1].map((axis) => mark.points.reduce((sum, p) => sum + p[axis], 0) / mark.points.length);

async function picture(page) {
  return page.evaluate(
    async ([svg, width, height]) => {
      const image = new Image();
      image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/png");
    },
    [SVG, WIDTH, HEIGHT],
  );
}

/** From the event to after the second frame behind it, as the page's own thread sees it. */
function watch() {
  window.waits = [];
  window.addEventListener(
    "mouseup",
    (event) => {
      const begun = event.timeStamp;
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.waits.push(performance.now() - begun);
        channel.port2.postMessage(0);
      });
    },
    true,
  );
  window.frames_ = () => {
    const times = [];
    let on = true;
    const tick = (now) => {
      times.push(now);
      if (on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    return () => {
      on = false;
      return times.slice(1).map((time, i) => time - times[i]);
    };
  };
}

const part = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** `at`: where an image point lies on the screen. */
async function trace(page, list, at) {
  const places = Array.from({ length: CLICKS }, (_, i) => middle(list[(i * 3571 + 17) % list.length]));
  await page.evaluate(() => (window.waits = []));
  for (const place of places) {
    const before = await page.evaluate(() => window.waits.length);
    const [x, y] = await at(place);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.up();
    await page.waitForFunction((n) => window.waits.length > n, before, { timeout: 120_000 });
  }
  const select = await page.evaluate(() => window.waits);
  const [x, y] = await at([WIDTH / 2, HEIGHT / 2]);
  await page.mouse.move(x, y);
  await page.evaluate(() => (window.stop = window.frames_()));
  await page.keyboard.down("Control");
  for (let i = 0; i < WHEELS; i += 1) await page.mouse.wheel(0, i % 20 < 10 ? -100 : 100);
  await page.keyboard.up("Control");
  const zoom = await page.evaluate(() => window.stop());
  await page.keyboard.down("Space");
  await page.mouse.down();
  await page.evaluate(() => (window.stop = window.frames_()));
  for (let i = 0; i < WHEELS; i += 1) await page.mouse.move(x + 150 * Math.sin(i / 6), y + 100 * Math.cos(i / 6));
  const pan = await page.evaluate(() => window.stop());
  await page.mouse.up();
  await page.keyboard.up("Space");
  return {
    select_p50_ms: part(select, 0.5),
    select_p95_ms: part(select, 0.95),
    zoom_frame_p50_ms: part(zoom, 0.5),
    zoom_frame_p95_ms: part(zoom, 0.95),
    pan_frame_p50_ms: part(pan, 0.5),
    pan_frame_p95_ms: part(pan, 0.95),
  };
}

async function ours(browser, list) {
  const server = spawn(process.execPath, [join(web, "tests/pages/serve.mjs")], { env: { ...process.env, PORT }, stdio: ["ignore", "pipe", "inherit"] });
  await once(server.stdout, "data");
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const png = Buffer.from((await picture(page)).split(",")[1], "base64");
    const author = { kind: "human", user: "u-1" };
    const frame = { stream: 0, index: 0 };
    const annotations = list.map((mark, i) => {
      const { kind, ...rest } = mark;
      return { id: `a-${i}`, version: 1, class: "thing", frame, shape: { type: kind, ...rest }, author };
    });
    const item = {
      id: "i", project: "p", name: "image", kind: "image", phase: "leased", stage: 0, held: false, facts: { frames: 1, notes: [] },
      streams: [{ kind: "image", name: "image", frames: [{ asset: "a", part: 0 }], properties: { width: WIDTH, height: HEIGHT } }],
      reads: [], holds: [], signatures: [],
    };
    const protocol = {
      id: "images", version: 1, title: "Images", industry: "manufacturing", item_kind: "image", guideline: "", rework_cap: 3,
      classes: [{ id: "thing", name: "Thing", color: "#f2a65a", shapes: ["box", "polygon"] }],
      stages: [{ id: "read", title: "Read", kind: "read", role: "annotator", lease_minutes: 30 }],
    };
    const read = {
      id: "r", item: "i", stage: 0, kind: "read", author, author_name: "A", protocol_version: 1, status: "draft",
      annotation_count: MARKS, content_hash: null, created_at: 0, revision: 1, annotations,
    };
    const task = { id: "t", project: "p", item: "i", item_name: "image", stage: 0, stage_id: "read", kind: "read", title: "Read", fence: 1, lease_until: FAR };
    const answers = {
      "/session": { user: { id: "u-1", login: "a", printed_name: "A" }, system_roles: [], must_change_password: false, grants: [], session: { verified_at: 0 } },
      "/tasks/t": { task, item, protocol, draft_on_request: false, read },
      "/tasks/t/renew": { lease_until: FAR },
      "/me/keys": { map: null, changes: {} },
    };
    await page.route("**/api/v1/**", (route) => {
      const path = new URL(route.request().url()).pathname.replace("/api/v1", "");
      if (path === "/events") return route.fulfill({ contentType: "text/event-stream", body: "retry: 60000\n\n" });
      if (path.endsWith("/image")) return route.fulfill({ contentType: "image/png", body: png });
      return answers[path] ? route.fulfill({ json: answers[path] }) : route.fulfill({ status: 404, json: { code: "not_found" } });
    });
    await page.addInitScript(watch);
    const begun = performance.now();
    await page.goto(`http://127.0.0.1:${PORT}/work/t`);
    await page.getByTestId("stage").waitFor();
    await page.getByText("Loading the image…").waitFor({ state: "hidden" });
    const open_ms = performance.now() - begun;
    await page.keyboard.press("s");
    const box = await page.getByTestId("stage").boundingBox();
    const scale = Math.min((box.width - 32) / WIDTH, (box.height - 32) / HEIGHT);
    const at = ([x, y]) => [box.x + box.width / 2 + (x - WIDTH / 2) * scale, box.y + box.height / 2 + (y - HEIGHT / 2) * scale];
    const figures = await trace(page, list, at);
    const selected = await page.locator('[data-testid="object-row"][data-selected="true"]').count();
    await page.close();
    return { open_ms, selected, ...figures };
  } finally {
    server.kill();
  }
}

async function theirs(browser, list) {
  const [base, login, password] = peer;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const form = await (await context.request.get(`${base}/user/login/`)).text();
  const csrf = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(form)?.[1] ?? "";
  await context.request.post(`${base}/user/login/`, { headers: { Referer: `${base}/user/login/` }, form: { csrfmiddlewaretoken: csrf, email: login, password } });
  const page = await context.newPage();
  await page.goto(base);
  const image = await picture(page);
  const token = (await context.cookies()).find((cookie) => cookie.name === "csrftoken")?.value ?? "";
  const headers = { "X-CSRFToken": token, Referer: base };
  const config = '<View><Image name="image" value="$image" zoom="true" zoomControl="true"/><RectangleLabels name="box" toName="image"><Label value="Thing"/></RectangleLabels><PolygonLabels name="polygon" toName="image"><Label value="Thing"/></PolygonLabels></View>';
  const made = await (await context.request.post(`${base}/api/projects`, { headers, data: { title: "fluency", label_config: config } })).json();
  const result = list.map((mark, i) => {
    const common = { id: `r${i}`, to_name: "image", original_width: WIDTH, original_height: HEIGHT, image_rotation: 0 };
    const percent = ([x, y]) => [(100 * x) / WIDTH, (100 * y) / HEIGHT];
    if (mark.kind === "polygon")
      return { ...common, type: "polygonlabels", from_name: "polygon", value: { points: mark.points.map(percent), closed: true, polygonlabels: ["Thing"] } };
    const [x, y] = percent([mark.x, mark.y]);
    return { ...common, type: "rectanglelabels", from_name: "box", value: { x, y, width: (100 * mark.w) / WIDTH, height: (100 * mark.h) / HEIGHT, rotation: 0, rectanglelabels: ["Thing"] } };
  });
  const posted = await context.request.post(`${base}/api/projects/${made.id}/import`, { headers, data: [{ data: { image }, annotations: [{ result }] }], timeout: 300_000 });
  if (!posted.ok()) throw new Error(`the import answered ${posted.status()}`);
  const tasks = await (await context.request.get(`${base}/api/projects/${made.id}/tasks/`)).json();
  const task = (tasks.tasks ?? tasks)[0].id;
  await page.addInitScript(watch);
  const begun = performance.now();
  await page.goto(`${base}/projects/${made.id}/data?task=${task}`);
  await page.locator("canvas").first().waitFor({ timeout: 300_000 });
  // Its canvas comes before its marks: it is open when the page's thread is free again.
  await page.waitForFunction(() => new Promise((done) => setTimeout(() => done(true), 200)), undefined, { timeout: 300_000 });
  const open_ms = performance.now() - begun;
  const box = await page.locator("canvas").first().boundingBox();
  const scale = Math.min(box.width / WIDTH, box.height / HEIGHT);
  const at = ([x, y]) => [box.x + x * scale, box.y + y * scale];
  const figures = await trace(page, list, at);
  await context.close();
  return { open_ms, ...figures };
}

const installed = process.env.CHROMIUM || "/usr/bin/chromium";
const browser = await chromium.launch({
  ...(existsSync(installed) ? { executablePath: installed } : {}),
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
const list = marks();
const result = { marks: MARKS, ours: await ours(browser, list) };
if (peer) result.peer = await theirs(browser, list).catch((error) => ({ failed: String(error).slice(0, 400) }));
if (result.peer && !result.peer.failed)
  result.ratio = Object.fromEntries(Object.keys(result.peer).map((key) => [key.replace(/_ms$/, ""), result.peer[key] / result.ours[key]]));
await browser.close();
console.log(JSON.stringify(result, null, 2));
