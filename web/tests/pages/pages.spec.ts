/**
 * Every page opens with content, under the strict content policy, without an error in the console, and without a
 * violation that axe can find, in both colour schemes. With SHOTS=folder a picture of each is kept for looking at.
 */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { serveFixtures } from "../fixtures/routes";

const PAGES: [name: string, address: string, shows: string][] = [
  ["home", "/", "Start reading"],
  ["projects", "/projects", "Ring road, winter"],
  ["overview", "/projects/p-ct", "Countersign"],
  ["items", "/projects/p-ct/items", "study 1043"],
  ["ingest", "/projects/p-ct/ingest", "Drop files, folders or a zip here"],
  ["gate", "/projects/p-ct/gate", "3 entries wait"],
  ["gate-rules", "/projects/p-ct/gate/rules", "Try them on a file that waits"],
  ["face-models", "/projects/p-ct/gate/models", "The gate believes it"],
  ["oversight", "/projects/p-ct/oversight", "A name in the upper left corner"],
  ["quality", "/projects/p-ct/quality", "of the 1200 studies deviate"],
  ["study", "/projects/p-ct/quality/studies/s-2", "Kappa of all together"],
  ["study-running", "/projects/p-ct/quality/studies/s-3", "fewer than 50 parts"],
  ["study-to-sign", "/projects/p-ct/quality/studies/s-1", "Nothing follows before somebody signs"],
  ["study-judging", "/projects/p-ct/quality/studies/s-3/judge", "trial 2 of 3"],
  ["appeals", "/projects/p-ct/appeals", "The read was right"],
  ["overdue", "/projects/p-ct/overdue", "Was due"],
  ["gold", "/projects/p-ct/gold", "Read by three radiologists who agreed"],
  ["tiers", "/projects/p-ct/tiers", "What nobody saw"],
  ["vendors", "/projects/p-ct/vendors", "Which of them reads the winter?"],
  ["findings", "/findings", "Is this a nodule or the end of a vessel?"],
  ["returned", "/returned", "The vessel is in it."],
  ["subjects", "/projects/p-ct/subjects", "Erased subject #3"],
  ["releases", "/projects/p-ct/releases", "2026-10 training"],
  ["release", "/releases/l-1", "How to check it"],
  ["evidence", "/projects/p-ct/evidence", "Item deidentified"],
  ["people", "/projects/p-ct/people", "Ines Halloran"],
  ["guideline", "/projects/p-ct/guideline", "a vessel, cut across"],
  ["classes", "/projects/p-ct/ontology", "As the register calls it"],
  ["qualifications", "/projects/p-ct/qualifications", "training is over"],
  ["protocol", "/projects/p-ct/protocol", "When in doubt"],
  ["protocol-document", "/projects/p-ct/protocol/document", "Put into force"],
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
