import type { Editor } from "./editor";
import type { Grey } from "./flood";
import type { HitIndex } from "./hit-index";
import type { ActionId } from "./keymap";
import type { Window } from "./lut";
import type { Annotation, Point, ShapeKind } from "./types";
import type { Viewport } from "./viewport";

/** A pointer event as tools see it. */
export interface ToolPointer {
  /** Image pixels. */
  image: Point;
  /** CSS pixels from the corner of the stage. */
  screen: Point;
  button: number;
  shift: boolean;
  ctrl: boolean;
  alt: boolean;
}

/** What a tool may use. It sees neither the DOM nor any framework. */
export interface ToolContext {
  readonly editor: Editor;
  readonly viewport: Viewport;
  readonly index: HitIndex;
  /** Image size in pixels. */
  readonly size: { width: number; height: number };
  /** Objects under an image point, best first: smaller before larger. */
  hits(point: Point): Annotation[];
  /** Length in image pixels of the pointer's reach. */
  reach(): number;
  /** Asks for a new picture of the overlay. */
  redraw(): void;
  setCursor(cursor: string): void;
  /** Window of a grey image; nothing for colour images. */
  window: { get(): Window | null; set(window: Window): void };
  /** The picture on screen as one number per pixel; nothing while there is none. */
  grey(): Grey | null;
  /** Says that what `options` gives has changed. */
  optionsChanged(): void;
  /** Goes back to the tool that people expect after drawing. */
  chooseTool(id: string): void;
}

/** A setting of a tool, shown in a strip above the picture while the tool is in hand. */
export type ToolOption =
  | {
      kind: "range";
      id: string;
      label: string;
      min: number;
      max: number;
      step: number;
      value: number;
      set(value: number): void;
    }
  | { kind: "flag"; id: string; label: string; value: boolean; set(value: boolean): void }
  | {
      kind: "choice";
      id: string;
      label: string;
      choices: { value: string; label: string }[];
      value: string;
      set(value: string): void;
    }
  | { kind: "act"; id: string; label: string; disabled?: boolean; run(): void }
  | { kind: "text"; id: string; text: string };

/**
 * A tool: one file, one object. Handlers get image coordinates, show what they do by `editor.preview` or
 * `draw`, and leave exactly one command per gesture. All handlers are optional.
 */
export interface Tool {
  readonly id: string;
  readonly title: string;
  /** The key map's word for it; also its tool tip's key. */
  readonly action: ActionId;
  readonly cursor: string;
  /** SVG path data in a 24 × 24 box. */
  readonly icon: string;
  /** Draws new shapes, so a read-only host does not offer it. */
  readonly draws?: boolean;
  /** Kinds of shape that it makes or changes; it is offered where a class takes one of them. */
  readonly shapes?: readonly ShapeKind[];
  /** Where it depends on more than shapes whether it is offered. */
  isOffered?(context: Pick<ToolContext, "editor">): boolean;
  activate?(context: ToolContext): void;
  /** Leaves: drafts are dropped. */
  deactivate?(context: ToolContext): void;
  pointerDown?(event: ToolPointer, context: ToolContext): void;
  pointerMove?(event: ToolPointer, context: ToolContext): void;
  pointerUp?(event: ToolPointer, context: ToolContext): void;
  doubleClick?(event: ToolPointer, context: ToolContext): void;
  /** Returns whether it took the action; otherwise the stage does what it does by default. */
  onAction?(action: ActionId, context: ToolContext): boolean;
  /** A wheel turn with Shift held; returns whether it was taken. */
  wheel?(steps: number, context: ToolContext): boolean;
  /** Its settings now. */
  options?(context: ToolContext): ToolOption[];
  /** Draws above the shapes, in CSS pixels. */
  draw?(g: CanvasRenderingContext2D, context: ToolContext): void;
}
