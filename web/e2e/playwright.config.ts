/**
 * Two projects. `pages` opens every page of the built `dist/` against intercepted routes: layout, content policy,
 * accessibility. `server` drives a real server at COUNTERSIGN_URL with people in their own browsers.
 *
 * Debian's chromium is used where it is; otherwise Playwright's own (`npx playwright install chromium`).
 */
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const CHROMIUM = process.env.COUNTERSIGN_CHROMIUM ?? "/usr/bin/chromium";
const PAGES_PORT = 4174;
const server = process.env.COUNTERSIGN_URL;

export default defineConfig({
  testDir: "..",
  outputDir: "../test-results",
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
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
    ...(server ? [{ name: "server", testDir: ".", use: { baseURL: server } }] : []),
  ],
  webServer: {
    command: "node ../tests/pages/serve.mjs",
    url: `http://127.0.0.1:${PAGES_PORT}`,
    reuseExistingServer: false,
    env: { PORT: String(PAGES_PORT) },
  },
});
