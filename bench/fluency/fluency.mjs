// Ten thousand marks on one image and a large mask: how long from a click to the frame that shows the selection, how evenly
// frames come while the picture is zoomed and panned and while a mask is painted. A scripted hand in a real browser, the
// same for both sides.
//
//   node bench/fluency/fluency.mjs WEB_FOLDER [--marks 10000] [--no-brush] [--peer URL LOGIN PASSWORD]
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { ours } from "./ours.mjs";
import { marks } from "./scene.mjs";
import { theirs } from "./theirs.mjs";

const args = process.argv.slice(2);
const web = resolve(args[0] ?? "web");
const option = (name, count) => {
  const at = args.indexOf(name);
  return at < 0 ? null : args.slice(at + 1, at + 1 + count);
};
const list = marks(Number(option("--marks", 1)?.[0] ?? 10_000));
const peer = option("--peer", 3);
const brush = !args.includes("--no-brush");
const { chromium } = createRequire(join(web, "package.json"))("playwright-core");
const installed = process.env.CHROMIUM || "/usr/bin/chromium";
// The browser chooses how it draws, as it does for people: told to imitate a graphics card on the processor, it would need
// 200 ms and more to put any two frames of a window of this size on the screen, whatever the page does.
const browser = await chromium.launch({ ...(existsSync(installed) ? { executablePath: installed } : {}), args: ["--no-sandbox"] });
try {
  const result = { marks: list.length, ours: await ours(browser, web, list, brush) };
  if (peer) result.peer = await theirs(browser, peer, list, brush).catch((error) => ({ failed: String(error).slice(0, 400) }));
  console.log(JSON.stringify(result, null, 1));
} finally {
  await browser.close();
}
