/** The worker in which heavy questions are answered, so that the page stays at hand. */
import { type Patch, waysFrom } from "./livewire";
import { isObject, randomWalk, type Seed } from "./walker";

export type Question =
  | { kind: "ways"; patch: Patch; x: number; y: number }
  | { kind: "walk"; patch: Patch; seeds: Seed[] };

/** Column after column of the patch, 1 where the object is. */
function walked(patch: Patch, seeds: Seed[]): Uint8Array {
  const chance = randomWalk(patch, seeds);
  const made = new Uint8Array(patch.width * patch.height);
  for (let x = 0; x < patch.width; x += 1)
    for (let y = 0; y < patch.height; y += 1) if (isObject(chance, x, y)) made[x * patch.height + y] = 1;
  return made;
}

self.addEventListener("message", (event: MessageEvent<{ id: number; question: Question }>) => {
  const { id, question } = event.data;
  try {
    const answer =
      question.kind === "ways"
        ? waysFrom(question.patch, question.x, question.y)
        : walked(question.patch, question.seeds);
    self.postMessage({ id, answer });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
