import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Item } from "@/api/types";
import { loadBitmap } from "./images";
import { fetchFrame, firstFrames, preload } from "./preload";

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
});
