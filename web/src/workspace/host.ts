import type { ActionId } from "@/canvas/keymap";
import { type Pin, type PinPlace, pinsOf } from "@/canvas/pins";
import type { Stage } from "@/canvas/stage";
import type { ToolOption } from "@/canvas/tool";
import type { Annotation, FrameRef } from "@/canvas/types";
import type { WorkSession } from "./session";

export interface ToolInfo {
  id: string;
  title: string;
  action: ActionId;
  icon: string;
  draws?: boolean;
}

/** What the workspace needs of whatever fills its middle: images, stacks and scenes look the same to it. */
export interface HostHandle {
  readonly tools: readonly ToolInfo[];
  currentTool(): string;
  onTool(listener: () => void): () => void;
  chooseTool(id: string): void;
  /** Settings of the tool in hand, where tools have settings. */
  options?(): ToolOption[];
  onOptions?(listener: () => void): () => void;
  /** Whether the action means something here. */
  offers(action: ActionId): boolean;
  perform(action: ActionId): boolean;
  /** Shows the frame and the place of an object. */
  reveal(annotation: Annotation): void;
  showFrame(frame: FrameRef | null | undefined): void;
  focus(): void;
  /** Shows findings where they are pinned, where the middle has places for them. */
  showPins?(pins: readonly Pin[], current: string | null, onChoose: (id: string) => void): void;
  /** Where a new finding would be pinned now. */
  place(): PinPlace;
}

export interface HostProps {
  session: WorkSession;
  onReady: (handle: HostHandle | null) => void;
}

/** The handle of a host whose middle is a stage. */
export function stageHandle(
  stage: Stage,
  host: {
    perform(action: ActionId): boolean;
    offers?(action: ActionId): boolean;
    showFrame(frame: FrameRef | null | undefined): void;
  },
): HostHandle {
  return {
    tools: stage.tools.filter((tool) => stage.isOffered(tool)),
    currentTool: () => stage.currentTool.id,
    onTool: (listener) => stage.onTool(listener),
    chooseTool: (id) => stage.chooseTool(id),
    options: () => stage.options,
    onOptions: (listener) => stage.onOptions(listener),
    offers: (action) => (host.offers?.(action) ?? true) && stage.offers(action),
    perform: (action) => host.perform(action),
    reveal: (annotation) => {
      host.showFrame(annotation.frame);
      stage.reveal(annotation);
    },
    showFrame: (frame) => host.showFrame(frame),
    focus: () => stage.element.focus(),
    showPins: (pins, current, onChoose) => pinsOf(stage).show(pins, current, onChoose),
    place: () => pinsOf(stage).here(),
  };
}
