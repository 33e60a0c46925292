/**
 * The first frames of a task that was just claimed, asked for before its workspace stands. Only claimed tasks: the
 * server records every picture that it gives out as shown to this person.
 */
import type { QueryClient } from "@tanstack/react-query";
import { frameImageUrl, framePixelsUrl, framePointsUrl } from "@/api/items";
import { atSignOut } from "@/api/session";
import type { Item, Work } from "@/api/types";

/** Answers that nobody took yet, by address. */
const waiting = new Map<string, Promise<Response>>();
atSignOut(() => waiting.clear());

/** Where each kind of item begins; its host shows the same. */
export const firstImage = (item: Item) =>
  Math.max(
    0,
    item.streams.findIndex((entry) => entry.kind !== "template"),
  );
export const firstStack = (item: Item) =>
  Math.max(
    0,
    item.streams.findIndex((entry) => entry.kind === "dicom" && entry.frames.length > 0),
  );
export const middleSlice = (frames: number) => Math.floor(frames / 2);

/** Addresses of what the workspace of an item shows first. */
export function firstFrames(item: Item): string[] {
  if (item.kind === "study") {
    // A slide asks for the tiles that are in view.
    if (isSlide(item)) return [];
    const stack = firstStack(item);
    const frames = item.streams[stack]?.frames.length ?? 0;
    return frames > 0 ? [framePixelsUrl(item.id, stack, middleSlice(frames))] : [];
  }
  const of = (kind: string) => item.streams.findIndex((entry) => entry.kind === kind);
  if (item.kind === "scene") {
    const [lidar, camera] = [of("lidar"), of("camera")];
    return [
      ...(lidar >= 0 ? [framePointsUrl(item.id, lidar, 0)] : []),
      ...(camera >= 0 ? [frameImageUrl(item.id, camera, 0)] : []),
    ];
  }
  const template = of("template");
  return [
    frameImageUrl(item.id, firstImage(item), 0),
    ...(template >= 0 ? [frameImageUrl(item.id, template, 0)] : []),
  ];
}

/** Viewers are chunks of their own, because most people need one of them. */
export const HOSTS = {
  scene: () => import("./SceneHost"),
  slide: () => import("./stack/SlideHost"),
  stack: () => import("./stack/StackHost"),
} as const;

/** Loads the viewer of this kind of item; a failure shows when it is drawn. */
export function loadHost(item: Item): void {
  const host =
    item.kind === "scene" ? "scene" : item.kind !== "study" ? null : isSlide(item) ? "slide" : "stack";
  if (host) HOSTS[host]().catch(() => {});
}

const isSlide = (item: Item) => item.streams.some((entry) => entry.properties?.slide !== undefined);

/** Asks for the first frames of an item that the person holds now. What was asked for before and not taken goes. */
export function preload(item: Item): void {
  waiting.clear();
  for (const url of firstFrames(item)) {
    const answer = fetch(url, { credentials: "same-origin" });
    // Whoever takes it hears of a failure; nobody has to.
    answer.catch(() => {});
    waiting.set(url, answer);
  }
}

/** Bytes of a frame: what was asked for ahead if it is that frame, once, else a request. */
export async function fetchFrame(url: string, signal?: AbortSignal): Promise<Response> {
  const early = waiting.get(url);
  waiting.delete(url);
  if (early) {
    const answer = await early.catch(() => null);
    signal?.throwIfAborted();
    if (answer?.ok) return answer;
  }
  return fetch(url, { credentials: "same-origin", ...(signal ? { signal } : {}) });
}

/** A claim is on record, so its first frames may be: they and the viewer travel while the workspace is built from the answer. */
export function takeUp(client: QueryClient, work: Work): void {
  client.setQueryData(["tasks", work.task.id], work);
  begin(work.item);
}

/** Asks for all that the workspace of an item needs first, side by side. */
export function begin(item: Item): void {
  preload(item);
  loadHost(item);
}
