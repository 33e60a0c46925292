import type { Window } from "./lut";
import type { FrameRef, MaskShape, Point } from "./types";

/** What a model is asked: points on a frame, in image pixels. */
export interface ClickQuestion {
  frame: FrameRef;
  positive: Point[];
  negative: Point[];
  /** The window that the frame is shown through, where it has one. */
  window: Window | null;
}

/** A model that finds the object around clicks. The canvas knows nothing of where it is asked. */
export interface ClickModel {
  readonly name: string;
  readonly version: string;
  /** It is there no more: whoever draws need not ask again. */
  readonly gone: boolean;
  /** The object, or nothing where the model finds none. What it throws says why in words. */
  ask(question: ClickQuestion, signal: AbortSignal): Promise<MaskShape | null>;
}
