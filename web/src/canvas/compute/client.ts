import type { Grey } from "../flood";
import type { Patch, Ways } from "./livewire";
import type { Seed } from "./walker";
import type { Question } from "./worker";

/** Asks the worker; it is started by the first question and ends with the page. */
let worker: Worker | null = null;
let last = 0;
const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

function started(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener(
    "message",
    (event: MessageEvent<{ id: number; answer?: unknown; error?: string }>) => {
      const { id, answer, error } = event.data;
      const waiting = open.get(id);
      open.delete(id);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    },
  );
  worker.addEventListener("error", () => {
    for (const { reject } of open.values()) reject(new Error("the worker stopped"));
    open.clear();
    worker = null;
  });
  return worker;
}

function ask<T>(question: Question): Promise<T> {
  last += 1;
  const id = last;
  return new Promise<T>((resolve, reject) => {
    open.set(id, { resolve: resolve as (value: unknown) => void, reject });
    started().postMessage({ id, question });
  });
}

export const askWays = (patch: Patch, x: number, y: number) => ask<Ways>({ kind: "ways", patch, x, y });

/** Pixels of the patch, column after column like those of a mask. */
export const askWalk = (patch: Patch, seeds: Seed[]) => ask<Uint8Array>({ kind: "walk", patch, seeds });

/** The part of a picture around some place, no larger than `side`. */
export function patchAround(grey: Grey, x: number, y: number, side: number): Patch {
  const width = Math.min(grey.width, side);
  const height = Math.min(grey.height, side);
  const left = Math.min(grey.width - width, Math.max(0, Math.round(x - width / 2)));
  const top = Math.min(grey.height - height, Math.max(0, Math.round(y - height / 2)));
  return patchOf(grey, left, top, width, height);
}

export function patchOf(grey: Grey, left: number, top: number, width: number, height: number): Patch {
  const data = new Float32Array(width * height);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      data[row * width + column] = grey.data[(row + top) * grey.width + column + left] as number;
  return { left, top, width, height, data };
}
