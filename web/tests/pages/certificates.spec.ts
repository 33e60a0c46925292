/** A set that was frozen or audited in vain is taken back from the page; a gap in what was judged is said. */
import { expect, test } from "@playwright/test";
import { certifications, findings } from "../fixtures/quality";
import { json, serveFixtures } from "../fixtures/routes";

const [running] = certifications;
if (!running) throw new Error("no certification in the fixtures");
const unjudged = { checked: 0, found: 0, overall: null, classes: [] };

for (const [state, name] of [
  ["frozen", "a frozen set"],
  ["auditing", "an audit in which nothing was judged"],
] as const)
  test(`${name} is withdrawn with a reason`, async ({ page }) => {
    let ended: unknown = null;
    await serveFixtures(page, {
      "GET /projects/p-ct/certifications": (route) => {
        const one = { ...running, ...unjudged, state: ended ? "void" : state, stop: ended ? "ended" : null };
        return json(route, { items: [one], next: null });
      },
      "POST /certifications/c-2/end": (route) => {
        ended = route.request().postDataJSON();
        return json(route, { ...running, ...unjudged, state: "void", stop: "ended" });
      },
    });
    await page.goto("/projects/p-ct/quality");
    const certificates = page.getByRole("region", { name: "Certificates" });
    await expect(certificates.getByRole("button", { name: "End the audit here…" })).toHaveCount(0);
    await certificates.getByRole("button", { name: "Withdraw…" }).click();
    const dialog = page.getByRole("dialog", { name: "Withdraw the set" });
    await expect(dialog).toContainText("nothing will be stated about these labels");
    await dialog.getByLabel("Reason").fill("frozen by mistake");
    await dialog.getByRole("button", { name: "Withdraw" }).click();
    await expect(certificates.getByText("Withdrawn: nothing was judged")).toBeVisible();
    expect(ended).toEqual({ reason: "frozen by mistake" });
    await expect(certificates.getByRole("button", { name: "Withdraw…" })).toHaveCount(0);
  });

test("an audit with a bound is ended; what lies behind a gap is said not to count yet", async ({ page }) => {
  await serveFixtures(page, {
    "GET /certifications/c-2/findings": (route) =>
      json(route, [...findings, ...findings.map((one) => ({ ...one, position: 7, in_bound: false }))]),
  });
  await page.goto("/projects/p-ct/quality");
  const certificates = page.getByRole("region", { name: "Certificates" });
  await expect(certificates.getByRole("button", { name: "End the audit here…" })).toBeVisible();
  await expect(certificates.getByText("1 judged item waits behind such a gap")).toBeVisible();
});
