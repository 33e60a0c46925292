// Opens a study in a fresh browser, scrolls it, and prints times as JSON. Usage: node reading.mjs WEB_FOLDER < order.json
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const require = createRequire(join(resolve(process.argv[2]), "package.json"));
const { chromium } = require("playwright-core");
const FAR = 120;

let text = "";
for await (const piece of process.stdin) text += piece;
const order = JSON.parse(text);
const browser = await chromium.launch({
  executablePath: order.chromium,
  args: ["--no-sandbox"],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" });
const answer = await context.request.post(`${order.base}/api/v1/session`, {
  headers: { "X-Countersign": "1" },
  data: { login: order.login, password: order.password },
});
if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
const page = await context.newPage();

/** In the page: the grey of the middle of the picture, and the wait for one. */
await page.addInitScript(() => {
  const middle = () => {
    const canvas = document.querySelector('[data-testid="stack"] canvas');
    if (!canvas || canvas.width < 10) return null;
    const at = canvas.getContext("2d").getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
    return at[3] === 255 ? at[0] : null;
  };
  window.shown = (wanted) =>
    new Promise((done, fail) => {
      const begun = performance.now();
      const look = () => {
        const grey = middle();
        if (grey !== null && (wanted === null || grey === wanted)) done(performance.now());
        else if (performance.now() - begun > 60_000) fail(new Error(`showed ${grey}, wanted ${wanted}`));
        else requestAnimationFrame(look);
      };
      look();
    });
});

const shade = (index) => (index * order.shadeStep) % 256;
const middleSlice = Math.floor(order.slices / 2);
const spread = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1), count: sorted.length };
};

// Cold: the page itself is loaded, too. Warm: from the start page, as people come.
const cold = [];
const warm = [];
for (let turn = 0; turn < order.openings; turn += 1) {
  const fresh = await context.newCDPSession(page);
  await fresh.send("Network.clearBrowserCache");
  await page.goto(`${order.base}/work/${order.task}`, { waitUntil: "commit" });
  cold.push(await page.evaluate((grey) => window.shown(grey), shade(middleSlice)));
  await page.goto(order.base, { waitUntil: "load" });
  const start = page.getByRole("button", { name: /^Continue/ }).first();
  await start.waitFor();
  const took = await start.evaluate(async (button, grey) => {
    const begun = performance.now();
    button.click();
    return (await window.shown(grey)) - begun;
  }, shade(middleSlice));
  warm.push(took);
}

// One notch, one slice: as fast as they are shown, first while they come from the server, then from the cache.
const scroll = async (from, steps, direction) => {
  const times = await page.evaluate(
    async ([at, count, step, shadeStep]) => {
      const stage = document.querySelector('[data-testid="stage"]');
      const found = [];
      for (let n = 1; n <= count; n += 1) {
        const begun = performance.now();
        stage.dispatchEvent(new WheelEvent("wheel", { deltaY: 120 * step, bubbles: true, cancelable: true }));
        await window.shown(((at + n * step) * shadeStep) % 256);
        found.push(performance.now() - begun);
      }
      return found;
    },
    [from, steps, direction, order.shadeStep],
  );
  return { ...spread(times), per_s: (1000 * times.length) / times.reduce((sum, time) => sum + time, 0) };
};
const steps = Math.min(FAR, order.slices - middleSlice - 1);
const loading = await scroll(middleSlice, steps, 1);
const cached = await scroll(middleSlice + steps, steps, -1);

// Three planes: all slices loaded and the first planes cut.
const planes = await page.evaluate(async () => {
  const begun = performance.now();
  window.dispatchEvent(new KeyboardEvent("keydown", { code: "Digit3", altKey: true, bubbles: true }));
  while (!document.querySelector('[data-testid="mpr-coronal"] canvas')) {
    if (performance.now() - begun > 300_000) throw new Error("no planes");
    await new Promise((next) => requestAnimationFrame(next));
  }
  return performance.now() - begun;
});
const renderer = await page.evaluate(() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  const known = gl?.getExtension("WEBGL_debug_renderer_info");
  return known ? gl.getParameter(known.UNMASKED_RENDERER_WEBGL) : "no graphics card";
});
console.log(JSON.stringify({ cold_ms: spread(cold), warm_ms: spread(warm), loading, cached, planes_ms: planes, renderer }));
await browser.close();
