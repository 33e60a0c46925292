/**
 * Two projects. `pages` opens every page of the built `dist/` against intercepted routes: layout, content policy,
 * accessibility. `server` drives the real server (COUNTERSIGN_BIN, started here with demo data) with people in their own
 * browsers.
 *
 * Debian's chromium is used where it is; otherwise Playwright's own (`npx playwright install chromium`).
 */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { CLICK_PORT } from "./click-server";

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const PAGES_PORT = 4174;
const SERVER_PORT = 4175;
const SERVER = `http://127.0.0.1:${SERVER_PORT}`;
/** How long the first start with demo data may take, milliseconds: an unoptimised build on a busy machine. */
const DEMO_MILLIS = 180_000;
/** After how long a study that was sent is complete: no walk waits a minute. */
const STABLE_AGE_SECONDS = 3;
const binary = process.env.COUNTERSIGN_BIN;
/** Workers load this file too; only the runner starts a server and needs a directory for it. */
const data =
  process.env.TEST_WORKER_INDEX === undefined ? mkdtempSync(join(tmpdir(), "countersign-e2e-")) : "";

export default defineConfig({
  testDir: "..",
  outputDir: "../test-results",
  fullyParallel: true,
  forbidOnly: true,
  // All walks share one server and two cores: one that fails is walked once more, and is listed as flaky by its name.
  retries: 1,
  workers: 2,
  // Upper bounds for a slow machine that does two walks at once; nothing is measured by them.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    launchOptions: {
      ...(existsSync(CHROMIUM) ? { executablePath: CHROMIUM } : {}),
      // WebGL2 in software: the scene view needs it, and build machines have no graphics card.
      args: ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"],
    },
  },
  projects: [
    {
      name: "pages",
      testDir: "../tests/pages",
      use: { baseURL: `http://127.0.0.1:${PAGES_PORT}` },
    },
    ...(binary ? [{ name: "server", testDir: ".", use: { baseURL: SERVER } }] : []),
  ],
  webServer: [
    {
      command: "node ../tests/pages/serve.mjs",
      url: `http://127.0.0.1:${PAGES_PORT}`,
      reuseExistingServer: false,
      env: { PORT: String(PAGES_PORT) },
    },
    ...(binary
      ? [
          {
            command: `"${binary}" demo --data "${data}" --listen 127.0.0.1:${SERVER_PORT} --stable-age ${STABLE_AGE_SECONDS} --model-server 127.0.0.1:${CLICK_PORT}`,
            url: `${SERVER}/api/health`,
            reuseExistingServer: false,
            timeout: DEMO_MILLIS,
            gracefulShutdown: { signal: "SIGTERM" as const, timeout: 10_000 },
          },
        ]
      : []),
  ],
});
