/** Grey difference below this is noise of camera and lamp and stays dark. */
export const DIFFERENCE_FLOOR = 24;

/**
 * Absolute grey difference of two RGBA pictures of one size, as a heat picture over the dimmed test image:
 * brighter than the template is orange, darker is blue. `out`, `test` and `template` hold 4 bytes per pixel.
 */
export function differenceHeat(
  test: Uint8ClampedArray,
  template: Uint8ClampedArray,
  out: Uint8ClampedArray,
): void {
  const grey = (data: Uint8ClampedArray, at: number) =>
    0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number);
  for (let at = 0; at < out.length; at += 4) {
    const level = grey(test, at);
    const delta = level - grey(template, at);
    const strength =
      Math.abs(delta) <= DIFFERENCE_FLOOR ? 0 : Math.min(1, (Math.abs(delta) - DIFFERENCE_FLOOR) / 96);
    const base = level * 0.3 * (1 - strength);
    const [r, g, b] = delta > 0 ? [255, 150, 40] : [70, 150, 255];
    out[at] = base + r * strength;
    out[at + 1] = base + g * strength;
    out[at + 2] = base + b * strength;
    out[at + 3] = 255;
  }
}
