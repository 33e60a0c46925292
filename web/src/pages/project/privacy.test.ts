import { describe, expect, it } from "vitest";
import type { PrivacyRequest, Subject } from "@/api/types";
import { inOrder, itemIdIn, requestState, subjectName } from "./privacy";

const subject: Subject = {
  id: "1",
  number: 7,
  kind: "patient",
  pseudonym: "CS-AAAA",
  state: "live",
  created_at: 0,
  erased_at: null,
  items: 1,
  files: 2,
  bytes: 3,
};
const request: PrivacyRequest = {
  id: "r",
  project: "p",
  kind: "erasure",
  subject: "1",
  subject_name: "CS-AAAA",
  item: null,
  state: "open",
  reason: "asked for",
  requested_by: "u",
  requested_by_name: "U",
  requested_at: 10,
  certified: false,
  may_decide: false,
  may_reveal: false,
};

describe("subjects", () => {
  it("are named by pseudonym, else by number, and by number alone once erased", () => {
    expect(subjectName(subject)).toBe("CS-AAAA");
    expect(subjectName({ ...subject, pseudonym: null, kind: "drive" })).toBe("Drive #7");
    expect(subjectName({ ...subject, state: "erased", pseudonym: null })).toBe("Erased subject #7");
  });

  it("finds the id of an item in whatever was pasted", () => {
    const id = "0190aaaa-0000-7000-8000-00000000000a";
    expect(itemIdIn(id)).toBe(id);
    expect(itemIdIn(` https://host/items/${id.toUpperCase()}?x=1`)).toBe(id);
    expect(itemIdIn("study 0004")).toBeNull();
  });
});

describe("requests", () => {
  it("say where they stand", () => {
    const at = (changed: Partial<PrivacyRequest>, now = 100) =>
      requestState({ ...request, ...changed }, now).word;
    expect(at({})).toBe("Waits for a second person");
    expect(at({ state: "refused" })).toBe("Refused");
    expect(at({ state: "approved" })).toBe("Being erased");
    expect(at({ state: "done" })).toBe("Erased");
    const named = { kind: "reidentification" as const, state: "approved" as const };
    expect(at({ ...named, expires_at: 101 })).toBe("May be looked at");
    expect(at({ ...named, expires_at: 100 })).toBe("Run out");
    expect(at({ ...named, state: "done" })).toBe("Shown once");
  });

  it("come with what waits first, then the newest", () => {
    const done = { ...request, id: "done", state: "done" as const, requested_at: 30 };
    const later = { ...request, id: "later", state: "refused" as const, requested_at: 40 };
    expect(inOrder([done, later, request]).map((one) => one.id)).toEqual(["r", "later", "done"]);
  });
});
