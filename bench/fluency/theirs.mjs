// The peer: a Label Studio that runs, in which a project with the same pictures and marks is made.
import { discRuns, HEIGHT, MASK_SIDE, peerRuns, picture, WIDTH } from "./scene.mjs";
import { traceBrush, traceMarks, watch } from "./trace.mjs";

const CONFIG =
  '<View><Image name="image" value="$image" zoom="true" zoomControl="true"/><RectangleLabels name="box" toName="image"><Label value="Thing"/></RectangleLabels>' +
  '<PolygonLabels name="polygon" toName="image"><Label value="Thing"/></PolygonLabels><BrushLabels name="brush" toName="image"><Label value="Thing"/></BrushLabels></View>';
const PATIENCE_MS = 300_000;
/** Its page is taken to be open when its thread has been free for this long. */
const REST_MS = 200;

const common = (id, width, height) => ({ id, to_name: "image", original_width: width, original_height: height, image_rotation: 0 });

function regions(list) {
  const percent = ([x, y]) => [(100 * x) / WIDTH, (100 * y) / HEIGHT];
  return list.map((mark, i) => {
    const about = common(`r${i}`, WIDTH, HEIGHT);
    if (mark.kind === "polygon")
      return { ...about, type: "polygonlabels", from_name: "polygon", value: { points: mark.points.map(percent), closed: true, polygonlabels: ["Thing"] } };
    const [x, y] = percent([mark.x, mark.y]);
    const [width, height] = percent([mark.w, mark.h]);
    return { ...about, type: "rectanglelabels", from_name: "box", value: { x, y, width, height, rotation: 0, rectanglelabels: ["Thing"] } };
  });
}

function disc() {
  const value = { format: "rle", rle: peerRuns(discRuns()), brushlabels: ["Thing"] };
  return [{ ...common("m", MASK_SIDE, MASK_SIDE), type: "brushlabels", from_name: "brush", value }];
}

async function signIn(browser, base, login, password) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const form = await (await context.request.get(`${base}/user/login/`)).text();
  const csrf = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(form)?.[1] ?? "";
  await context.request.post(`${base}/user/login/`, { headers: { Referer: `${base}/user/login/` }, form: { csrfmiddlewaretoken: csrf, email: login, password } });
  const token = (await context.cookies()).find((cookie) => cookie.name === "csrftoken")?.value ?? "";
  return { context, headers: { "X-CSRFToken": token, Referer: base } };
}

/** A task of this picture and these regions, opened; where image points lie on the screen. */
async function open({ context, headers }, base, width, height, result) {
  const page = await context.newPage();
  await page.goto(base);
  const image = await picture(page, width, height);
  const made = await (await context.request.post(`${base}/api/projects`, { headers, data: { title: "fluency", label_config: CONFIG } })).json();
  const posted = await context.request.post(`${base}/api/projects/${made.id}/import`, { headers, data: [{ data: { image }, annotations: [{ result }] }], timeout: PATIENCE_MS });
  if (!posted.ok()) throw new Error(`the import answered ${posted.status()}`);
  const tasks = await (await context.request.get(`${base}/api/projects/${made.id}/tasks/`)).json();
  await page.addInitScript(watch);
  const begun = performance.now();
  await page.goto(`${base}/projects/${made.id}/data?task=${(tasks.tasks ?? tasks)[0].id}`);
  await page.locator("canvas").first().waitFor({ timeout: PATIENCE_MS });
  await page.waitForFunction((rest) => new Promise((done) => setTimeout(() => done(true), rest)), REST_MS, { timeout: PATIENCE_MS });
  const open_ms = performance.now() - begun;
  const box = await page.locator("canvas").first().boundingBox();
  const scale = Math.min(box.width / width, box.height / height);
  return { page, open_ms, at: ([x, y]) => [box.x + x * scale, box.y + y * scale] };
}

export async function theirs(browser, [base, login, password], list, brush) {
  const who = await signIn(browser, base, login, password);
  const found = {};
  try {
    const many = await open(who, base, WIDTH, HEIGHT, regions(list));
    Object.assign(found, { open_ms: many.open_ms, ...(await traceMarks(many.page, list, many.at)) });
    await many.page.close();
  } catch (error) {
    // It may not open at all with so many marks; the mask is another page.
    found.failed = String(error).split("\n")[0];
  }
  if (brush) {
    const one = await open(who, base, MASK_SIDE, MASK_SIDE, disc());
    // Select the mask, then take the brush: strokes go into it.
    await one.page.mouse.click(...one.at([MASK_SIDE / 2, MASK_SIDE / 2]));
    await one.page.keyboard.press("b");
    Object.assign(found, await traceBrush(one.page, one.at));
  }
  await who.context.close();
  return found;
}
