import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Work } from "@/api/types";
import { FixDialog } from "./dialogs";
import { WorkSession } from "./session";

const READ = {
  id: "r-1",
  status: "draft",
  author: { kind: "human", user: "u-1" },
  revision: 4,
  annotations: [],
};
const WORK = {
  task: { id: "t", item: "i", project: "p", kind: "review", stage: 2, fence: 7, title: "Review" },
  item: { id: "i", kind: "part", name: "part 1", streams: [], reads: [] },
  read: READ,
  subject: READ,
  draft: null,
  draft_on_request: false,
  protocol: { classes: [], stages: [] },
};

/** The server refuses what is accepted as it was and takes what says why; the bodies it was sent. */
function serve() {
  const sent: Record<string, unknown>[] = [];
  vi.stubGlobal(
    "fetch",
    vi.fn(async (_url: string, init: RequestInit) => {
      const body = JSON.parse(String(init.body));
      sent.push(body);
      const changed = body.decision === "accept";
      return new Response(
        JSON.stringify(changed ? { code: "content_changed", detail: "look again" } : { phase: "accepted" }),
        {
          status: changed ? 409 : 200,
          headers: { "content-type": changed ? "application/problem+json" : "application/json" },
        },
      );
    }),
  );
  return sent;
}

beforeAll(() => {
  Object.defineProperty(document, "fonts", {
    value: { addEventListener() {}, removeEventListener() {} },
    configurable: true,
  });
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("accepting with corrections", () => {
  it("never turns an acceptance into a correction by itself", async () => {
    const sent = serve();
    const one = new WorkSession(WORK as unknown as Work, "u-1");
    one.setMissing("nothing");
    await expect(one.accept()).rejects.toMatchObject({ code: "content_changed" });
    expect(sent.map((body) => body.decision)).toEqual(["accept"]);
    await one.fix({ reason: "wrong_outline", comment: "" });
    expect(sent[1]).toMatchObject({ decision: "fix", reason: "wrong_outline", missing: "nothing" });
    one.destroy();
  });

  it("waits for an answer about each mark, or for one about all others", async () => {
    const mark = (id: string) => ({
      id,
      version: 1,
      class: "object",
      frame: { stream: 0, index: 0 },
      shape: { type: "box", x: 3, y: 2, w: 10, h: 5 },
      attributes: {},
      author: { kind: "human", user: "u-2" },
    });
    const read = { ...READ, annotations: [mark("m-1"), mark("m-2")] };
    const sent = serve();
    const one = new WorkSession({ ...WORK, read, subject: read } as unknown as Work, "u-1");
    expect(one.silent).toEqual(["m-1", "m-2"]);
    one.setChecked(["m-1"], true);
    expect([one.silent, one.marksUnanswered]).toEqual([["m-2"], true]);
    one.setAllRight(true);
    expect(one.marksUnanswered).toBe(false);
    one.setMissing("nothing");
    await one.accept().catch(() => {});
    expect(sent[0]).toMatchObject({ all_right: true, marks: [{ annotation: "m-1", verdict: "right" }] });
    one.setAllRight(false);
    one.setChecked(["m-2"], true);
    expect(one.marksUnanswered).toBe(false);
    one.destroy();
  });

  it("asks for a reason from the list, and for words where the list has none", () => {
    const confirmed = vi.fn();
    render(
      <MantineProvider>
        <FixDialog opened onClose={() => {}} busy={false} error={null} onConfirm={confirmed} />
      </MantineProvider>,
    );
    const button = () => screen.getByTestId("fix-confirm") as HTMLButtonElement;
    expect(button().disabled).toBe(true);
    fireEvent.click(screen.getByTestId("fix-reason-other"));
    expect(button().disabled).toBe(true);
    fireEvent.change(screen.getByTestId("fix-comment"), { target: { value: " two edges " } });
    expect(button().disabled).toBe(false);
    fireEvent.click(screen.getByTestId("fix-reason-wrong_class"));
    fireEvent.click(button());
    expect(confirmed).toHaveBeenCalledWith({ reason: "wrong_class", comment: "two edges" });
  });
});
