/** Signing on the pages, step by step, against intercepted routes. */
import { expect, type Page, type Request, test } from "@playwright/test";
import type { Work } from "../../src/api/types";
import * as data from "../fixtures/data";
import { openPicture } from "../fixtures/picture";
import { versions } from "../fixtures/protocols";
import { releases } from "../fixtures/releases";
import { json, problem, serveFixtures } from "../fixtures/routes";

async function shot(page: Page, name: string) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

const body = (request: Request) => request.postDataJSON() as Record<string, unknown>;

test("the first signature of a person: the statement, then user name and password, then the password alone", async ({
  page,
}) => {
  const signed: unknown[] = [];
  let state = { ...data.signing, acknowledged_at: null as number | null, needs_login: true };
  await serveFixtures(page, {
    "GET /me/signing": (route) => json(route, state),
    "POST /me/signing": (route) => {
      expect(body(route.request())).toEqual({ version: 1 });
      state = { ...state, acknowledged_at: data.T0 };
      return json(route, state);
    },
    "POST /projects/p-ct/declaration": (route) => {
      signed.push(body(route.request()));
      return problem(route, 409, "already_declared", "This was declared before.");
    },
  });
  await page.goto("/projects/p-ct/gate");
  const open = page.getByRole("button", { name: "Declare publicly released data" });
  await open.click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByTestId("dialog-statement")).toContainText("is my signature");
  await shot(page, "signing-statement");
  await dialog.getByTestId("dialog-agree").click();
  await dialog.getByTestId("dialog-password").fill("secret");
  await expect(dialog.getByRole("button", { name: "Sign the declaration" })).toBeDisabled();
  await dialog.getByTestId("dialog-login").fill(" maren ");
  await shot(page, "signing-both");
  await dialog.getByRole("button", { name: "Sign the declaration" }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  state = { ...state, needs_login: false };
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await open.click();
  await dialog.getByTestId("dialog-password").fill("secret");
  await expect(dialog.getByTestId("dialog-login")).toBeHidden();
  await dialog.getByRole("button", { name: "Sign the declaration" }).click();
  const statement = "publicly_released";
  await expect
    .poll(() => signed)
    .toEqual([
      { login: "maren", password: "secret", statement },
      { password: "secret", statement },
    ]);
});

test("a release that somebody else began is countersigned, or withdrawn with a reason", async ({ page }) => {
  const sent: unknown[] = [];
  const release = { ...releases[2] } as (typeof releases)[number];
  await serveFixtures(page, {
    "GET /releases/l-3": (route) => json(route, release),
    "POST /releases/l-3/countersign": (route) => {
      sent.push(body(route.request()));
      return problem(route, 403, "separation_of_duties", "Neither is an author of what is in it.");
    },
    "POST /releases/l-3/withdraw": (route) => {
      sent.push(body(route.request()));
      release.state = "withdrawn";
      return json(route, release);
    },
  });
  await page.goto("/releases/l-3");
  await expect(page.getByText("Noor Castell")).toBeVisible();
  await page.getByTestId("release-password").fill("secret");
  await shot(page, "release-proposed");
  await page.getByTestId("release-countersign").click();
  await expect(page.getByRole("alert")).toContainText("Neither is an author");
  await page.getByRole("button", { name: "Withdraw…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("the wrong month");
  await dialog.getByRole("button", { name: "Withdraw", exact: true }).click();
  await expect(page.getByText("was withdrawn before it was countersigned")).toBeVisible();
  expect(sent).toEqual([{ password: "secret" }, { reason: "the wrong month" }]);
});

test("a locked account is told on the start page, and closed with what was behind it", async ({ page }) => {
  const alert = {
    id: "a-1",
    user: "u-2",
    login: "ines",
    printed_name: "Ines Duarte",
    place: "signing",
    locks: 2,
    opened_at: data.T0,
    last_at: data.T0,
    closed_at: null as number | null,
    closed_by: null as string | null,
    reason: null as string | null,
    may_close: true,
  };
  await serveFixtures(page, {
    "GET /alerts": (route) => json(route, [alert]),
    "POST /alerts/a-1/close": (route) => {
      expect(body(route.request())).toEqual({ reason: "a new keyboard" });
      Object.assign(alert, { closed_at: data.T0, may_close: false });
      return json(route, alert);
    },
  });
  await page.goto("/");
  await expect(page.getByTestId("access-alert")).toContainText("Ines Duarte was locked 2 times");
  await shot(page, "access-alert");
  await page.getByRole("button", { name: "Say what it was" }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("a new keyboard");
  await page.getByRole("button", { name: "Close the alert" }).click();
  await expect(page.getByTestId("access-alert")).toBeHidden();
});

test("whoever makes a project signs its protocol at once, or leaves it for later", async ({ page }) => {
  const made: unknown[] = [];
  await serveFixtures(page, {
    "POST /projects": (route) => {
      made.push(body(route.request()));
      return problem(route, 409, "name_taken", "A project of this name exists.");
    },
  });
  await page.goto("/projects");
  await page.getByRole("button", { name: "New project" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByTestId("project-password")).toBeVisible();
  await expect(dialog.getByLabel("Name", { exact: true })).toBeFocused();
  await dialog.getByLabel("Name", { exact: true }).fill("Knees");
  const create = dialog.getByRole("button", { name: "Sign and create project" });
  await expect(create).toBeDisabled();
  await dialog.getByTestId("project-password").fill("secret");
  await shot(page, "project-signed");
  await create.click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByLabel("Sign the protocol now").uncheck();
  await expect(dialog.getByTestId("project-password")).toBeHidden();
  await shot(page, "project-unsigned");
  await dialog.getByRole("button", { name: "Create project" }).click();
  await expect
    .poll(() => made)
    .toEqual([
      { name: "Knees", protocol: "radiology", password: "secret" },
      { name: "Knees", protocol: "radiology" },
    ]);
});

test("a protocol that nobody signed: an owner signs it on any page of the project, others are told who does", async ({
  page,
}) => {
  let owner = true;
  let standing = "unsigned";
  await serveFixtures(page, {
    "GET /projects/p-ct": (route) =>
      json(route, { ...data.project, protocol_standing: standing, may_sign_protocol: owner }),
    "POST /projects/p-ct/protocol/signature": (route) => {
      expect(route.request().headers()["if-match"]).toBe(`"${data.protocol.version}"`);
      expect(body(route.request())).toEqual({ password: "secret" });
      standing = "signed";
      return json(route, { id: "radiology", version: data.protocol.version });
    },
    "GET /home": (route) =>
      json(route, {
        cards: [
          { ...data.home[0], kind: "unsigned", count: 0, title: "Waits for the protocol to be signed" },
          { ...data.home[0], role: "owner", kind: "sign_protocol", count: 1, title: "Sign the protocol" },
        ],
      }),
  });
  await page.goto("/");
  await expect(page.getByText("Work is given out once an owner has signed the protocol")).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign the protocol" })).toBeVisible();
  await shot(page, "unsigned-home");
  await page.goto("/projects/p-ct");
  const sign = page.getByRole("button", { name: "Sign the protocol" });
  await expect(page.getByText("Nothing is given out before the protocol is signed.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Claim next/ })).toHaveCount(0);
  await shot(page, "unsigned-owner");
  await sign.click();
  const dialog = page.getByRole("dialog");
  await dialog.getByTestId("dialog-password").fill("secret");
  await shot(page, "unsigned-dialog");
  await dialog.getByRole("button", { name: "Sign", exact: true }).click();
  await expect(sign).toBeHidden();
  await expect(page.getByRole("button", { name: /^Claim next/ }).first()).toBeVisible();
  [owner, standing] = [false, "unsigned"];
  await page.goto("/projects/p-ct/items");
  await expect(page.getByText("once an owner of the project has signed it")).toBeVisible();
  await expect(sign).toBeHidden();
  await shot(page, "unsigned-reader");
});

test("whoever writes the reason already is not moved to the field of the password", async ({ page }) => {
  let answer = () => {};
  const asked = new Promise<void>((done) => {
    answer = done;
  });
  await serveFixtures(page, {
    "GET /me/signing": async (route) => {
      await asked;
      return json(route, data.signing);
    },
  });
  await page.goto("/projects/p-ct/subjects");
  await page.getByRole("button", { name: "Confirm…" }).press("Enter");
  const reason = page.getByRole("dialog").getByLabel("Reason");
  await expect(reason).toBeFocused();
  await page.keyboard.type("looked at ");
  answer();
  await expect(page.getByTestId("dialog-password")).toBeVisible();
  await page.keyboard.type("the request");
  await expect(reason).toHaveValue("looked at the request");
  await expect(page.getByTestId("dialog-password")).toHaveValue("");
});

test("a printed item shows name, meaning and time in UTC of each signature, and nothing of the screen", async ({
  page,
}) => {
  await serveFixtures(page);
  await page.goto("/items/i-1");
  const signed = data.item.signatures[0];
  await expect(page.getByText(signed?.printed_name ?? "").first()).toBeVisible();
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("banner")).toBeHidden();
  await expect(page.locator('[role="tablist"]')).toBeHidden();
  await expect(page.getByText(signed?.meaning ?? "").first()).toBeVisible();
  const printed = await page
    .locator("time[title]")
    .evaluateAll((times) => times.map((time) => getComputedStyle(time, "::after").content));
  expect(printed.some((text) => /\d\d:\d\d:\d\d\.\d{6}Z/.test(text))).toBe(true);
  await shot(page, "printed-item");
});

test("a signature over what has changed since is shown as void", async ({ page }) => {
  const [signed] = data.item.signatures;
  let valid = true;
  await serveFixtures(page, {
    "GET /items/i-1": (route) => json(route, { ...data.item, signatures: [{ ...signed, valid }] }),
  });
  await page.goto("/items/i-1");
  await expect(page.getByText(signed?.printed_name ?? "").first()).toBeVisible();
  await expect(page.getByText("Void: content changed")).toHaveCount(0);
  valid = false;
  await page.reload();
  await expect(page.getByText("Void: content changed")).toBeVisible();
  await shot(page, "signature-void");
});

test("a version of the protocol that is not what was signed is void, and says so on every page", async ({
  page,
}) => {
  const [version, ...others] = versions;
  await serveFixtures(page, {
    "GET /projects/p-ct": (route) => json(route, { ...data.project, protocol_standing: "void" }),
    "GET /projects/p-ct/protocol/versions": (route) => json(route, [{ ...version, void: true }, ...others]),
  });
  await page.goto("/projects/p-ct/protocol/document");
  await expect(page.getByText("What is kept of it is not what was signed")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "Void: content changed" })).toHaveCount(1);
  await shot(page, "protocol-void");
});

test("the button to sign is gone when a qualification has ended since the claim", async ({ page }) => {
  const lacking = { code: "qualification_expired", message: "ct_reader ended yesterday." };
  const signing = (not_qualified?: typeof lacking) => (work: Work) => ({
    ...work,
    task: { ...work.task, kind: "sign" as const, title: "Countersignature" },
    meaning: "approved" as const,
    read: null,
    subject: work.read,
    ...(not_qualified ? { not_qualified } : {}),
  });
  await openPicture(page, signing());
  await expect(page.getByTestId("sign-open")).toBeVisible();
  await openPicture(page, signing(lacking));
  await expect(page.getByTestId("not-qualified")).toContainText("Your qualification has ended");
  await expect(page.getByTestId("sign-reject")).toBeVisible();
  await expect(page.getByTestId("sign-open")).toHaveCount(0);
  await shot(page, "sign-expired");
});

test("each signed act has its name, meaning and proof beside it", async ({ page }) => {
  await serveFixtures(page);
  const proof = (event: string) => page.locator(`a[href="/api/v1/events/${event}/proof"]`);
  await page.goto("/releases/l-1");
  await expect(proof("e-51")).toBeVisible();
  await expect(proof("e-52")).toBeVisible();
  await page.goto("/projects/p-ct/guideline");
  await expect(proof("e-31").first()).toBeVisible();
  await expect(page.getByText("Ines Halloran, “approved”").first()).toBeVisible();
  await page.goto("/projects/p-ct/protocol/document");
  await expect(proof("e-42")).toBeVisible();
});
