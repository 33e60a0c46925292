import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useSignOut } from "@/api/session";
import { taskQuery } from "@/api/tasks";
import type { Item, Work } from "@/api/types";
import { loadBitmap } from "./images";
import { fetchFrame, firstFrames, preload, takeUp } from "./preload";

const item = (kind: Item["kind"], streams: [kind: string, frames: number][]): Item =>
  ({
    id: "i",
    kind,
    streams: streams.map(([stream, frames]) => ({
      kind: stream,
      name: stream,
      frames: Array.from({ length: frames }, () => ({ asset: "a" })),
    })),
  }) as unknown as Item;

const at = (stream: number, frame: number, what: string) =>
  `/api/v1/items/i/streams/${stream}/frames/${frame}/${what}`;

let calls: string[] = [];
let next: () => Promise<Response>;

beforeEach(() => {
  calls = [];
  next = async () => new Response("bytes");
  vi.stubGlobal("fetch", (url: string) => {
    calls.push(url);
    return next();
  });
  vi.stubGlobal("createImageBitmap", async (blob: Blob) => ({ size: blob.size }));
});
afterEach(() => vi.unstubAllGlobals());

describe("what the workspace shows first", () => {
  it("is the middle of the first stack, the first sweep with its camera, the part with its template", () => {
    const study = item("study", [
      ["camera", 1],
      ["dicom", 0],
      ["dicom", 9],
    ]);
    expect(firstFrames(study)).toEqual([at(2, 4, "pixels")]);
    const scene = item("scene", [
      ["camera", 2],
      ["lidar", 2],
    ]);
    expect(firstFrames(scene)).toEqual([at(1, 0, "points"), at(0, 0, "image")]);
    const part = item("part", [
      ["template", 1],
      ["exposure", 1],
    ]);
    expect(firstFrames(part)).toEqual([at(1, 0, "image"), at(0, 0, "image")]);
    expect(firstFrames(item("image", [["image", 1]]))).toEqual([at(0, 0, "image")]);
  });
});

describe("a frame that was asked for ahead", () => {
  const one = item("image", [["image", 1]]);

  it("is taken once and not asked for again", async () => {
    preload(one);
    expect(calls).toEqual([at(0, 0, "image")]);
    await loadBitmap(at(0, 0, "image"));
    expect(calls).toHaveLength(1);
    await loadBitmap(at(0, 0, "image"));
    expect(calls).toHaveLength(2);
  });

  it("is asked for again when it failed", async () => {
    next = async () => new Response("", { status: 503 });
    preload(one);
    next = async () => new Response("bytes");
    expect((await fetchFrame(at(0, 0, "image"))).ok).toBe(true);
    next = () => Promise.reject(new TypeError("no network"));
    preload(one);
    next = async () => new Response("bytes");
    expect((await fetchFrame(at(0, 0, "image"))).ok).toBe(true);
    expect(calls).toHaveLength(4);
  });

  it("goes when another item comes", async () => {
    preload(one);
    preload({ ...one, id: "other" });
    await fetchFrame(at(0, 0, "image"));
    expect(calls).toEqual([
      at(0, 0, "image"),
      at(0, 0, "image").replace("/i/", "/other/"),
      at(0, 0, "image"),
    ]);
  });

  it("goes when somebody signs out", async () => {
    preload(one);
    const client = new QueryClient();
    const wrapper = ({ children }: { children: ReactNode }) =>
      createElement(QueryClientProvider, { client }, children);
    const { result } = renderHook(() => useSignOut(), { wrapper });
    next = async () => new Response(null, { status: 204 });
    await act(() => result.current.mutateAsync());
    next = async () => new Response("bytes");
    await fetchFrame(at(0, 0, "image"));
    expect(calls.filter((url) => url === at(0, 0, "image"))).toHaveLength(2);
  });

  it("and what was claimed come with one answer: the task is not asked for again", async () => {
    const client = new QueryClient();
    const work = { task: { id: "t" }, item: one } as unknown as Work;
    takeUp(client, work);
    expect(calls).toEqual([at(0, 0, "image")]);
    expect(await client.ensureQueryData(taskQuery("t"))).toBe(work);
    expect(calls).toHaveLength(1);
  });
});
