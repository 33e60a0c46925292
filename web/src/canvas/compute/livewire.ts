/**
 * Intelligent scissors (Mortensen and Barrett, 1995): the cheapest way over a picture from one place to any other, where
 * steps along strong edges cost little.
 */

/** A part of a picture, row after row. */
export interface Patch {
  left: number;
  top: number;
  width: number;
  height: number;
  data: Float32Array;
}

/** Cost of a step over a pixel without any edge; on the strongest edge it is 1. */
const COST_MAX = 64;
/** A diagonal step is longer by this, in the same whole numbers: 1.4142 in steps of 1/8. */
const STRAIGHT = 8;
const DIAGONAL = 11;

/** The ways from one place: for each pixel the direction (0 to 7, clockwise from the right) of the step back, 8 at the start and where none leads. */
export interface Ways {
  left: number;
  top: number;
  width: number;
  height: number;
  back: Uint8Array;
}

export const STEPS: readonly (readonly [number, number])[] = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
];

/** Strength of edges by the Sobel operator, 0 to 1 of the strongest one. */
export function edges({ width, height, data }: Patch): Float32Array {
  const made = new Float32Array(width * height);
  let most = 0;
  const at = (x: number, y: number) =>
    data[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))] as number;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const across =
        at(x + 1, y - 1) +
        2 * at(x + 1, y) +
        at(x + 1, y + 1) -
        at(x - 1, y - 1) -
        2 * at(x - 1, y) -
        at(x - 1, y + 1);
      const down =
        at(x - 1, y + 1) +
        2 * at(x, y + 1) +
        at(x + 1, y + 1) -
        at(x - 1, y - 1) -
        2 * at(x, y - 1) -
        at(x + 1, y - 1);
      const value = Math.hypot(across, down);
      made[y * width + x] = value;
      most = Math.max(most, value);
    }
  if (most > 0) for (let i = 0; i < made.length; i += 1) made[i] = (made[i] as number) / most;
  return made;
}

/** All cheapest ways from a pixel of the patch (Dial's form of Dijkstra's algorithm: costs are small whole numbers). */
export function waysFrom(patch: Patch, startX: number, startY: number): Ways {
  const { left, top, width, height } = patch;
  const strength = edges(patch);
  const cost = Uint16Array.from(strength, (value) => 1 + Math.round((COST_MAX - 1) * (1 - Math.sqrt(value))));
  const reached = new Uint32Array(width * height).fill(0xffffffff);
  const back = new Uint8Array(width * height).fill(8);
  const done = new Uint8Array(width * height);
  const span = COST_MAX * DIAGONAL + 1;
  const buckets: number[][] = Array.from({ length: span }, () => []);
  const start = (startY - top) * width + (startX - left);
  reached[start] = 0;
  buckets[0]?.push(start);
  let waiting = 1;
  for (let now = 0; waiting > 0; now += 1) {
    const bucket = buckets[now % span] as number[];
    while (bucket.length > 0) {
      const node = bucket.pop() as number;
      waiting -= 1;
      if (done[node] || reached[node] !== now) continue;
      done[node] = 1;
      const [x, y] = [node % width, Math.floor(node / width)];
      for (let step = 0; step < 8; step += 1) {
        const [dx, dy] = STEPS[step] as readonly [number, number];
        const [nx, ny] = [x + dx, y + dy];
        if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
        const next = ny * width + nx;
        const total = now + (cost[next] as number) * (step % 2 === 0 ? STRAIGHT : DIAGONAL);
        if (done[next] || total >= (reached[next] as number)) continue;
        reached[next] = total;
        back[next] = (step + 4) % 8;
        buckets[total % span]?.push(next);
        waiting += 1;
      }
    }
  }
  return { left, top, width, height, back };
}

/** The way to a pixel, from the start; points are the middles of pixels. Empty where the pixel is outside of the patch. */
export function wayTo(ways: Ways, x: number, y: number): [number, number][] {
  let [column, row] = [x - ways.left, y - ways.top];
  if (column < 0 || row < 0 || column >= ways.width || row >= ways.height) return [];
  const path: [number, number][] = [];
  for (let i = 0; i <= ways.back.length; i += 1) {
    path.push([column + ways.left + 0.5, row + ways.top + 0.5]);
    const step = STEPS[ways.back[row * ways.width + column] as number];
    if (!step) break;
    column += step[0];
    row += step[1];
  }
  return path.reverse();
}
