/** Live events: what changed elsewhere makes the queries that show it stale. */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { API } from "./client";
import type { LiveEvent } from "./types";

/** Events come in bursts (an ingest makes thousands); queries are refreshed at most this often, in milliseconds. */
const GATHER_MS = 700;
/** Waits before connecting again, in milliseconds; the last one repeats. */
const RETRY_MS = [1_000, 2_000, 5_000, 15_000];
/** How long the stream may be away before the page says so, in milliseconds. */
const QUIET_LOSS_MS = 4_000;

/** The queries that an event touches, as key prefixes. */
export function touched(event: LiveEvent): (readonly string[])[] {
  const keys: (readonly string[])[] = [["home"]];
  if (event.project)
    keys.push(["projects", event.project], ["ingests", event.project], ["gate", event.project]);
  if (event.item) keys.push(["items", event.item]);
  if (event.object_kind === "release") keys.push(["releases"]);
  if (event.object_kind === "project") keys.push(["projects"]);
  if (event.object_kind === "user") keys.push(["users"]);
  if (event.object_kind === "task") keys.push(["me", "tasks"]);
  return keys;
}

export function parseEvent(text: string): LiveEvent | null {
  try {
    const value = JSON.parse(text) as Partial<LiveEvent>;
    return typeof value.action === "string" && typeof value.object_kind === "string"
      ? (value as LiveEvent)
      : null;
  } catch {
    return null;
  }
}

/** Keeps one event stream open while somebody is signed in. Returns whether the page is live. */
export function useLive(client: QueryClient, enabled: boolean): boolean {
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    if (!enabled) return;
    let source: EventSource | null = null;
    let attempt = 0;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let loss: ReturnType<typeof setTimeout> | undefined;
    let flush: ReturnType<typeof setTimeout> | undefined;
    let gathered = new Map<string, readonly string[]>();
    let lost = false;

    const onMessage = (message: MessageEvent<string>) => {
      const event = parseEvent(message.data);
      if (!event) return;
      for (const key of touched(event)) gathered.set(key.join("/"), key);
      flush ??= setTimeout(() => {
        for (const queryKey of gathered.values()) client.invalidateQueries({ queryKey: [...queryKey] });
        gathered = new Map();
        flush = undefined;
      }, GATHER_MS);
    };
    const connect = () => {
      source = new EventSource(`${API}/events`);
      source.onopen = () => {
        attempt = 0;
        clearTimeout(loss);
        loss = undefined;
        setConnected(true);
        // Whatever happened while nobody listened is fetched afresh, but not what the workspace holds.
        if (lost) client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "tasks" });
        lost = false;
      };
      source.onmessage = onMessage;
      for (const action of ACTIONS) source.addEventListener(action, onMessage);
      source.onerror = () => {
        source?.close();
        lost = true;
        loss ??= setTimeout(() => setConnected(false), QUIET_LOSS_MS);
        retry = setTimeout(connect, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
        attempt += 1;
      };
    };
    connect();
    return () => {
      source?.close();
      clearTimeout(retry);
      clearTimeout(loss);
      clearTimeout(flush);
      setConnected(true);
    };
  }, [client, enabled]);
  return connected;
}

/** EventSource only delivers named events that are listened for by name; the server names each by its action. */
export const ACTIONS = [
  "ingest.started",
  "ingest.finished",
  "file.refused",
  "item.created",
  "item.deidentified",
  "item.gated",
  "item.cleared",
  "item.rejected",
  "item.drafted",
  "item.accepted",
  "gate.opened",
  "gate.cleared",
  "gate.rejected",
  "gate.decided",
  "task.opened",
  "task.claimed",
  "task.renewed",
  "task.given_back",
  "task.expired",
  "task.closed",
  "read.saved",
  "read.submitted",
  "read.reviewed",
  "read.returned",
  "read.signed",
  "review.decided",
  "signature.made",
  "hold.opened",
  "hold.lifted",
  "release.started",
  "release.made",
  "release.finished",
  "project.created",
  "project.declared",
  "grant.made",
  "grant.ended",
  "user.created",
  "user.changed",
] as const;
