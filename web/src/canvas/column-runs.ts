import { type Bits, seedMask } from "./bits";
import { encodeRuns } from "./rle";
import type { Bounds, MaskShape } from "./types";

/**
 * The runs of a mask that is being painted, kept per column: a shape is made of it at the end of each stroke, and only the
 * columns that the stroke touched are read again. The bits are those of the whole image.
 */
export class ColumnRuns {
  /** Of each column the rows at which it changes between clear and set, beginning clear. */
  private readonly columns: number[][] = [];
  private first = 0;
  private last: number;

  constructor(private readonly bits: Bits) {
    this.last = bits.width - 1;
  }

  /** Pixels in this part of the image may have changed. */
  touch({ minX, maxX }: Bounds): void {
    this.first = Math.min(this.first, Math.max(0, Math.floor(minX)));
    this.last = Math.max(this.last, Math.min(this.bits.width - 1, Math.ceil(maxX)));
  }

  /** What is set, as a shape of the image; nothing when no pixel is set. */
  toShape(): MaskShape | null {
    const { width, height } = this.bits;
    for (let x = this.first; x <= this.last; x += 1) this.columns[x] = this.changes(x);
    this.first = width;
    this.last = -1;
    const counts: number[] = [];
    let [since, set, area] = [0, false, 0];
    const [left, right] = [this.columns.findIndex(any), this.columns.findLastIndex(any)];
    if (left < 0) return null;
    let [top, bottom] = [height, 0];
    const change = (at: number) => {
      if (set) area += at - since;
      counts.push(at - since);
      since = at;
      set = !set;
    };
    for (let x = left; x <= right; x += 1) {
      const column = this.columns[x] as number[];
      // A run that reaches the end of a column goes on in the next one, or ends there.
      if (set !== (column[0] === 0)) change(x * height);
      for (const row of column) if (row > 0) change(x * height + row);
      if (column.length === 0) continue;
      top = Math.min(top, column[0] as number);
      bottom = Math.max(bottom, column.length % 2 ? height : (column.at(-1) as number));
    }
    if (set) change((right + 1) * height);
    if (since < width * height) counts.push(width * height - since);
    const shape: MaskShape = { type: "mask", size: [height, width], counts: encodeRuns(counts) };
    seedMask(shape, { minX: left, minY: top, maxX: right + 1, maxY: bottom }, area);
    return shape;
  }

  private changes(x: number): number[] {
    const { data, height } = this.bits;
    const part = data.subarray(x * height, (x + 1) * height);
    const found: number[] = [];
    for (let [row, value] = [part.indexOf(1), 1]; row >= 0; value = 1 - value) {
      found.push(row);
      row = part.indexOf(1 - value, row);
    }
    return found;
  }
}

const any = (column: number[]) => column.length > 0;
