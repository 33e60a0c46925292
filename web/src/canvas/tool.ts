import type { Editor } from "./editor";
import type { HitIndex } from "./hit-index";
import type { ActionId } from "./keymap";
import type { Window } from "./lut";
import type { Annotation, Point } from "./types";
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
  /** Goes back to the tool that people expect after drawing. */
  chooseTool(id: string): void;
}

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
  activate?(context: ToolContext): void;
  /** Leaves: drafts are dropped. */
  deactivate?(context: ToolContext): void;
  pointerDown?(event: ToolPointer, context: ToolContext): void;
  pointerMove?(event: ToolPointer, context: ToolContext): void;
  pointerUp?(event: ToolPointer, context: ToolContext): void;
  doubleClick?(event: ToolPointer, context: ToolContext): void;
  /** Returns whether it took the action; otherwise the stage does what it does by default. */
  onAction?(action: ActionId, context: ToolContext): boolean;
  /** Draws above the shapes, in CSS pixels. */
  draw?(g: CanvasRenderingContext2D, context: ToolContext): void;
}
