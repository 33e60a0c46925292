import type { Stage } from "./stage";
import type { FrameRef, Point } from "./types";
import { sameFrame } from "./types";

/** A finding that has a place on a frame. */
export interface Pin {
  id: string;
  /** What stands in it. */
  label: string;
  /** What a screen reader says of it. */
  words: string;
  frame: FrameRef;
  point: Point;
  /** `open`, `answered` or `resolved`; with `blocking` it decides how it looks. */
  state: string;
  blocking: boolean;
}

/** Where a new pin goes. */
export interface PinPlace {
  frame: FrameRef | null;
  point: Point | null;
}

/**
 * Pins above a stage: real buttons, so that they are reached by keyboard and read aloud. They move with the picture; only those
 * of the frame on screen are there.
 */
export class PinLayer {
  private readonly box = document.createElement("div");
  private pins: readonly Pin[] = [];
  private current: string | null = null;
  private onChoose: (id: string) => void = () => {};
  private pointer: Point | null = null;

  constructor(private readonly stage: Stage) {
    this.box.className = "pins";
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", "Findings on this image");
    stage.element.append(this.box);
    stage.viewport.subscribe(() => this.place());
    stage.editor.subscribe((event) => {
      if (event === "frame") this.draw();
    });
    stage.onPointer((point) => {
      if (point) this.pointer = point;
    });
  }

  show(pins: readonly Pin[], current: string | null, onChoose: (id: string) => void): void {
    this.pins = pins;
    this.current = current;
    this.onChoose = onChoose;
    this.draw();
  }

  /** Where a pin would go now: under the pointer, or in the middle of what is seen. */
  here(): PinPlace {
    const { viewport, size, editor } = this.stage;
    const middle = viewport.toImage([viewport.width / 2, viewport.height / 2]);
    const [x, y] = this.pointer ?? middle;
    const inside = (value: number, most: number) => Math.min(Math.max(value, 0), most);
    return {
      frame: editor.frame ?? null,
      point: [inside(x, size.width), inside(y, size.height)],
    };
  }

  private shown(): Pin[] {
    return this.pins.filter((pin) => sameFrame(pin.frame, this.stage.editor.frame));
  }

  private draw(): void {
    const buttons = this.shown().map((pin) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pin";
      button.textContent = pin.label;
      button.title = pin.words;
      button.dataset.testid = `pin-${pin.label}`;
      button.dataset.state = pin.state;
      button.dataset.blocking = String(pin.blocking);
      button.setAttribute("aria-label", pin.words);
      button.setAttribute("aria-pressed", String(pin.id === this.current));
      // The stage would begin to draw, and take the pointer away.
      button.addEventListener("pointerdown", (event) => event.stopPropagation());
      button.addEventListener("click", () => this.onChoose(pin.id));
      return button;
    });
    this.box.replaceChildren(...buttons);
    this.place();
  }

  private place(): void {
    const { viewport } = this.stage;
    this.shown().forEach((pin, index) => {
      const button = this.box.children[index] as HTMLElement | undefined;
      if (!button) return;
      const [x, y] = viewport.toScreen(pin.point);
      const inside = x >= 0 && y >= 0 && x <= viewport.width && y <= viewport.height;
      button.hidden = !inside;
      button.style.transform = `translate(${x}px, ${y}px) translate(-50%, -100%)`;
    });
  }
}

const layers = new WeakMap<Stage, PinLayer>();

/** The pins of a stage; made when they are first asked for, gone with it. */
export function pinsOf(stage: Stage): PinLayer {
  const known = layers.get(stage);
  if (known) return known;
  const made = new PinLayer(stage);
  layers.set(stage, made);
  return made;
}
