import { afterEach, describe, expect, it, vi } from "vitest";
import { clickModelOf } from "./click-model";
import type { OpenWork } from "./work";

const work = (clickModel: OpenWork["clickModel"]) =>
  ({ clickModel, task: { id: "t-1", fence: 7 } }) as unknown as OpenWork;
const question = {
  frame: { stream: 1, index: 2 },
  positive: [[3, 4]] as [number, number][],
  negative: [],
  window: { name: "Lung", center: -600, width: 1500 },
};

function answers(status: number, body: unknown) {
  const fetched = vi.fn(
    async (_url: string, _init: RequestInit) =>
      new Response(JSON.stringify(body), {
        status,
        headers: { "content-type": status === 200 ? "application/json" : "application/problem+json" },
      }),
  );
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

const refusal = (code: string) => ({ code, title: "x", status: 409, detail: "Something." });

describe("the model of a task", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is there where one is registered", () => {
    expect(clickModelOf(work(null))).toBeNull();
    expect(clickModelOf(work({ name: "organs", version: "2" }))).toMatchObject({
      name: "organs",
      version: "2",
      gone: false,
    });
  });

  it("is asked under the fence of the claim, with the window's two numbers and nothing else", async () => {
    const mask = { size: [30, 40], counts: "abc" };
    const fetched = answers(200, { model: "m", name: "organs", version: "2", mask });
    const model = clickModelOf(work({ name: "organs", version: "2" }));
    const found = await model?.ask(question, new AbortController().signal);
    expect(found).toEqual({ type: "mask", ...mask });
    const [url, init] = fetched.mock.calls[0] ?? [];
    expect(url).toBe("/api/v1/tasks/t-1/segment");
    expect(JSON.parse(String(init?.body))).toEqual({
      fence: 7,
      stream: 1,
      frame: 2,
      positive: [[3, 4]],
      negative: [],
      window: { center: -600, width: 1500 },
    });
  });

  it("finds nothing where its mask is absent", async () => {
    answers(200, { model: "m", name: "organs", version: "2", mask: null });
    const model = clickModelOf(work({ name: "organs", version: "2" }));
    expect(await model?.ask(question, new AbortController().signal)).toBeNull();
  });

  it("says why it does not answer, and is asked again unless it is gone", async () => {
    const model = clickModelOf(work({ name: "organs", version: "2" }));
    for (const [code, why, gone] of [
      ["click_model_failed", "The model drew nothing", false],
      ["click_model_busy", "The model is busy", false],
      ["stale_fence", /./, false],
      ["no_click_model", "No model is registered", true],
    ] as const) {
      answers(409, refusal(code));
      await expect(model?.ask(question, new AbortController().signal)).rejects.toThrow(why);
      expect(model?.gone).toBe(gone);
    }
  });

  it("lets go of what is not waited for", async () => {
    vi.stubGlobal("fetch", (_url: string, { signal }: RequestInit) => Promise.reject(signal?.reason));
    const stop = new AbortController();
    stop.abort();
    const model = clickModelOf(work({ name: "organs", version: "2" }));
    await expect(model?.ask(question, stop.signal)).rejects.toMatchObject({ name: "AbortError" });
  });
});
