/** The protocol page against fixtures: faults at their lines, completion by keyboard, the drawing, and axe in each state. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import * as protocols from "../fixtures/protocols";
import { json, serveFixtures } from "../fixtures/routes";

const shot = async (page: Page, name: string) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
};

async function violations(page: Page) {
  const axe = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  return axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
}

test("a fault is marked at its line and can be gone to", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/protocol/document");
  const field = page.getByLabel("Protocol document");
  await expect(field).toHaveValue(/^version: 3$/m);
  const text = await field.inputValue();
  await field.fill(text.replace("rework_cap: 3", "rework_cup: 3"));
  const fault = page.getByRole("button", { name: /^Line 7/ });
  await expect(fault).toContainText("unknown field");
  await expect(page.getByRole("button", { name: "Put into force…" })).toBeDisabled();
  await shot(page, "protocol-fault");
  expect(await violations(page)).toEqual([]);
  await fault.click();
  const caret = await field.evaluate((node: HTMLTextAreaElement) => node.selectionStart);
  expect(text.slice(0, caret).split("\n")).toHaveLength(7);
  // A draft is still there after the page was loaded anew.
  await page.reload();
  await expect(page.getByLabel("Protocol document")).toHaveValue(/rework_cup/);
});

test("keys and words are completed by keyboard alone", async ({ page }) => {
  await serveFixtures(page);
  const schema = page.waitForResponse("**/protocol.schema.json");
  await page.goto("/projects/p-ct/protocol/document");
  await schema;
  const field = page.getByLabel("Protocol document");
  await field.evaluate((node: HTMLTextAreaElement) => {
    const at = node.value.indexOf("    role: annotator\n") + "    role: annotator\n".length;
    node.focus();
    node.setSelectionRange(at, at);
  });
  await page.keyboard.type("    readers_ma");
  const list = page.getByRole("listbox", { name: "Suggestions" });
  await expect(list.getByRole("option")).toHaveText(/^readers_max/);
  await shot(page, "protocol-completion");
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await expect(field).toHaveValue(/^ {4}readers_max: /m);
  await page.keyboard.type("3");
  await page.keyboard.press("Enter");
  await page.keyboard.type("on_reject: an");
  await page.keyboard.press("Tab");
  await expect(field).toHaveValue(/^ {4}on_reject: another_person/m);
});

test("the drawing tells what waits, in words too", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/protocol");
  const graph = page.getByTestId("protocol-graph");
  const review = graph.getByRole("link", { name: /^Review, reviewer, 24 waiting, 2 in work/ });
  await expect(review).toBeVisible();
  await review.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("#stage-review")).toContainText("24");
  await expect(page.getByText("2 open tasks more under older versions")).toBeVisible();
  await shot(page, "protocol-drawn");
  expect(await violations(page)).toEqual([]);
});

test("a draft says what it would do; dated ahead it waits, and can be withdrawn with a reason", async ({
  page,
}) => {
  const sent: unknown[] = [];
  const at = Date.UTC(2027, 0, 4, 8) * 1_000;
  let waits = false;
  await serveFixtures(page, {
    "GET /projects/p-ct/protocol": (route) => {
      const { signature, content_hash, document } = protocols.document(2);
      const planned = {
        version: 3,
        effective_at: at,
        signature,
        content_hash,
        document,
        reason: "From the new year.",
      };
      return json(route, { ...protocols.document(2), ...(waits ? { planned } : {}) });
    },
    "POST /projects/p-ct/protocol": (route) => {
      sent.push(route.request().postDataJSON());
      waits = true;
      return json(route, { id: "radiology", version: 3 });
    },
    "POST /projects/p-ct/protocol/withdrawal": (route) => {
      sent.push(route.request().postDataJSON());
      waits = false;
      return route.fulfill({ status: 204 });
    },
  });
  await page.goto("/projects/p-ct/protocol/document");
  const field = page.getByLabel("Protocol document");
  await expect(field).toHaveValue(/^version: 3$/m);
  await field.fill((await field.inputValue()).replace("rework_cap: 3", "rework_cap: 5"));
  await expect(
    page.getByText("135 tasks; read: 87 waiting, 3 in work; 4 at stages of older versions"),
  ).toBeVisible();
  await expect(page.getByText("nodule (31 labels in 12 items)")).toBeVisible();
  await shot(page, "protocol-impact");
  await page.getByRole("button", { name: "Put into force…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("In force from (UTC)").fill("2027-01-04T08:00");
  await dialog.getByLabel("Reason").fill("From the new year.");
  await dialog.getByTestId("dialog-password").fill("secret");
  await shot(page, "protocol-ahead");
  await dialog.getByRole("button", { name: "Sign and put into force" }).click();
  await expect(page.getByText(/Version 3 is in force from/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Put into force…" })).toBeDisabled();
  await shot(page, "protocol-planned");
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Withdraw…" }).click();
  await dialog.getByLabel("Reason").fill("The board met again.");
  await dialog.getByRole("button", { name: "Withdraw", exact: true }).click();
  await expect(page.getByText(/Version 3 is in force from/)).toBeHidden();
  expect(sent).toEqual([
    expect.objectContaining({ effective_at: at, reason: "From the new year.", password: "secret" }),
    { reason: "The board met again." },
  ]);
});
