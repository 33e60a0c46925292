// The hand, the same for both sides, and what the page's own clock says about it.
import { HEIGHT, MASK_SIDE, middle, WIDTH } from "./scene.mjs";

const CLICKS = 25;
const MOVES = 60;
const STROKES = 8;
const PATIENCE_MS = 120_000;

/** In the page: from letting go of the button to after the frame behind it, and the distances of frames. */
export function watch() {
  window.waits = [];
  window.addEventListener(
    "mouseup",
    (event) => {
      const begun = event.timeStamp;
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.waits.push(performance.now() - begun);
        channel.port2.postMessage(0);
      });
    },
    true,
  );
  window.distances = () => {
    const times = [];
    let on = true;
    const tick = (now) => {
      times.push(now);
      if (on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    return () => {
      on = false;
      return times.slice(1).map((time, i) => time - times[i]);
    };
  };
}

const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  return { p50: at(0.5), p95: at(0.95), count: sorted.length };
};

const answered = async (page, act) => {
  const before = await page.evaluate(() => window.waits.length);
  await act();
  await page.waitForFunction((n) => window.waits.length > n, before, { timeout: PATIENCE_MS });
};

/** Frames while the hand acts. */
const frames = async (page, act) => {
  await page.evaluate(() => (window.stop = window.distances()));
  await act();
  return page.evaluate(() => window.stop());
};

/** Clicks on marks, turns the wheel over them and drags the picture. `at`: where an image point lies on the screen. */
export async function traceMarks(page, list, at) {
  const places = Array.from({ length: CLICKS }, (_, i) => middle(list[(i * 3571 + 17) % list.length]));
  await page.evaluate(() => (window.waits = []));
  for (const place of places) {
    await page.mouse.move(...(await at(place)));
    await answered(page, async () => {
      await page.mouse.down();
      await page.mouse.up();
    });
  }
  const select = await page.evaluate(() => window.waits);
  const [x, y] = await at([WIDTH / 2, HEIGHT / 2]);
  await page.mouse.move(x, y);
  await page.keyboard.down("Control");
  const zoom = await frames(page, async () => {
    for (let i = 0; i < MOVES; i += 1) await page.mouse.wheel(0, i % 20 < 10 ? -100 : 100);
  });
  await page.keyboard.up("Control");
  await page.keyboard.down("Space");
  await page.mouse.down();
  const pan = await frames(page, async () => {
    for (let i = 0; i < MOVES; i += 1) await page.mouse.move(x + 150 * Math.sin(i / 6), y + 100 * Math.cos(i / 6));
  });
  await page.mouse.up();
  await page.keyboard.up("Space");
  return { select: spread(select), zoom: spread(zoom), pan: spread(pan) };
}

/** Strokes into the mask: frames while the brush is down, and the wait after each stroke. */
export async function traceBrush(page, at) {
  const drawn = [];
  await page.evaluate(() => (window.waits = []));
  for (let stroke = 0; stroke < STROKES; stroke += 1) {
    const left = MASK_SIDE * (0.1 + 0.08 * stroke);
    const place = (step) => at([left + (MASK_SIDE * 0.2 * step) / MOVES, MASK_SIDE * (0.1 + (0.8 * step) / MOVES)]);
    await page.mouse.move(...(await place(0)));
    await page.mouse.down();
    const found = await frames(page, async () => {
      for (let step = 1; step <= MOVES; step += 1) await page.mouse.move(...(await place(step)));
    });
    drawn.push(...found);
    await answered(page, () => page.mouse.up());
  }
  const stroke = await page.evaluate(() => window.waits);
  return { brush: spread(drawn), stroke: spread(stroke) };
}
