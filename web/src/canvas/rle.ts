/**
 * COCO's compressed text of run lengths: each run as its difference from the run two before (from the fourth run on), in
 * groups of five bits, low groups first, bit 5 = "more follows", plus 48 to be printable. The same text as the server's.
 */

const FIRST_CHARACTER = 48;

export class RleError extends Error {
  constructor(readonly offset: number) {
    super(`the mask's text is malformed at byte ${offset}`);
    this.name = "RleError";
  }
}

export function encodeRuns(counts: ArrayLike<number>): string {
  const parts: string[] = [];
  let text = "";
  for (let i = 0; i < counts.length; i += 1) {
    let value = (counts[i] as number) - (i > 2 ? (counts[i - 2] as number) : 0);
    for (;;) {
      const group = value & 0x1f;
      value >>= 5;
      const done = group & 0x10 ? value === -1 : value === 0;
      text += String.fromCharCode((done ? group : group | 0x20) + FIRST_CHARACTER);
      if (done) break;
    }
    if (text.length > 4096) {
      parts.push(text);
      text = "";
    }
  }
  return parts.join("") + text;
}

export function decodeRuns(text: string): number[] {
  const counts: number[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    let value = 0;
    for (let shift = 0; ; shift += 5) {
      const coded = text.charCodeAt(at) - FIRST_CHARACTER;
      if (!(coded >= 0 && coded < 64) || shift > 30) throw new RleError(at);
      value |= (coded & 0x1f) << shift;
      at += 1;
      if (coded & 0x20) continue;
      if (coded & 0x10 && shift + 5 < 32) value |= -1 << (shift + 5);
      break;
    }
    if (counts.length > 2) value += counts[counts.length - 2] as number;
    if (value < 0) throw new RleError(start);
    counts.push(value);
  }
  return counts;
}
