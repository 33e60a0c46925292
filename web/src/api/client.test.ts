import { afterEach, describe, expect, it, vi } from "vitest";
import { api, apiUrl, onSignedOut, path, send } from "./client";
import { ApiProblem } from "./problem";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });

function serve(response: Response) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => response);
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

const caught = async (promise: Promise<unknown>): Promise<ApiProblem> => {
  const error = await promise.then(
    () => new Error("was not refused"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ApiProblem);
  return error as ApiProblem;
};

afterEach(() => {
  vi.unstubAllGlobals();
  onSignedOut(() => {});
});

describe("addresses", () => {
  it("leaves out what is empty and keeps zero and false", () => {
    expect(apiUrl("/items", { a: undefined, b: null, c: "", d: 0, e: false, f: "x y" })).toBe(
      "/api/v1/items?d=0&e=false&f=x+y",
    );
    expect(apiUrl("/items")).toBe("/api/v1/items");
  });

  it("keeps an id inside its segment", () => {
    expect(path`/items/${"a/../b?c"}/frames/${3}`).toBe("/items/a%2F..%2Fb%3Fc/frames/3");
  });
});

describe("requests", () => {
  it("sends the cross-site guard with every unsafe method and never with GET", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const fetch = serve(answer(204, undefined));
      await send(method, "/x");
      expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ "X-Countersign": "1" });
      expect(fetch.mock.calls[0]?.[1].credentials).toBe("same-origin");
    }
    const fetch = serve(answer(200, {}));
    await api.get("/x");
    expect(fetch.mock.calls[0]?.[1].headers).not.toHaveProperty("X-Countersign");
  });

  it("sends the revision as a strong entity tag and gives the new one back", async () => {
    const fetch = serve(answer(200, { revision: 8 }, { etag: '"8"' }));
    const result = await send("PUT", "/reads/r/annotations", { body: {}, ifMatch: 7 });
    expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ "If-Match": '"7"' });
    expect(result).toEqual({ data: { revision: 8 }, etag: '"8"' });
  });

  it("sends revision zero too", async () => {
    const fetch = serve(answer(200, {}));
    await send("PUT", "/x", { body: {}, ifMatch: 0 });
    expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ "If-Match": '"0"' });
  });
});

describe("refusals", () => {
  it("carries code, detail and place of a problem", async () => {
    serve(
      answer(
        412,
        { type: "about:blank", title: "t", status: 412, code: "stale_revision", detail: "d", place: "p" },
        { "content-type": "application/problem+json" },
      ),
    );
    const problem = await caught(api.get("/x"));
    expect([problem.code, problem.status, problem.detail, problem.place]).toEqual([
      "stale_revision",
      412,
      "d",
      "p",
    ]);
    expect(problem.transient).toBe(false);
  });

  it("does not believe a proxy's page", async () => {
    serve(answer(502, `<html>${"x".repeat(5000)}</html>`, { "content-type": "text/html" }));
    const problem = await caught(api.get("/x"));
    expect(problem.code).toBe("unexpected");
    expect(problem.transient).toBe(true);
    expect(problem.detail.length).toBeLessThanOrEqual(200);
  });

  it("keeps the waiting time of a lock-out", async () => {
    serve(answer(429, { code: "locked", detail: "" }, { "retry-after": "900" }));
    expect((await caught(api.post("/session", {}))).retryAfter).toBe(900);
  });

  it("calls a lost connection offline", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("Failed to fetch");
    });
    const problem = await caught(api.get("/x"));
    expect([problem.code, problem.transient]).toEqual(["offline", true]);
  });

  it("calls a half answer unexpected instead of crashing", async () => {
    serve(answer(200, '{"items":['));
    expect((await caught(api.get("/x"))).code).toBe("unexpected");
  });

  it("asks to sign in again on 401, but not for a wrong password", async () => {
    const asked = vi.fn();
    onSignedOut(asked);
    serve(answer(401, { code: "bad_credentials", detail: "" }));
    await caught(api.post("/session", {}));
    expect(asked).not.toHaveBeenCalled();
    serve(answer(401, { code: "signed_out", detail: "" }));
    await caught(api.get("/home"));
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
