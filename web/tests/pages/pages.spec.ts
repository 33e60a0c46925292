/**
 * Every page opens with content, under the strict content policy, without an error in the console, and without a
 * violation that axe can find, in both colour schemes. With SHOTS=folder a picture of each is kept for looking at.
 */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { me } from "../fixtures/data";
import { json, problem, serveFixtures } from "../fixtures/routes";

const PAGES: [name: string, address: string, shows: string][] = [
  ["home", "/", "Studies to read"],
  ["projects", "/projects", "Ring road, winter"],
  ["overview", "/projects/p-ct", "Countersign"],
  ["items", "/projects/p-ct/items", "study 1043"],
  ["ingest", "/projects/p-ct/ingest", "Drop files, folders or a zip here"],
  ["gate", "/projects/p-ct/gate", "3 entries wait"],
  ["releases", "/projects/p-ct/releases", "2026-10 training"],
  ["release", "/releases/l-1", "How to check it"],
  ["evidence", "/projects/p-ct/evidence", "Item deidentified"],
  ["people", "/projects/p-ct/people", "Ines Halloran"],
  ["protocol", "/projects/p-ct/protocol", "When in doubt"],
  ["item", "/items/i-1", "threshold-components"],
  ["users", "/users", "Aiko Lindqvist"],
  ["account", "/account", "nightly export"],
  ["log", "/log", "20,412"],
];

/** Collects what the browser complains about, content policy included. */
function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.text().includes("Content Security Policy"))
      found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(String(error)));
  return found;
}

async function shot(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

for (const scheme of ["dark", "light"] as const) {
  for (const [name, address, shows] of PAGES) {
    test(`${name} in ${scheme}`, async ({ page }) => {
      const found = complaints(page);
      await page.addInitScript((value) => {
        localStorage.setItem("countersign.preferences", JSON.stringify({ scheme: value }));
      }, scheme);
      await serveFixtures(page);
      await page.goto(address);
      await expect(page.getByText(shows).first()).toBeVisible();
      await page.waitForLoadState("networkidle");
      await shot(page, `${name}-${scheme}`);
      const axe = await new AxeBuilder({ page })
        .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
        .analyze();
      expect(axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
      expect(found).toEqual([]);
    });
  }
}

test("sign-in: wrong password, lock-out, then in", async ({ page }) => {
  let tries = 0;
  let signedIn = false;
  await serveFixtures(page, {
    "GET /session": (route) =>
      signedIn ? route.fallback() : problem(route, 401, "signed_out", "sign in first"),
    "POST /session": (route) => {
      tries += 1;
      if (tries === 1) return problem(route, 401, "bad_credentials", "");
      if (tries === 2) return problem(route, 429, "locked", "", { "retry-after": "840" });
      signedIn = true;
      return route.fulfill({
        contentType: "application/json",
        body: JSON.stringify({
          user: { id: "u", login: "ines", printed_name: "Ines Halloran" },
          system_roles: [],
          must_change_password: false,
          grants: [],
          session: { verified_at: null },
        }),
      });
    },
  });
  await page.goto("/projects");
  const attempt = async () => {
    await page.getByLabel("User name").fill("ines");
    await page.getByRole("textbox", { name: "Password" }).fill("wrong");
    await page.keyboard.press("Enter");
  };
  await attempt();
  await expect(page.getByRole("alert")).toContainText("Name or password is wrong");
  await shot(page, "sign-in-wrong");
  await attempt();
  await expect(page.getByRole("alert")).toContainText("14 minutes");
  await shot(page, "sign-in-locked");
  await attempt();
  await expect(page.getByRole("heading", { name: "Projects" })).toBeVisible();
});
