/**
 * Live events: what changed elsewhere makes the queries that show it stale.
 *
 * Read with fetch rather than EventSource: that delivers only events whose names it was told beforehand, and says
 * nothing about why a connection was refused.
 */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { API, reportSignedOut } from "./client";
import { type SseMessage, SseParser } from "./sse";
import type { LiveEvent } from "./types";

/** Events come in bursts (an ingest makes thousands); queries are refreshed at most this often, in milliseconds. */
const GATHER_MS = 700;
/** Waits before connecting again, in milliseconds; the last one repeats. */
const RETRY_MS = [1_000, 2_000, 5_000, 15_000];
/** How long the stream may be away before the page says so, in milliseconds. */
const QUIET_LOSS_MS = 6_000;

/** The queries that an event touches, as key prefixes. */
export function touched(event: LiveEvent): (readonly string[])[] {
  const keys: (readonly string[])[] = [["home"]];
  if (event.project) {
    keys.push(["projects", event.project], ["ingests", event.project], ["gate", event.project]);
    if (["item", "gate_entry", "release", "privacy_request"].includes(event.object_kind))
      keys.push(["privacy", event.project]);
    if (event.object_kind === "release") keys.push(["releases"]);
    if (["certification", "alarm", "review"].includes(event.object_kind))
      keys.push(["quality", event.project]);
  }
  if (event.item) keys.push(["items", event.item]);
  if (event.object_kind === "project") keys.push(["projects"]);
  if (event.object_kind === "user") keys.push(["users"]);
  if (event.object_kind === "grant") keys.push(["me"]);
  if (event.object_kind === "task") keys.push(["me", "tasks"]);
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
const isLongList = (data: unknown): boolean =>
  typeof data === "object" &&
  data !== null &&
  "pages" in data &&
  Array.isArray(data.pages) &&
  data.pages.length > 1;

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
function resync(client: QueryClient): void {
  client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "tasks" });
}

/** Collects stale keys and refreshes each once per GATHER_MS. */
function gatherer(client: QueryClient) {
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
    const gathered = gatherer(client);
    let loss: ReturnType<typeof setTimeout> | undefined;
    let lastId = "";
    let attempt = 0;
    let missed = false;
    const hooks: Hooks = {
      onOpen: () => {
        clearTimeout(loss);
        loss = undefined;
        setConnected(true);
        if (missed) resync(client);
        missed = false;
      },
      onMessage: (message) => {
        attempt = 0;
        lastId = message.id || lastId;
        const event = parseEvent(message.data);
        // What is said of somebody's own work is not kept waiting.
        if (event?.object_kind === "feedback") client.invalidateQueries({ queryKey: ["feedback"] });
        if (event?.action === "resync") resync(client);
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
      clearTimeout(loss);
      setConnected(true);
    };
  }, [client, enabled]);
  return connected;
}
