/** What people do on the pages, step by step, against intercepted routes. */
import { expect, type Page, type Request, type Route, test } from "@playwright/test";
import * as data from "../fixtures/data";
import { privacyRequests } from "../fixtures/privacy";
import { releases } from "../fixtures/releases";
import { json, problem, serveFixtures } from "../fixtures/routes";

async function shot(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

const body = (request: Request) => request.postDataJSON() as Record<string, unknown>;

test("sign-in: wrong password, lock-out, then in at the address asked for", async ({ page }) => {
  let tries = 0;
  await serveFixtures(page, {
    "GET /session": (route) => problem(route, 401, "signed_out", "sign in first"),
    "POST /session": (route) => {
      tries += 1;
      expect(route.request().headers()["x-countersign"]).toBe("1");
      if (tries === 1) return problem(route, 401, "bad_credentials", "");
      if (tries === 2) return problem(route, 429, "locked", "", { "retry-after": "840" });
      return json(route, data.me);
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

test("a one-time password has to be changed before anything else", async ({ page }) => {
  let changed = false;
  await serveFixtures(page, {
    "GET /session": (route) => json(route, { ...data.me, must_change_password: !changed }),
    "PUT /me/password": (route) => {
      expect(body(route.request())).toEqual({ current: "once-only", new: "four words and more" });
      changed = true;
      return route.fulfill({ status: 204 });
    },
  });
  await page.goto("/projects");
  await expect(page.getByRole("heading", { name: "Choose your password" })).toBeVisible();
  await page.getByLabel("One-time password").fill("once-only");
  await page.getByLabel("New password", { exact: true }).fill("short");
  await expect(page.getByText("Still shorter")).toBeVisible();
  await expect(page.getByRole("button", { name: "Set password" })).toBeDisabled();
  await page.getByLabel("New password", { exact: true }).fill("four words and more");
  await page.getByLabel("New password again").fill("four words and more");
  await shot(page, "first-password");
  await page.getByRole("button", { name: "Set password" }).click();
  await expect(page.getByRole("heading", { name: "Projects" })).toBeVisible();
});

test("signed out in the middle: the page stays and goes on after signing in again", async ({ page }) => {
  let expired = false;
  await serveFixtures(page, {
    "POST /session": (route) => {
      expired = false;
      return json(route, data.me);
    },
    "POST /items/i-1/holds": (route) =>
      expired ? problem(route, 401, "signed_out", "") : json(route, { ...data.item.holds[0] }),
    "GET /items/i-1": (route) => json(route, { ...data.item, held: false, holds: [] }),
  });
  await page.goto("/items/i-1");
  await page.getByRole("button", { name: "Put on hold" }).click();
  await page.getByLabel("Reason").fill("Motion in the lower slices");
  expired = true;
  await page.getByRole("dialog").getByRole("button", { name: "Put on hold" }).click();
  await expect(page.getByRole("heading", { name: "You were signed out" })).toBeVisible();
  await shot(page, "sign-in-again");
  await page.getByRole("textbox", { name: "Password" }).fill("right");
  // A click, not the enter key: it proves that this dialogue lies above the one that was open.
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "You were signed out" })).toBeHidden();
  await expect(page.getByLabel("Reason")).toHaveValue("Motion in the lower slices");
});

test("claim next opens the task; an empty queue is said in words", async ({ page }) => {
  let empty = true;
  await serveFixtures(page, {
    "POST /projects/p-ct/tasks/claim": (route) => {
      expect(body(route.request())).toEqual({ role: "annotator" });
      return empty
        ? problem(route, 404, "nothing_to_do", "")
        : json(route, {
            task: { id: "t-9", stage: 1, kind: "read", title: "Read", fence: 1, lease_until: data.T0 },
            item: data.item,
            read: { id: "r-9", revision: 0, annotations: [] },
            protocol: data.protocol,
          });
    },
  });
  await page.goto("/");
  await page.getByRole("button", { name: "Start reading" }).first().click();
  await expect(page.getByRole("status").filter({ hasText: "Nothing waits for you" })).toBeVisible();
  await shot(page, "nothing-to-do");
  empty = false;
  await page.getByRole("button", { name: "Start reading" }).first().click();
  await expect(page).toHaveURL("/work/t-9");
});

test("an erasure is asked for and another one confirmed, by keyboard alone", async ({ page }) => {
  const sent: [string, unknown][] = [];
  const note = (name: string, answer: unknown) => (route: Route) => {
    sent.push([name, body(route.request())]);
    return json(route, answer);
  };
  await serveFixtures(page, {
    "POST /projects/p-ct/erasures": note("erase", privacyRequests[2]),
    "POST /privacy-requests/q-1/decision": note("decide", { ...privacyRequests[2], state: "approved" }),
  });
  await page.goto("/projects/p-ct/subjects");
  await expect(page.getByText("The vault is offline.")).toBeVisible();
  // Somebody who was asked for already cannot be asked for again.
  const asked = page.getByRole("button", { name: "Ask for the erasure of CS-ABCDEFGHJKLMN1Z" });
  await expect(asked).toBeDisabled();
  await page.getByRole("button", { name: "Ask for the erasure of CS-ABCDEFGHJKLMN2Z" }).press("Enter");
  await expect(page.getByRole("dialog")).toContainText("2 items");
  await expect(page.getByRole("button", { name: "Ask for erasure", exact: true })).toBeDisabled();
  await page.getByRole("dialog").getByLabel("Reason").fill("asked in writing");
  await shot(page, "erasure-asked");
  await page.getByRole("button", { name: "Ask for erasure", exact: true }).press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.getByRole("button", { name: "Confirm…" }).press("Enter");
  await page.getByRole("dialog").getByLabel("Reason").fill("checked");
  const password = page.getByRole("dialog").getByRole("textbox", { name: "Your password" });
  await password.fill("four words");
  // On the field itself: the dialog may still be settling where the focus goes.
  await password.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  expect(sent).toEqual([
    ["erase", { subject: "s-2", reason: "asked in writing" }],
    ["decide", { decision: "approve", reason: "checked", password: "four words" }],
  ]);
});

test("a name is shown once and forgotten", async ({ page }) => {
  const shown = { item: "i-1", pseudonym: "CS-X", patient_id: "4711", issuer: null, uids: [] };
  await serveFixtures(page, { "POST /privacy-requests/q-2/reveal": (route) => json(route, shown) });
  await page.goto("/projects/p-ct/subjects");
  await page.getByRole("button", { name: "Look once" }).click();
  await expect(page.getByText("4711")).toBeVisible();
  await page.getByRole("button", { name: "Close and forget" }).click();
  await expect(page.getByText("4711")).toBeHidden();
});

test("the gate is decided by keyboard alone", async ({ page }) => {
  const decided: unknown[] = [];
  await serveFixtures(page, {
    "POST /gate/g-1/decision": (route) => {
      decided.push(body(route.request()));
      return route.fulfill({ status: 204 });
    },
  });
  await page.goto("/projects/p-ct/gate");
  await expect(page.getByRole("heading", { name: "study 1300" })).toBeVisible();
  await page.keyboard.press("j");
  await expect(page.getByRole("heading", { name: "study 1301" })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByText("2 / 12")).toBeVisible();
  // Without a reason nothing may happen.
  await page.keyboard.press("r");
  expect(decided).toEqual([]);
  await page.keyboard.press("4");
  await expect(page.getByLabel("Reason")).toHaveValue("Burned-in name or number");
  await shot(page, "gate-reason");
  await page.keyboard.press("r");
  await expect(page.getByRole("heading", { name: "study 1302" })).toBeVisible();
  expect(decided).toEqual([{ decision: "reject", reason: "Burned-in name or number" }]);
});

test("space shows the source only when asked, and flips back", async ({ page }) => {
  const asked: string[] = [];
  await serveFixtures(page);
  page.on("request", (request) => {
    const side = new URL(request.url()).searchParams.get("side");
    if (side) asked.push(side);
  });
  await page.goto("/projects/p-ct/gate");
  await expect(page.getByText("After: the cleaned copy")).toBeVisible();
  await expect(page.getByTestId("gate-overlay")).toBeAttached();
  expect(new Set(asked)).toEqual(new Set(["after"]));
  await page.keyboard.press("Space");
  await expect(page.getByText("Before: the source")).toBeVisible();
  await page.keyboard.press("Space");
  await expect(page.getByText("Before: the source")).toBeHidden();
  await page.keyboard.press("b");
  await expect(page.getByText("Before: the source")).toBeVisible();
  await expect(page.getByText("After: the cleaned copy")).toBeVisible();
});

test("keys typed into a field stay in the field", async ({ page }) => {
  const decided: unknown[] = [];
  await serveFixtures(page, {
    "POST /gate/g-0/decision": (route) => {
      decided.push(body(route.request()));
      return route.fulfill({ status: 204 });
    },
  });
  await page.goto("/projects/p-ct/gate");
  await page.getByLabel("Reason").pressSequentially("crcj?");
  await expect(page.getByLabel("Reason")).toHaveValue("crcj?");
  await expect(page.getByRole("dialog")).toBeHidden();
  expect(decided).toEqual([]);
});

test("the declaration is signed with the password", async ({ page }) => {
  let signed: unknown;
  await serveFixtures(page, {
    "POST /projects/p-ct/declaration": (route) => {
      signed = body(route.request());
      return route.fulfill({ status: 204 });
    },
  });
  await page.goto("/projects/p-ct/gate");
  await page.getByRole("button", { name: "Declare publicly released data" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Sign the declaration" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("secret");
  await shot(page, "declaration");
  await dialog.getByRole("button", { name: "Sign the declaration" }).click();
  await expect(dialog).toBeHidden();
  expect(signed).toEqual({ password: "secret", statement: "publicly_released" });
});

test("upload: files go in one request, refusals are listed with code and place", async ({ page }) => {
  let form = "";
  await serveFixtures(page, {
    "POST /projects/p-ct/ingest": (route) => {
      form = route.request().postData() ?? "";
      return json(route, {
        ingest: data.ingests[0],
        items: 14,
        records: 2,
        refusals: data.ingestDetail.refusals,
      });
    },
  });
  await page.goto("/projects/p-ct/ingest");
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles([
      { name: "IM1.dcm", mimeType: "application/dicom", buffer: Buffer.from("one") },
      { name: "IM2.dcm", mimeType: "application/dicom", buffer: Buffer.from("two") },
    ]);
  await expect(page.getByText("The file ends too early")).toBeVisible();
  await expect(page.getByText("byte 18,432")).toBeVisible();
  await expect(page.getByText("2 tables and texts went to the gate")).toBeVisible();
  expect(form.match(/name="files"; filename="IM[12].dcm"/g)).toHaveLength(2);
  await shot(page, "ingest-done");
});

test("the filter stands in the address and comes back from it", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/items?phase=accepted&q=10");
  await expect(page.getByRole("link", { name: "study 1046" })).toBeVisible();
  await expect(page.getByRole("link", { name: "study 1043" })).toBeHidden();
  await expect(page.getByLabel("Name")).toHaveValue("10");
  // Typed slowly, so that the address changes in between: the field must keep its focus.
  await page.getByLabel("Name").fill("");
  await page.getByLabel("Name").pressSequentially("nowhere", { delay: 150 });
  await expect(page).toHaveURL(/q=nowhere/);
  await expect(page.getByText("No item fits this filter")).toBeVisible();
  await shot(page, "items-none");
  await page.getByRole("button", { name: "Clear filter" }).click();
  await expect(page.getByRole("link", { name: "study 1043" })).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("");
});

test("a long list loads on as one scrolls and keeps few rows in the document", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/items");
  const list = page.getByRole("region", { name: "Items" });
  await expect(page.getByRole("link", { name: "study 1043" })).toBeVisible();
  await expect(async () => {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect(page.getByRole("link", { name: "study 1302" })).toBeVisible({ timeout: 250 });
  }).toPass();
  await expect(page.getByText("260 items")).toBeVisible();
  expect(await list.locator("tbody tr").count()).toBeLessThan(70);
});

test("a new release names its items; a new account shows its password once", async ({ page }) => {
  const sent: unknown[] = [];
  await serveFixtures(page, {
    "POST /projects/p-ct/releases": (route) => {
      sent.push(body(route.request()));
      return json(route, releases[2]);
    },
    "POST /users": (route) => {
      sent.push(body(route.request()));
      return json(route, { user: data.users[0], one_time_password: "brisk-otter-lamp-42" });
    },
  });
  await page.goto("/projects/p-ct/releases");
  await page.getByRole("button", { name: "New release" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("pilot");
  await dialog.getByText("Chosen").click();
  await dialog.getByLabel("study 1052").check();
  await expect(dialog.getByLabel("study 1052")).toBeChecked();
  await expect(dialog.getByRole("button", { name: "Begin the release" })).toBeDisabled();
  await dialog.getByTestId("begin-password").fill("secret");
  await page.waitForTimeout(300);
  await shot(page, "release-new");
  await dialog.getByRole("button", { name: "Begin the release" }).click();
  await expect(page).toHaveURL("/releases/l-3");
  await expect(page.getByText("Waits for a second person")).toBeVisible();

  await page.goto("/users");
  await page.getByRole("button", { name: "New account" }).click();
  await dialog.getByLabel("User name").fill("noor");
  await dialog.getByLabel("Printed name").fill("Noor Castell");
  await dialog.getByRole("button", { name: "Make account" }).click();
  await expect(dialog.getByText("brisk-otter-lamp-42")).toBeVisible();
  await shot(page, "user-made");
  expect(sent).toEqual([
    { name: "pilot", items: ["i-9"], audience: "internal", password: "secret" },
    { login: "noor", printed_name: "Noor Castell", organization: null },
  ]);
});

test("help lists the keys of the page, the theme and key map stay chosen", async ({ page }) => {
  await serveFixtures(page);
  await page.goto("/projects/p-ct/gate");
  await expect(page.getByRole("heading", { name: "study 1300" })).toBeVisible();
  await page.keyboard.press("Shift+Slash");
  await expect(page.getByRole("dialog")).toContainText("Reject, with the reason given");
  await shot(page, "keys");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Maren Okafor" }).click();
  await page.getByRole("menuitemradio", { name: "Radiology" }).click();
  await shot(page, "user-menu");
  await page.getByRole("menuitem", { name: "Light theme" }).click();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "light");
  await page.getByRole("button", { name: "Maren Okafor" }).click();
  await expect(page.getByRole("menuitemradio", { name: "Radiology" })).toHaveAttribute(
    "aria-checked",
    "true",
  );
});

test("unknown and failing places say so and offer a way on", async ({ page }) => {
  // Answered well only once the button was pressed: a refetch of the page's own in between must not take the button away.
  const pressed = () =>
    page.evaluate(() => document.documentElement.dataset.pressed === "yes").catch(() => false);
  await serveFixtures(page, {
    "GET /items/i-404": (route) => problem(route, 404, "not_found", "not found"),
    "GET /projects": async (route) =>
      (await pressed()) ? json(route, []) : problem(route, 500, "internal", "the database did not answer"),
  });
  await page.goto("/items/i-404");
  await expect(page.getByRole("alert")).toContainText("does not exist, or it is not yours");
  await page.goto("/projects");
  await expect(page.getByRole("alert")).toContainText("the database did not answer");
  await shot(page, "failed");
  const again = page.getByRole("button", { name: "Try again" });
  await page.evaluate(() =>
    document.addEventListener("click", () => (document.documentElement.dataset.pressed = "yes"), true),
  );
  await again.click();
  await expect(page.getByText("No project yet")).toBeVisible();
  await shot(page, "projects-empty");
  await page.goto("/nowhere/at/all");
  await expect(page.getByText("This address does not exist")).toBeVisible();
});

test("a live event refreshes what it touches", async ({ page }) => {
  let waiting = 5;
  let shown = false;
  let told = false;
  await serveFixtures(page, {
    "GET /projects/p-ct": (route) =>
      json(route, { ...data.project, counts: { ...data.project.counts, gate_open: waiting } }),
    "GET /events": (route) => {
      const tells = shown && !told;
      told ||= tells;
      if (tells) waiting = 9;
      const event = {
        project: "p-ct",
        item: "i-1",
        action: "gate.any",
        object_kind: "gate",
        object_id: "g",
        at: data.T0,
      };
      const text = tells ? `id: 7\nevent: gate.any\ndata: ${JSON.stringify(event)}\n\n` : ": hello\n\n";
      return route.fulfill({ contentType: "text/event-stream", body: text });
    },
  });
  await page.goto("/projects/p-ct");
  await expect(page.getByText("5 at the gate")).toBeVisible();
  shown = true;
  await expect(page.getByText("9 at the gate")).toBeVisible();
});
