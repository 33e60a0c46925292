// The two scenes that both sides are shown: ten thousand marks on one image, and a large mask.

export const WIDTH = 2000;
export const HEIGHT = 1500;
/** Side of the image that is painted on, pixels. */
export const MASK_SIDE = 4096;
/** Radius of the disc that the mask begins as: two thirds of the image. */
const MASK_RADIUS = 1900;

/** Marks on a grid with odd sizes, none over another, every second one a polygon of twelve points. */
export function marks(count) {
  const columns = Math.ceil(Math.sqrt((count * WIDTH) / HEIGHT));
  const cell = WIDTH / columns;
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [(i % columns) * cell + 2, Math.floor(i / columns) * cell + 2];
    const side = cell * (0.45 + 0.3 * ((i * 7919) % 100) / 100);
    if (i % 2 === 0) return { kind: "box", x, y, w: side, h: side * 0.8 };
    const points = Array.from({ length: 12 }, (_, k) => {
      const turn = (k / 12) * 2 * Math.PI;
      return [x + side / 2 + (side / 2) * Math.cos(turn), y + side / 2 + (side / 2) * Math.sin(turn)];
    });
    return { kind: "polygon", points };
  });
}

/** A place inside of a mark. */
export const middle = (mark) =>
  mark.kind === "box"
    ? [mark.x + mark.w / 2, mark.y + mark.h / 2]
    : [0, 1].map((axis) => mark.points.reduce((sum, p) => sum + p[axis], 0) / mark.points.length);

/** Runs of the disc, line after line, beginning with pixels that are not set. A disc reads the same by rows and by columns. */
export function discRuns() {
  const runs = [];
  let clear = 0;
  for (let line = 0; line < MASK_SIDE; line += 1) {
    const off = line + 0.5 - MASK_SIDE / 2;
    const half = Math.floor(Math.sqrt(Math.max(0, MASK_RADIUS ** 2 - off ** 2)));
    clear += MASK_SIDE / 2 - half;
    if (half > 0) {
      runs.push(clear, 2 * half);
      clear = 0;
    }
    clear += MASK_SIDE / 2 - half;
  }
  runs.push(clear);
  return runs;
}

/** Runs as COCO writes them: differences to the run two before, six bits to a character, least significant first. */
export function cocoCounts(runs) {
  let text = "";
  runs.forEach((run, i) => {
    let value = i > 2 ? run - runs[i - 2] : run;
    for (let more = true; more; ) {
      let code = value & 31;
      value >>= 5;
      more = (code & 16) !== 0 ? value !== -1 : value !== 0;
      if (more) code |= 32;
      text += String.fromCharCode(code + 48);
    }
  });
  return text;
}

/** Runs as the peer stores masks: bytes of four channels, packed by bits into repeats of at most 65,536. */
export function peerRuns(runs) {
  const SIZES = [3, 7, 11, 16];
  const bits = [];
  const put = (value, size) => {
    for (let bit = size - 1; bit >= 0; bit -= 1) bits.push(Math.floor(value / 2 ** bit) % 2);
  };
  put(MASK_SIDE * MASK_SIDE * 4, 32);
  put(8 - 1, 5);
  for (const size of SIZES) put(size - 1, 4);
  runs.forEach((run, i) => {
    for (let left = run * 4; left > 0; ) {
      const length = Math.min(left, 65_536);
      const size = SIZES.findIndex((width) => length <= 2 ** width);
      put(1, 1);
      put(size, 2);
      put(length - 1, SIZES[size]);
      put(i % 2 === 0 ? 0 : 255, 8);
      left -= length;
    }
  });
  const bytes = [];
  for (let at = 0; at < bits.length; at += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) byte = byte * 2 + (bits[at + bit] ?? 0);
    bytes.push(byte);
  }
  return bytes;
}

/** A grey picture of this size as a data address, made by the browser. */
export async function picture(page, width, height) {
  return page.evaluate(
    ([w, h]) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: w, height: h });
      const g = canvas.getContext("2d");
      g.fillStyle = "#606060";
      g.fillRect(0, 0, w, h);
      return canvas.toDataURL("image/png");
    },
    [width, height],
  );
}
