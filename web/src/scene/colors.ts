export type ColorMode = "height" | "intensity";

/** Stops of the height ramp, dark blue over green to warm white: even in brightness, readable without red and green. */
const RAMP: readonly [number, number, number][] = [
  [46, 72, 140],
  [40, 120, 150],
  [62, 163, 132],
  [150, 196, 92],
  [243, 222, 120],
  [255, 246, 220],
];

/** RGB per point. Height runs from `low` to `low + span` metres. */
export function colorize(
  mode: ColorMode,
  positions: Float32Array,
  intensity: Uint8Array,
  low: number,
  span: number,
): Uint8Array {
  const count = intensity.length;
  const out = new Uint8Array(count * 3);
  for (let i = 0; i < count; i += 1) {
    const height = ((positions[3 * i + 2] as number) - low) / span;
    const t = mode === "height" ? height : Math.sqrt((intensity[i] as number) / 255);
    const at = Math.min(0.9999, Math.max(0, t)) * (RAMP.length - 1);
    const stop = Math.floor(at);
    const part = at - stop;
    for (let c = 0; c < 3; c += 1) {
      const a = RAMP[stop]?.[c] ?? 0;
      const b = RAMP[stop + 1]?.[c] ?? a;
      out[3 * i + c] = a + (b - a) * part;
    }
  }
  return out;
}

/** Level of the ground as a low percentile of all heights, metres. */
export function lowLevel(positions: Float32Array): number {
  const count = positions.length / 3;
  if (count === 0) return 0;
  const step = Math.max(1, Math.floor(count / 5_000));
  const heights: number[] = [];
  for (let i = 0; i < count; i += step) heights.push(positions[3 * i + 2] as number);
  heights.sort((a, b) => a - b);
  return heights[Math.floor(heights.length * 0.05)] as number;
}
