import { describe, expect, it } from "vitest";
import { parseEvent, touched } from "./live";
import { parseCheckpoint } from "./log";
import { SseParser } from "./sse";

const STREAM =
  'retry: 3000\r\n: hello\r\n\r\nid: 41\nevent: task.claimed\ndata: {"a":1}\n\nid: 42\ndata: x\ndata: y\n\ndata\n\n';

describe("event stream", () => {
  it("gives the same messages wherever it is cut", () => {
    const whole = new SseParser().push(STREAM);
    expect(whole).toEqual([
      { id: "41", event: "task.claimed", data: '{"a":1}' },
      { id: "42", event: "message", data: "x\ny" },
      { id: "42", event: "message", data: "" },
    ]);
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new SseParser();
      const both = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))];
      expect(both, `cut at ${cut}`).toEqual(whole);
    }
    const parser = new SseParser();
    expect([...STREAM].flatMap((char) => parser.push(char))).toEqual(whole);
  });

  it("does not collect an endless line", () => {
    const parser = new SseParser();
    expect(() => {
      for (let i = 0; i < 3; i += 1) parser.push("x".repeat(600_000));
    }).toThrow("too long");
  });
});

describe("what an event touches", () => {
  const event = {
    project: "p",
    item: "i",
    action: "read.submitted",
    object_kind: "read",
    object_id: "r",
    at: 1,
  };
  it("refreshes project, item and start page, and never a task that is being worked on", () => {
    const keys = touched(event).map((key) => key.join("/"));
    expect(keys).toContain("projects/p");
    expect(keys).toContain("items/i");
    expect(keys).toContain("home");
    expect(touched({ ...event, object_kind: "task" }).some((key) => key[0] === "tasks")).toBe(false);
  });
  it("keeps the progress of a round of rework, the oversight and the ontology of the project up to date", () => {
    const keys = (object_kind: string) => touched({ ...event, object_kind }).map((key) => key.join("/"));
    expect(keys("campaign")).toContain("guideline/p");
    expect(keys("item")).toContain("guideline/p");
    expect(keys("guideline")).toContain("guideline/p");
    expect(keys("ontology")).toContain("ontology/p");
    expect(keys("audit")).toContain("oversight/p");
    expect(keys("alarm")).toContain("quality/p");
    expect(keys("read")).not.toContain("guideline/p");
    expect(keys("read")).toContain("quality/p");
    expect(touched({ ...event, action: "read.saved" })).not.toContainEqual(["quality", "p"]);
    expect(keys("queue")).toEqual(expect.arrayContaining(["guideline/p", "feedback/returned"]));
    expect(keys("qualification")).toContain("qualifications");
  });
  it("ignores what it cannot read", () => {
    expect(parseEvent("null")).toBeNull();
    expect(parseEvent("{")).toBeNull();
    expect(parseEvent('{"action":1,"object_kind":"x"}')).toBeNull();
    expect(parseEvent(JSON.stringify(event))).toEqual(event);
  });
});

describe("checkpoint", () => {
  it("reads origin, size, root and signatures", () => {
    const text = "log.example\n20412\nAAAA\nextra\n\n— log.example abc\n— witness def\n";
    expect(parseCheckpoint(text)).toEqual({
      origin: "log.example",
      size: 20412,
      root: "AAAA",
      signatures: ["— log.example abc", "— witness def"],
      text,
    });
  });
  it("refuses what is none", () => {
    for (const text of ["", "<html>", "log\n-3\nAAAA\n\n", "log\n3\n\n\n"])
      expect(parseCheckpoint(text)).toBeNull();
  });
});
