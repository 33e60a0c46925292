import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Annotation, Work } from "@/api/types";
import { DraftPanel } from "./DraftPanel";
import { WorkSession } from "./session";

const ME = "u-1";
const mark = (id: string, model: boolean): Annotation => ({
  id,
  version: 1,
  class: "lesion",
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x: 1, y: 2, w: 3, h: 4 },
  author: model ? { kind: "model", name: "threshold", version: "1" } : { kind: "human", user: ME },
});
const read = (id: string, model: boolean, marks: Annotation[]) => ({
  id,
  item: "i",
  stage: model ? 0 : 2,
  kind: model ? ("prelabel" as const) : ("review" as const),
  author: model
    ? { kind: "model" as const, name: "threshold", version: "1" }
    : { kind: "human" as const, user: ME },
  author_name: model ? "threshold 1" : "Ada",
  status: model ? ("submitted" as const) : ("draft" as const),
  annotation_count: marks.length,
  protocol_version: 1,
  created_at: 1,
  revision: 0,
  annotations: marks,
});
const MODEL = read("r-0", true, [mark("a", true), mark("b", true)]);

function session(more: Partial<Work> = {}): WorkSession {
  const work = {
    task: { id: "t", item: "i", project: "p", kind: "review", stage: 2, fence: 7, title: "Review" },
    item: { id: "i", kind: "study", name: "study 1", streams: [], reads: [] },
    read: read("r-1", false, [mark("m", false)]),
    subject: read("r-1", false, [mark("m", false)]),
    draft: null,
    draft_on_request: true,
    protocol: { classes: [{ id: "lesion", name: "Lesion", color: "#ff8800", shapes: ["box"] }], stages: [] },
    ...more,
  };
  return new WorkSession(work as unknown as Work, ME);
}

const show = (one: WorkSession) =>
  render(
    <MantineProvider>
      <DraftPanel session={one} />
    </MantineProvider>,
  );

function serve(status: number, body: unknown) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => {
    const type = status < 400 ? "application/json" : "application/problem+json";
    return new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
  });
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the model's draft beside a read", () => {
  it("is asked for under the claim, shown apart from the read, and can be hidden", async () => {
    const one = session();
    const fetch = serve(200, MODEL);
    show(one);
    expect(one.editor.draft).toEqual([]);
    fireEvent.click(screen.getByTestId("draft-ask"));
    await waitFor(() =>
      expect(screen.getByTestId("draft-facts").textContent).toContain("2 marks by threshold 1"),
    );
    expect(fetch.mock.calls.map(([url, init]) => [url, init.method, init.body])).toEqual([
      ["/api/v1/tasks/t/draft", "POST", '{"fence":7}'],
    ]);
    expect(one.editor.draft.map((a) => a.id)).toEqual(["a", "b"]);
    expect(one.editor.document.all().map((a) => a.id)).toEqual(["m"]);
    one.editor.setFrame({ stream: 0, index: 0 });
    expect(one.editor.draftHere()).toHaveLength(2);
    one.editor.setFrame({ stream: 0, index: 1 });
    expect(one.editor.draftHere()).toHaveLength(0);
    fireEvent.click(screen.getByTestId("draft-toggle"));
    expect(one.editor.draft).toEqual([]);
    one.destroy();
  });

  it("shows nothing when the server refuses, and says why", async () => {
    const one = session();
    serve(409, { code: "lease_expired", status: 409, title: "x", detail: "Your time has run out." });
    show(one);
    fireEvent.click(screen.getByTestId("draft-ask"));
    await waitFor(() => expect(screen.getByRole("alert")).toBeTruthy());
    expect(one.editor.draft).toEqual([]);
    one.destroy();
  });

  it("is there again after a reload when it was asked for before", () => {
    const one = session({ draft: MODEL });
    expect(one.draftShown).toBe(true);
    one.destroy();
  });

  it("is asked for anew when a model was stopped, and all that it drew goes in one step", async () => {
    const own = read("r-1", false, [mark("m", false), mark("a", true), mark("b", true)]);
    const one = session({ read: own, draft: MODEL } as Partial<Work>);
    serve(200, { draft: null, draft_on_request: false });
    show(one);
    expect(screen.getByTestId("draft-reject").textContent).toContain("2");
    fireEvent.click(screen.getByTestId("draft-reject"));
    expect(one.editor.document.all().map((each) => each.id)).toEqual(["m"]);
    expect(one.editor.draft).toEqual([]);
    one.editor.undo();
    expect(one.editor.document.all()).toHaveLength(3);
    window.dispatchEvent(new Event("countersign:draft-model"));
    await waitFor(() => expect(one.draft).toBeNull());
    expect(screen.queryByTestId("draft-ask")).toBeNull();
    one.destroy();
  });

  it("is not offered where the stage does not show it on request", () => {
    const one = session({ draft_on_request: false });
    show(one);
    expect(screen.queryByTestId("draft-panel")).toBeNull();
    one.destroy();
  });
});
