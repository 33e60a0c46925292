import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gatherer, isLongList } from "./live";
import { REPORT_MS, Reports, reportKey } from "./reports";

/** How long events are gathered, in milliseconds; a little more. */
const GATHERED_MS = 1_000;
const event = {
  project: "p",
  item: null,
  action: "read.submitted",
  object_kind: "read",
  object_id: "r",
  at: 1,
};

let client: QueryClient;
let reports: Reports;
let gathered: ReturnType<typeof gatherer>;

/** A query that somebody looks at; how often it was asked. */
function seen(queryKey: readonly unknown[], takesMs = 0, answer: unknown = "figures") {
  const asked = vi.fn(
    () =>
      new Promise((resolve) => setTimeout(() => resolve({ answer, n: asked.mock.calls.length }), takesMs)),
  );
  const leave = new QueryObserver(client, { queryKey, queryFn: asked, retry: false }).subscribe(() => {});
  return { asked, leave };
}

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** Somebody works: an event every 700 ms. */
async function works(ms: number) {
  for (let passed = 0; passed < ms; passed += 700) {
    gathered.add(event as never);
    await wait(700);
  }
}

function setHidden(hidden: boolean) {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(hidden ? "hidden" : "visible");
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
  client.mount();
  reports = new Reports(client, isLongList);
  gathered = gatherer(client, reports);
  setHidden(false);
});
afterEach(() => {
  gathered.stop();
  reports.stop();
  client.clear();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("reports while people work", () => {
  it("asks for light figures with the events, for reports once in half a minute", async () => {
    const light = seen(["quality", "p", "monitor"]);
    const heavy = seen(reportKey("p", "agreement"));
    const other = seen(reportKey("another", "agreement"));
    await wait(0);
    expect(heavy.asked).toHaveBeenCalledTimes(1);
    await works(4 * REPORT_MS);
    expect(light.asked.mock.calls.length).toBeGreaterThan(100);
    // Once when it was opened, then at most once per pause.
    expect(heavy.asked.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(heavy.asked.mock.calls.length).toBeLessThanOrEqual(5);
    expect(other.asked).toHaveBeenCalledTimes(1);
    // What changed last is asked for, and nothing after that.
    await wait(REPORT_MS + GATHERED_MS);
    const asked = heavy.asked.mock.calls.length;
    await wait(10 * REPORT_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(asked);
  });

  it("asks at once when the last answer is old", async () => {
    const heavy = seen(reportKey("p", "tiers"));
    await wait(2 * REPORT_MS);
    gathered.add(event as never);
    await wait(GATHERED_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(2);
  });

  it("asks for nothing while the page is hidden, and once when it is seen again", async () => {
    const heavy = seen(reportKey("p", "vendors"));
    await wait(0);
    setHidden(true);
    await works(4 * REPORT_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(1);
    setHidden(false);
    await wait(0);
    expect(heavy.asked).toHaveBeenCalledTimes(2);
  });

  it("asks for nothing that nobody looks at; it is stale when somebody comes back", async () => {
    const heavy = seen(reportKey("p", "consensus", null));
    await wait(0);
    heavy.leave();
    await works(2 * REPORT_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(1);
    expect(client.getQueryState(reportKey("p", "consensus", null))?.isInvalidated).toBe(true);
  });

  it("does not begin anew what is running, and asks once more for what changed meanwhile", async () => {
    const heavy = seen(reportKey("p", "corrections"), 10_000);
    await wait(5_000);
    gathered.add(event as never);
    await wait(GATHERED_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(1);
    await wait(10_000 + 2 * REPORT_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(2);
    await wait(10 * REPORT_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(2);
  });

  it("leaves a list that somebody has scrolled into", async () => {
    const key = reportKey("p", "label-errors", "missing", "open");
    const heavy = seen(key);
    await wait(0);
    client.setQueryData(key, { pages: [{}, {}], pageParams: [0, 50] });
    await works(3 * REPORT_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(1);
  });

  it("asks for label errors as soon as a search or a decision about one is told", async () => {
    const heavy = seen(reportKey("p", "label-errors", "missing", "open"));
    await wait(0);
    gathered.add({ ...event, action: "label_search.done", object_kind: "label_search" } as never);
    await wait(GATHERED_MS);
    expect(heavy.asked).toHaveBeenCalledTimes(2);
  });
});
