// Loads one page in a fresh browser and prints what travelled, as JSON. Usage: node editor.mjs WEB_FOLDER < order.json
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const require = createRequire(join(resolve(process.argv[2]), "package.json"));
const { chromium } = require("playwright-core");
const QUIET_MS = 2500;

let text = "";
for await (const piece of process.stdin) text += piece;
const { chromium: executablePath, base, signIn, path, ready } = JSON.parse(text);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" });
if (signIn.kind === "ours") {
  const answer = await context.request.post(`${base}/api/v1/session`, {
    headers: { "X-Countersign": "1" },
    data: { login: signIn.login, password: signIn.password },
  });
  if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
} else {
  const form = await context.request.get(`${base}/user/login/`);
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(await form.text())?.[1];
  const answer = await context.request.post(`${base}/user/login/`, {
    headers: { Referer: `${base}/user/login/` },
    form: { csrfmiddlewaretoken: token ?? "", email: signIn.login, password: signIn.password },
  });
  if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
}

const page = await context.newPage();
const session = await context.newCDPSession(page);
await session.send("Network.enable");
await session.send("Network.setCacheDisabled", { cacheDisabled: true });
const requests = new Map();
session.on("Network.responseReceived", ({ requestId, type, response }) => {
  requests.set(requestId, { url: response.url, type, status: response.status, bytes: 0, raw: 0 });
});
session.on("Network.dataReceived", ({ requestId, dataLength }) => {
  const known = requests.get(requestId);
  if (known) known.raw += dataLength;
});
session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
  const known = requests.get(requestId);
  if (known) known.bytes = encodedDataLength;
});
const begun = performance.now();
await page.goto(base + path, { waitUntil: "domcontentloaded" });
await page.waitForSelector(ready, { state: "attached", timeout: 60_000 });
const ready_ms = performance.now() - begun;
let known = -1;
while (known !== requests.size) {
  known = requests.size;
  await page.waitForTimeout(QUIET_MS);
}
const kinds = { Document: "page", Script: "page", Stylesheet: "page", Font: "page" };
const total = { page: { files: 0, bytes: 0, raw: 0 }, other: { files: 0, bytes: 0, raw: 0 } };
const files = [];
for (const { url, type, status, bytes, raw } of requests.values()) {
  if (!url.startsWith("http")) continue;
  const local = url.startsWith(base);
  const sum = total[local ? (kinds[type] ?? "other") : "other"];
  sum.files += 1;
  sum.bytes += bytes;
  sum.raw += raw;
  if (kinds[type]) files.push({ path: new URL(url).pathname, bytes, raw, status });
}
files.sort((a, b) => b.bytes - a.bytes);
console.log(JSON.stringify({ ...total, ready_ms, address: page.url(), title: await page.title(), largest: files.slice(0, 8) }));
await browser.close();
