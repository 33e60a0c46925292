/**
 * Live events: what changed elsewhere makes the queries that show it stale.
 *
 * Read with fetch rather than EventSource: that delivers only events whose names it was told beforehand, and says
 * nothing about why a connection was refused.
 */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { API, reportSignedOut } from "./client";
import { LABEL_ERRORS } from "./label-errors";
import { isReport, Reports, reportKey } from "./reports";
import { type SseMessage, SseParser } from "./sse";
import type { LiveEvent } from "./types";

/** Events come in bursts (an ingest makes thousands); queries are refreshed at most this often, in milliseconds. */
const GATHER_MS = 700;
/** Waits before connecting again, in milliseconds; the last one repeats. */
const RETRY_MS = [1_000, 2_000, 5_000, 15_000];
/** How long the stream may be away before the page says so, in milliseconds. */
const QUIET_LOSS_MS = 6_000;

/** What shows a kind of object, beside the start page, the project and the item: the first parts of query keys. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  alarm: ["quality"],
  appeal: ["quality"],
  appraisal: ["quality"],
  audit: ["oversight"],
  batch: ["quality"],
  campaign: ["guideline"],
  certification: ["quality"],
  draft_model: ["quality"],
  gate_entry: ["privacy", "oversight"],
  guideline: ["guideline"],
  hold: ["quality"],
  ingest: ["oversight"],
  // A round of rework counts the items that are done, and so do all figures of quality.
  item: ["privacy", "guideline", "quality", "oversight"],
  label_doubt: ["quality"],
  label_search: ["quality"],
  leak: ["oversight"],
  ontology: ["ontology", "guideline"],
  privacy_request: ["privacy"],
  project: ["quality", "oversight"],
  // All that those who work in a project hear of each other's acts.
  queue: ["guideline", "quality"],
  read: ["quality"],
  release: ["privacy"],
  review: ["quality"],
  ticket: ["quality"],
  wide_hold: ["quality"],
};

/** The queries that an event touches, as key prefixes. */
export function touched(event: LiveEvent): (readonly string[])[] {
  const { project, item, object_kind: kind } = event;
  const keys: (readonly string[])[] = [["home"]];
  if (project) {
    // A draft is saved every other second while somebody draws; no figure changes by it.
    const shown = event.action === "read.saved" ? [] : (SHOWN[kind] ?? []);
    for (const page of ["projects", "ingests", "gate", ...shown]) keys.push([page, project]);
    // Rare, and whoever began a search waits for what it finds.
    if (kind === "label_search" || kind === "label_doubt") keys.push(reportKey(project, LABEL_ERRORS));
    if (kind === "release") keys.push(["releases"]);
  }
  if (item) keys.push(["items", item]);
  if (kind === "project") keys.push(["projects"]);
  if (kind === "user") keys.push(["users"], ["alerts"]);
  if (kind === "grant") keys.push(["me"], ["projects"]);
  if (kind === "queue") keys.push(["items"], ["feedback", "returned"]);
  if (kind === "qualification") keys.push(["qualifications"]);
  if (kind === "task") keys.push(["me", "tasks"]);
  return keys;
}

export function parseEvent(text: string): LiveEvent | null {
  try {
    const value = JSON.parse(text) as Partial<LiveEvent> | null;
    const fits = typeof value?.action === "string" && typeof value.object_kind === "string";
    return fits ? (value as LiveEvent) : null;
  } catch {
    return null;
  }
}

/**
 * A list that somebody has scrolled into is left as it is: fetching all its pages again costs much, and rows must
 * not move under the cursor. Its first page is refreshed like everything else.
 */
export const isLongList = (data: unknown): boolean =>
  typeof data === "object" &&
  data !== null &&
  "pages" in data &&
  Array.isArray(data.pages) &&
  data.pages.length > 1;

/** Told to the window when a model was stopped or let draft again: an open workspace asks for its draft anew. */
export const DRAFT_MODEL_EVENT = "countersign:draft-model";

type Hooks = { onOpen: () => void; onMessage: (message: SseMessage) => void };

/** Reads one connection until it ends. */
async function listen(lastId: string, signal: AbortSignal, hooks: Hooks): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (lastId) headers["Last-Event-ID"] = lastId;
  const response = await fetch(`${API}/events`, {
    headers,
    credentials: "same-origin",
    signal,
    cache: "no-store",
  });
  if (response.status === 401) reportSignedOut();
  if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`);
  hooks.onOpen();
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const message of parser.push(decoder.decode(value, { stream: true }))) hooks.onMessage(message);
  }
}

/** Everything afresh, but not what the workspace holds: events were missed. */
function resync(client: QueryClient, reports: Reports): void {
  client.invalidateQueries({
    predicate: ({ queryKey }) => queryKey[0] !== "tasks" && !isReport(queryKey),
  });
  reports.touched();
}

/** Collects stale keys and refreshes each once per GATHER_MS. */
export function gatherer(client: QueryClient, reports: Reports) {
  let keys = new Map<string, readonly string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    add(event: LiveEvent) {
      for (const key of touched(event)) keys.set(key.join("/"), key);
      timer ??= setTimeout(() => {
        for (const queryKey of keys.values()) {
          client.invalidateQueries({
            queryKey: [...queryKey],
            predicate: (query) => !isLongList(query.state.data),
          });
          // All that is worked out of what these figures show.
          if (queryKey[0] === "quality") reports.touched(queryKey[1]);
        }
        keys = new Map();
        timer = undefined;
      }, GATHER_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** Keeps one event stream open while somebody is signed in. Returns whether the page is live. */
export function useLive(client: QueryClient, enabled: boolean): boolean {
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    if (!enabled) return;
    const stop = new AbortController();
    const reports = new Reports(client, isLongList);
    const gathered = gatherer(client, reports);
    let loss: ReturnType<typeof setTimeout> | undefined;
    let lastId = "";
    let attempt = 0;
    let missed = false;
    const hooks: Hooks = {
      onOpen: () => {
        clearTimeout(loss);
        loss = undefined;
        setConnected(true);
        if (missed) resync(client, reports);
        missed = false;
      },
      onMessage: (message) => {
        attempt = 0;
        lastId = message.id || lastId;
        const event = parseEvent(message.data);
        // What is said of somebody's own work is not kept waiting.
        if (event?.object_kind === "feedback") client.invalidateQueries({ queryKey: ["feedback"] });
        if (event?.object_kind === "draft_model") window.dispatchEvent(new Event(DRAFT_MODEL_EVENT));
        if (event?.action === "resync") resync(client, reports);
        else if (event) gathered.add(event);
      },
    };
    const run = async () => {
      while (!stop.signal.aborted) {
        try {
          await listen(lastId, stop.signal, hooks);
        } catch {
          // Refused or cut off: both are tried again below, and the page says so when it lasts.
        }
        if (stop.signal.aborted) return;
        missed = true;
        loss ??= setTimeout(() => setConnected(false), QUIET_LOSS_MS);
        await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0, stop.signal);
        attempt += 1;
      }
    };
    run();
    return () => {
      stop.abort();
      gathered.stop();
      reports.stop();
      clearTimeout(loss);
      setConnected(true);
    };
  }, [client, enabled]);
  return connected;
}
