import { afterEach, describe, expect, it, vi } from "vitest";
import { Bits } from "./bits";
import type { ClickModel, ClickQuestion } from "./click-model";
import { Editor } from "./editor";
import type { Tool, ToolContext, ToolPointer } from "./tool";
import { ClicksTool } from "./tools/clicks";
import type { ClassDef, MaskShape, Point } from "./types";

const SIZE = { width: 40, height: 30 };

/** What the page finds by itself: the whole patch. */
vi.mock("./compute/client", () => ({
  patchOf: (_grey: unknown, left: number, top: number, width: number, height: number) => ({
    left,
    top,
    width,
    height,
  }),
  askWalk: vi.fn(async ({ width, height }: { width: number; height: number }) =>
    new Uint8Array(width * height).fill(1),
  ),
}));

const square = (left: number, top: number, side: number): MaskShape =>
  new Bits(left, top, side, side, new Uint8Array(side * side).fill(1)).toShape(
    SIZE.width,
    SIZE.height,
  ) as MaskShape;

interface Asked {
  question: ClickQuestion;
  signal: AbortSignal;
  answer(mask: MaskShape | null): void;
  fail(why: string): void;
}

/** A model that answers when the test says so. */
function model() {
  const asked: Asked[] = [];
  const state = { gone: false };
  const made: ClickModel = {
    name: "discs",
    version: "2",
    get gone() {
      return state.gone;
    },
    ask: (question, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
        asked.push({ question, signal, answer: resolve, fail: (why) => reject(new Error(why)) });
      }),
  };
  return { made, asked, state };
}

const THING: ClassDef = { id: "thing", name: "Thing", color: "#fff", shapes: ["mask"] };

function scene(clickModel: ClickModel | null) {
  const said: string[] = [];
  const editor = new Editor({ classes: [THING], user: "u", clickModel, say: (text) => said.push(text) });
  editor.setFrame({ stream: 0, index: 3 });
  editor.limits = SIZE;
  const context = {
    editor,
    viewport: { visible: () => ({ minX: 0, minY: 0, maxX: SIZE.width, maxY: SIZE.height }) },
    size: SIZE,
    window: { get: () => ({ center: 40, width: 400 }), set: () => {} },
    grey: () => ({ ...SIZE, data: new Float32Array(SIZE.width * SIZE.height) }),
    redraw: () => {},
    optionsChanged: () => {},
  } as unknown as ToolContext;
  const tool: Tool = new ClicksTool();
  const at = (image: Point, keys: Partial<ToolPointer> = {}): ToolPointer => ({
    image,
    screen: image,
    button: 0,
    shift: false,
    ctrl: false,
    alt: false,
    ...keys,
  });
  return {
    editor,
    said,
    click: (x: number, y: number, keys?: Partial<ToolPointer>) =>
      tool.pointerDown?.(at([x, y], keys), context),
    frame: (from: Point, to: Point) => {
      tool.pointerDown?.(at(from, { shift: true }), context);
      tool.pointerMove?.(at(to, { shift: true }), context);
      tool.pointerUp?.(at(to, { shift: true }), context);
    },
    press: (action: "finish" | "cancel" | "undo") => tool.onAction?.(action, context),
    hint: () => {
      const hint = tool.options?.(context).find((option) => option.id === "hint");
      return hint?.kind === "text" ? hint.text : "";
    },
    marks: () => editor.document.all().map((mark) => mark.shape as MaskShape),
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const area = (shape: MaskShape | undefined) => (shape ? Bits.fromShape(shape).count() : 0);

describe("clicks", () => {
  afterEach(() => vi.clearAllMocks());

  it("ask the model for the frame on the screen, and its mask becomes one mark that can be undone", async () => {
    const { made, asked } = model();
    const { click, hint, press, marks, said, editor } = scene(made);
    click(10.7, 12.2);
    expect(hint()).toBe("Asking discs 2… Escape stops it");
    asked[0]?.answer(square(8, 8, 6));
    await settled();
    expect(said).toEqual(["Drawn by discs 2."]);
    click(20, 12, { ctrl: true });
    expect(asked[1]?.question).toEqual({
      frame: { stream: 0, index: 3 },
      positive: [[10, 12]],
      negative: [[20, 12]],
      window: { center: 40, width: 400 },
    });
    asked[1]?.answer(square(8, 8, 4));
    await settled();
    expect(hint()).toContain("discs 2 · ");
    press("finish");
    expect(marks()).toEqual([square(8, 8, 4)]);
    editor.undo();
    expect(marks()).toEqual([]);
  });

  it("are found by the page where the model fails, and it says so", async () => {
    const { made, asked } = model();
    const { click, hint, press, marks, said } = scene(made);
    click(10, 12);
    asked[0]?.fail("The model drew nothing");
    await settled();
    expect(said).toEqual(["The model drew nothing: discs 2 was asked, and the page drew this without it."]);
    expect(hint()).toContain("Without a model · ");
    press("finish");
    expect(area(marks()[0])).toBeGreaterThan(0);
  });

  it("do not ask a model that is gone, nor one that there never was", async () => {
    const { made, asked, state } = model();
    state.gone = true;
    for (const clickModel of [made, null]) {
      const { click, hint, said } = scene(clickModel);
      click(10, 12);
      expect(hint()).toBe("Looking…");
      await settled();
      expect(hint()).toContain("Without a model · ");
      expect(said).toEqual([]);
    }
    expect(asked).toEqual([]);
  });

  it("take nothing from an answer of another size", async () => {
    const { made, asked } = model();
    const { click, said } = scene(made);
    click(10, 12);
    asked[0]?.answer({ type: "mask", size: [SIZE.height + 1, SIZE.width], counts: "" });
    await settled();
    expect(said[0]).toContain("the page drew this without it");
  });

  it("say that the model finds nothing, and there is nothing to accept", async () => {
    const { made, asked } = model();
    const { click, press, marks, said } = scene(made);
    click(10, 12);
    asked[0]?.answer(null);
    await settled();
    expect(said).toEqual(["discs 2 finds nothing there."]);
    press("finish");
    expect(marks()).toEqual([]);
  });

  it("are taken back by Escape while the model is asked: what it found before stays", async () => {
    const { made, asked } = model();
    const { click, hint, press, marks } = scene(made);
    click(10, 12);
    asked[0]?.answer(square(8, 8, 6));
    await settled();
    click(20, 20);
    press("cancel");
    expect(asked[1]?.signal.aborted).toBe(true);
    await settled();
    expect(hint()).toContain("discs 2 · ");
    press("finish");
    expect(marks()).toEqual([square(8, 8, 6)]);
    click(10, 12);
    press("cancel");
    expect(hint()).toContain("Click into the object");
    expect(asked[2]?.signal.aborted).toBe(true);
  });

  it("stop asking for what was clicked before when there is one click more", async () => {
    const { made, asked } = model();
    const { click, press, marks } = scene(made);
    click(10, 12);
    click(11, 12);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    asked[0]?.answer(square(0, 0, 2));
    asked[1]?.answer(square(8, 8, 6));
    await settled();
    press("finish");
    expect(marks()).toEqual([square(8, 8, 6)]);
  });

  it("keep what a model finds within the frame that the person drew", async () => {
    const { made, asked } = model();
    const { click, frame, press, marks } = scene(made);
    frame([0, 0], [20, 20]);
    click(10, 12);
    asked[0]?.answer(square(10, 10, 15));
    await settled();
    press("finish");
    expect(area(marks()[0])).toBe(100);
  });

  it("on one frame draw nothing on another", async () => {
    const { made, asked } = model();
    const { click, press, marks, editor } = scene(made);
    click(10, 12);
    asked[0]?.answer(square(8, 8, 6));
    await settled();
    editor.setFrame({ stream: 0, index: 4 });
    press("finish");
    expect(marks()).toEqual([]);
  });
});
