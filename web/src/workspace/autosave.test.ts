import { beforeEach, describe, expect, it } from "vitest";
import { AnnotationDocument } from "@/canvas/document";
import type { Annotation } from "@/canvas/types";
import {
  Autosave,
  CHANGES_PER_SAVE_MAX,
  type JournalEntry,
  RETRY_MS,
  SAVE_DELAY_MS,
  type SaveProblem,
  sameContent,
  type WireChange,
} from "./autosave";
import { localJournal } from "./journal";
import { countdown, IDLE_MS, leaseState, shouldRenew } from "./lease";

class Refusal extends Error {
  constructor(readonly problem: SaveProblem) {
    super(problem.message);
  }
}
const refusal = (code: string, transient = false) => new Refusal({ code, transient, message: code });

const mark = (id: string, x = 0, version = 1): Annotation => ({
  id,
  version,
  class: "a",
  frame: { stream: 0, index: 0 },
  shape: { type: "box", x, y: 0, w: 1, h: 1 },
  author: { kind: "human", user: "u" },
});

/** A server in memory with revisions, and timers that run when the test says so. */
class Bench {
  readonly document = new AnnotationDocument();
  readonly calls: { revision: number; changes: WireChange[] }[] = [];
  timers: { run: () => void; ms: number; live: boolean }[] = [];
  stored = new Map<string, Annotation>();
  revision = 1;
  failWith: Error[] = [];
  kept: JournalEntry | null = null;
  hold: Promise<void> | null = null;
  readonly states: string[] = [];
  readonly autosave: Autosave;

  constructor(start: Annotation[] = [], kept: JournalEntry | null = null) {
    this.kept = kept;
    this.document.load(start);
    this.stored = new Map(start.map((a) => [a.id, a]));
    this.autosave = new Autosave({
      document: this.document,
      revision: 1,
      journal: {
        load: async () => this.kept,
        store: async (entry) => {
          this.kept = structuredClone(entry);
        },
      },
      problemOf: (error) => (error as Refusal).problem,
      schedule: (run, ms) => {
        const timer = { run, ms, live: true };
        this.timers.push(timer);
        return () => {
          timer.live = false;
        };
      },
      transport: {
        load: async () => ({ revision: this.revision, annotations: [...this.stored.values()] }),
        save: async (revision, changes) => {
          this.calls.push({ revision, changes });
          if (this.hold) await this.hold;
          const failure = this.failWith.shift();
          if (failure) throw failure;
          if (revision !== this.revision) throw refusal("stale_revision");
          return this.take(changes);
        },
      },
    });
    this.autosave.subscribe((state) => this.states.push(state.kind));
  }

  take(changes: WireChange[]) {
    const versions: Record<string, number> = {};
    for (const change of changes) {
      if (change.op === "remove") this.stored.delete(change.id);
      else {
        const version = (this.stored.get(change.annotation.id)?.version ?? 0) + 1;
        versions[change.annotation.id] = version;
        this.stored.set(change.annotation.id, { ...change.annotation, version });
      }
    }
    this.revision += 1;
    return { revision: this.revision, annotations_versions: versions };
  }

  put(a: Annotation) {
    this.document.apply([{ id: a.id, before: this.document.get(a.id) ?? null, after: a }]);
  }

  remove(id: string) {
    this.document.apply([{ id, before: this.document.get(id) ?? null, after: null }]);
  }

  /** Runs what is due and lets promises settle. */
  async tick() {
    const due = this.timers.filter((timer) => timer.live);
    this.timers = [];
    for (const timer of due) timer.run();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  }

  nextDelay() {
    return this.timers.filter((timer) => timer.live).map((timer) => timer.ms);
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe("autosave", () => {
  it("sends a change within the delay, once, and says so", async () => {
    bench.put(mark("a"));
    bench.put(mark("a", 5));
    bench.put(mark("b"));
    expect(bench.nextDelay()).toEqual([SAVE_DELAY_MS]);
    expect(SAVE_DELAY_MS).toBeLessThan(2_000);
    await bench.tick();
    expect(bench.calls).toHaveLength(1);
    expect(bench.calls[0]?.changes).toHaveLength(2);
    expect(bench.stored.get("a")?.shape).toMatchObject({ x: 5 });
    expect(bench.autosave.state).toEqual({ kind: "saved" });
    expect(bench.autosave.revision).toBe(2);
    expect(bench.kept).toBeNull();
    expect(bench.states).toContain("saving");
  });

  it("does not send what was drawn and deleted before it was saved", async () => {
    bench.put(mark("a"));
    bench.remove("a");
    await bench.tick();
    expect(bench.calls).toHaveLength(0);
    expect(bench.autosave.state.kind).toBe("saved");
  });

  it("removes what the server knows", async () => {
    bench = new Bench([mark("a")]);
    bench.remove("a");
    await bench.tick();
    expect(bench.calls[0]?.changes).toEqual([{ op: "remove", id: "a" }]);
  });

  it("keeps changes made during a save for the next one", async () => {
    let open = () => {};
    bench.hold = new Promise((resolve) => {
      open = resolve;
    });
    bench.put(mark("a", 1));
    await bench.tick();
    bench.put(mark("a", 2));
    bench.put(mark("b"));
    expect(bench.autosave.pending).toBe(2);
    bench.hold = null;
    open();
    await bench.tick();
    await bench.tick();
    expect(bench.calls).toHaveLength(2);
    expect(bench.calls[1]?.revision).toBe(2);
    expect(bench.stored.get("a")?.shape).toMatchObject({ x: 2 });
    expect(bench.autosave.state.kind).toBe("saved");
  });

  it("keeps everything while offline, waits longer each time, and catches up", async () => {
    bench.failWith = [refusal("offline", true), refusal("offline", true)];
    bench.put(mark("a"));
    await bench.tick();
    expect(bench.autosave.state).toEqual({ kind: "offline", changes: 1 });
    expect(bench.kept?.changes).toHaveLength(1);
    expect(bench.nextDelay()).toEqual([RETRY_MS[0]]);
    bench.put(mark("b"));
    expect(bench.autosave.state).toEqual({ kind: "offline", changes: 2 });
    await bench.tick();
    expect(bench.nextDelay()).toEqual([RETRY_MS[1]]);
    await bench.tick();
    expect(bench.autosave.state.kind).toBe("saved");
    expect([...bench.stored.keys()]).toEqual(["a", "b"]);
    expect(bench.kept).toBeNull();
  });

  it("flush reports whether all is with the server", async () => {
    bench.put(mark("a"));
    expect(await bench.autosave.flush()).toBe(true);
    bench.failWith = [refusal("offline", true)];
    bench.put(mark("a", 3));
    expect(await bench.autosave.flush()).toBe(false);
    bench.autosave.retry();
    await bench.tick();
    expect(bench.stored.get("a")?.shape).toMatchObject({ x: 3 });
  });

  it("lays its changes over what somebody else saved", async () => {
    bench = new Bench([mark("a"), mark("b")]);
    // Elsewhere: a moved, b removed, c drawn.
    bench.take([
      { op: "put", annotation: mark("a", 50) },
      { op: "remove", id: "b" },
      { op: "put", annotation: mark("c") },
    ]);
    bench.put(mark("a", 7));
    bench.put(mark("d"));
    await bench.tick();
    expect(bench.states).toContain("merged");
    await bench.tick();
    expect(bench.autosave.state.kind).toBe("saved");
    expect([...bench.stored.keys()].sort()).toEqual(["a", "c", "d"]);
    expect(bench.stored.get("a")?.shape).toMatchObject({ x: 7 });
    expect(bench.document.has("b")).toBe(false);
    expect(bench.document.get("a")?.version).toBe(3);
  });

  it("counts what both sides changed", async () => {
    bench = new Bench([mark("a"), mark("b")]);
    bench.take([{ op: "put", annotation: mark("a", 50) }]);
    bench.put(mark("a", 7));
    bench.put(mark("b", 7));
    const seen: unknown[] = [];
    bench.autosave.subscribe((state) => seen.push(state));
    await bench.tick();
    expect(seen).toContainEqual({ kind: "merged", changes: 2, overlapping: 1 });
  });

  it("stops at a refusal, keeps the change, and goes on after a correction", async () => {
    bench.failWith = [refusal("unknown_class")];
    bench.put(mark("a"));
    await bench.tick();
    expect(bench.autosave.state).toMatchObject({
      kind: "refused",
      changes: 1,
      problem: { code: "unknown_class" },
    });
    expect(bench.nextDelay()).toEqual([]);
    expect(bench.kept?.changes).toHaveLength(1);
    bench.put(mark("a", 1));
    await bench.tick();
    expect(bench.autosave.state.kind).toBe("saved");
  });

  it("takes up a journal after a crash", async () => {
    bench = new Bench([mark("a"), mark("b")], {
      revision: 1,
      changes: [
        { id: "a", annotation: mark("a", 9) },
        { id: "b", annotation: null },
      ],
    });
    expect(await bench.autosave.replay()).toBe(2);
    expect(bench.document.has("b")).toBe(false);
    await bench.tick();
    expect(bench.stored.get("a")?.shape).toMatchObject({ x: 9 });
    expect(bench.stored.has("b")).toBe(false);
  });

  it("splits a flood into requests that the server takes", async () => {
    bench.document.apply(
      Array.from({ length: CHANGES_PER_SAVE_MAX + 3 }, (_, i) => ({
        id: `m${i}`,
        before: null,
        after: mark(`m${i}`),
      })),
    );
    expect(await bench.autosave.flush()).toBe(true);
    expect(bench.calls.map((call) => call.changes.length)).toEqual([CHANGES_PER_SAVE_MAX, 3]);
  });

  it("sends a flood in an order in which both ends of each relation are there at any time", async () => {
    const related = (id: string, to: string): Annotation => ({
      ...mark(id),
      arrangement: { relations: [{ id: `r-${id}`, type: "on", to }] },
    });
    const many = Array.from({ length: CHANGES_PER_SAVE_MAX }, (_, i) => mark(`m${i}`));
    const made = new Bench([related("old", "gone"), mark("gone")]);
    made.document.apply([
      { id: "gone", before: mark("gone"), after: null },
      { id: "new", before: null, after: related("new", `m${CHANGES_PER_SAVE_MAX - 1}`) },
      { id: "old", before: related("old", "gone"), after: mark("old") },
      ...many.map((after) => ({ id: after.id, before: null, after })),
    ]);
    const there = new Set(["old", "gone"]);
    expect(await made.autosave.flush()).toBe(true);
    expect(made.calls.length).toBe(2);
    const held = new Map([["old", "gone"]]);
    for (const { changes } of made.calls) {
      for (const change of changes) {
        if (change.op === "remove") there.delete(change.id);
        else {
          there.add(change.annotation.id);
          const to = change.annotation.arrangement?.relations?.[0]?.to;
          if (to) held.set(change.annotation.id, to);
          else held.delete(change.annotation.id);
        }
      }
      for (const to of held.values()) expect(there.has(to)).toBe(true);
    }
    expect([...held]).toEqual([["new", `m${CHANGES_PER_SAVE_MAX - 1}`]]);
  });

  it("drops a relation to what somebody else took out meanwhile", async () => {
    const made = new Bench([mark("a"), mark("b")]);
    made.put({ ...mark("a"), arrangement: { relations: [{ id: "r", type: "on", to: "b" }] } });
    made.stored.delete("b");
    made.revision += 1;
    expect(await made.autosave.flush()).toBe(true);
    expect(made.document.get("a")?.arrangement).toBeUndefined();
    expect(made.stored.get("a")?.arrangement).toBeUndefined();
    // The same after a crash: the journal holds what leads nowhere now.
    const after = { ...mark("a"), arrangement: { relations: [{ id: "r", type: "on", to: "b" }] } };
    const again = new Bench([mark("a")], { revision: 1, changes: [{ id: "a", annotation: after }] });
    expect(await again.autosave.replay()).toBe(1);
    expect(again.document.get("a")?.arrangement).toBeUndefined();
  });

  it("sends nothing once it is stopped", async () => {
    bench.autosave.stop();
    bench.put(mark("a"));
    await bench.tick();
    expect(bench.calls).toHaveLength(0);
  });
});

describe("records", () => {
  it("are the same by content, not by version, author or order of keys", () => {
    const a = { ...mark("a"), attributes: { x: 1, y: true } };
    expect(
      sameContent(a, {
        ...a,
        version: 8,
        author: { kind: "model", name: "m", version: "1" },
        attributes: { y: true, x: 1 },
      }),
    ).toBe(true);
    expect(sameContent(a, { ...a, class: "b" })).toBe(false);
    expect(sameContent(a, undefined)).toBe(false);
    expect(sameContent(null, undefined)).toBe(true);
  });

  it("survive in plain storage, and rubbish there does no harm", async () => {
    const map = new Map<string, string>();
    const storage = {
      getItem: (k: string) => map.get(k) ?? null,
      setItem: (k: string, v: string) => void map.set(k, v),
      removeItem: (k: string) => void map.delete(k),
    };
    const journal = localJournal("u:r", storage);
    const entry = { revision: 3, changes: [{ id: "a", annotation: mark("a") }] };
    await journal.store(entry);
    expect(await journal.load()).toEqual(entry);
    for (const key of map.keys()) map.set(key, "{half");
    expect(await journal.load()).toBeNull();
    await journal.store(null);
    expect(map.size).toBe(0);
  });
});

describe("lease", () => {
  it("is renewed past its half while somebody is there", () => {
    expect(shouldRenew(40, 0, 100, 35)).toBe(false);
    expect(shouldRenew(50, 0, 100, 35)).toBe(true);
    expect(shouldRenew(100, 0, 100, 99)).toBe(false);
    const long = 4 * IDLE_MS;
    expect(shouldRenew(long * 0.75, 0, long, 0)).toBe(false);
  });

  it("shows a countdown near the end", () => {
    expect(leaseState(0, 301_000)).toMatchObject({ near: false, expired: false });
    expect(leaseState(0, 250_000)).toMatchObject({ near: true, left: 250_000 });
    expect(leaseState(10, 5)).toEqual({ left: 0, near: true, expired: true });
    expect([countdown(250_000), countdown(9_400), countdown(0)]).toEqual(["4:10", "0:10", "0:00"]);
  });
});
