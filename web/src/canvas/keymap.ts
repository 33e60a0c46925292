/** What a key can ask for. Tools and hosts answer to these words, never to keys. */
export const ACTIONS = {
  "tool.select": "Select and edit",
  "tool.pan": "Pan",
  "tool.box": "Box",
  "tool.polygon": "Polygon",
  "tool.rotated_box": "Turned box",
  "tool.ellipse": "Ellipse",
  "tool.polyline": "Line",
  "tool.points": "Points",
  "tool.skeleton": "Skeleton",
  "tool.brush": "Brush",
  "tool.eraser": "Eraser",
  "tool.sphere": "Ball brush, through the slices",
  "tool.sphere_eraser": "Ball eraser, through the slices",
  "tool.fill": "Fill",
  "tool.wand": "Magic wand",
  "tool.livewire": "Scissors that follow edges",
  "tool.clicks": "Segment by clicks",
  "tool.slice": "Slice along a line",
  "tool.relation": "Relation between objects",
  "tool.measure": "Measure",
  "tool.window": "Window and level",
  "tool.cuboid": "New cuboid",
  "tool.last": "Repeat the last drawing tool",
  finish: "Finish the shape",
  cancel: "Cancel or deselect",
  delete: "Delete",
  undo: "Undo",
  redo: "Redo",
  copy: "Copy",
  paste: "Paste",
  duplicate: "Duplicate",
  "object.next": "Next object",
  "object.previous": "Previous object",
  "object.hide": "Hide or show",
  "object.lock": "Lock or unlock",
  "object.hide.all": "Hide or show all",
  "object.lock.all": "Lock or unlock all",
  "object.group": "Group",
  "object.ungroup": "Ungroup",
  "object.merge": "Merge into one",
  "object.split": "Split into parts",
  "object.front": "Bring to the front",
  "object.back": "Send to the back",
  "object.history": "Versions of the object",
  "object.trash": "Removed objects",
  "select.all": "Select all on this frame",
  "track.propagate": "Copy to the next frames…",
  "track.key": "Key frame on or off",
  "track.fill": "Fill between key frames",
  "track.next": "Next key frame",
  "track.previous": "Previous key frame",
  "brush.smaller": "Smaller brush",
  "brush.larger": "Larger brush",
  "nudge.left": "Nudge left",
  "nudge.right": "Nudge right",
  "nudge.up": "Nudge up",
  "nudge.down": "Nudge down",
  "nudge.far.left": "Nudge left by ten",
  "nudge.far.right": "Nudge right by ten",
  "nudge.far.up": "Nudge up by ten",
  "nudge.far.down": "Nudge down by ten",
  "rotate.left": "Turn the cuboid left",
  "rotate.right": "Turn the cuboid right",
  "zoom.in": "Zoom in",
  "zoom.out": "Zoom out",
  "zoom.fit": "Fit to the window",
  "zoom.actual": "One image pixel per screen pixel",
  "brightness.up": "Brighter",
  "brightness.down": "Darker",
  invert: "Invert grey values",
  "frame.next": "Next frame or slice",
  "frame.previous": "Previous frame or slice",
  "frame.next10": "Ten frames on",
  "frame.previous10": "Ten frames back",
  "frame.first": "First frame or slice",
  "frame.last": "Last frame or slice",
  "cine.play": "Play or pause the frames",
  "series.next": "Next series",
  "series.previous": "Previous series",
  "layout.one": "One series",
  "layout.two": "Two series side by side",
  "layout.four": "Four series",
  "layout.mpr": "Three planes of a volume",
  "layout.link": "Scroll series together",
  "tool.crosshair": "Crosshair: find a place in all series",
  "part.blink": "Blink between test and template",
  "part.difference": "Difference to the template",
  accept: "Accept this mark",
  "mark.wrong": "This mark is wrong",
  reject: "Send the read back…",
  "finding.new": "Pin a finding here",
  "finding.next": "Next finding",
  "finding.previous": "Previous finding",
  save: "Save now",
  submit: "Submit",
  "answer.cannot": "Cannot assess…",
  unclear: "Call the selected marks unclear",
  palette: "Find a command",
  "panel.focus": "Move to the side panel",
  help: "Show all keys",
  "class.1": "Class 1",
  "class.2": "Class 2",
  "class.3": "Class 3",
  "class.4": "Class 4",
  "class.5": "Class 5",
  "class.6": "Class 6",
  "class.7": "Class 7",
  "class.8": "Class 8",
  "class.9": "Class 9",
  "preset.1": "Window preset 1",
  "preset.2": "Window preset 2",
  "preset.3": "Window preset 3",
  "preset.4": "Window preset 4",
  "preset.5": "Window preset 5",
} as const;

export type ActionId = keyof typeof ACTIONS;
/** Modifiers in the order Ctrl, Alt, Shift, then a `KeyboardEvent.code`: `Ctrl+Shift+KeyZ`. */
export type Chord = string;
export type Bindings = Partial<Record<ActionId, Chord[]>>;

export interface KeyMap {
  id: "cvat" | "label_studio" | "radiology";
  title: string;
  bindings: Bindings;
}

/** What a key event has to have; a real `KeyboardEvent` fits. */
export interface KeyLike {
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** Situation that decides between two actions on one chord. */
export interface KeyContext {
  /** Something is selected, so arrows nudge it. */
  selection: boolean;
  /** The item has several frames or slices. */
  frames: boolean;
}

/** Actions that are only there in a situation; two actions may share a chord when at most one applies. */
const WHEN: Partial<Record<ActionId, (context: KeyContext) => boolean>> = {
  "nudge.left": (c) => c.selection,
  "nudge.right": (c) => c.selection,
  "nudge.up": (c) => c.selection,
  "nudge.down": (c) => c.selection,
};

const digits = (prefix: "class" | "preset", count: number, modifier = ""): Bindings =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${prefix}.${i + 1}`, [`${modifier}Digit${i + 1}`]]),
  );

const CORE: Bindings = {
  "tool.select": ["KeyV"],
  "tool.pan": ["KeyG"],
  "tool.box": ["KeyR"],
  "tool.polygon": ["KeyP"],
  "tool.rotated_box": ["Shift+KeyR"],
  "tool.ellipse": ["KeyO"],
  "tool.polyline": ["Shift+KeyP"],
  "tool.points": ["KeyK"],
  "tool.skeleton": ["Shift+KeyJ"],
  "tool.brush": ["KeyB"],
  "tool.eraser": ["KeyE"],
  "tool.sphere": ["Alt+KeyB"],
  "tool.sphere_eraser": ["Alt+KeyE"],
  "tool.fill": ["Shift+KeyB"],
  "tool.wand": ["Shift+KeyW"],
  "tool.livewire": ["Shift+KeyI"],
  "tool.clicks": ["KeyQ"],
  "tool.slice": ["Alt+KeyJ"],
  "tool.relation": ["Alt+KeyR"],
  "tool.measure": ["Shift+KeyM"],
  "tool.window": ["KeyW"],
  "tool.cuboid": ["KeyN"],
  finish: ["Enter", "NumpadEnter"],
  cancel: ["Escape"],
  delete: ["Delete", "Backspace"],
  undo: ["Ctrl+KeyZ"],
  redo: ["Ctrl+Shift+KeyZ", "Ctrl+KeyY"],
  copy: ["Ctrl+KeyC"],
  paste: ["Ctrl+KeyV"],
  duplicate: ["Ctrl+KeyD"],
  "object.next": ["Tab"],
  "object.previous": ["Shift+Tab"],
  "object.hide": ["KeyH"],
  "object.lock": ["KeyL"],
  "object.hide.all": ["Ctrl+Shift+KeyH"],
  "object.lock.all": ["Ctrl+Shift+KeyL"],
  "object.group": ["Ctrl+KeyG"],
  "object.ungroup": ["Ctrl+Shift+KeyG"],
  "object.merge": ["KeyM"],
  "object.split": ["Alt+KeyM"],
  "object.front": ["Ctrl+BracketRight"],
  "object.back": ["Ctrl+BracketLeft"],
  "object.history": ["Alt+KeyV"],
  "object.trash": ["Alt+KeyX"],
  "select.all": ["Ctrl+KeyA"],
  "track.propagate": ["Ctrl+KeyB"],
  "track.key": ["Shift+KeyK"],
  "track.fill": ["Shift+KeyT"],
  "track.next": ["Ctrl+Alt+ArrowRight"],
  "track.previous": ["Ctrl+Alt+ArrowLeft"],
  "brush.smaller": ["BracketLeft"],
  "brush.larger": ["BracketRight"],
  "nudge.left": ["ArrowLeft"],
  "nudge.right": ["ArrowRight"],
  "nudge.up": ["ArrowUp"],
  "nudge.down": ["ArrowDown"],
  "nudge.far.left": ["Shift+ArrowLeft"],
  "nudge.far.right": ["Shift+ArrowRight"],
  "nudge.far.up": ["Shift+ArrowUp"],
  "nudge.far.down": ["Shift+ArrowDown"],
  "rotate.left": ["KeyQ"],
  "rotate.right": ["KeyE"],
  "zoom.in": ["Equal", "Shift+Equal", "NumpadAdd"],
  "zoom.out": ["Minus", "NumpadSubtract"],
  "zoom.fit": ["Digit0", "Numpad0", "Home"],
  "zoom.actual": ["Shift+Digit0"],
  "brightness.up": ["Alt+ArrowUp"],
  "brightness.down": ["Alt+ArrowDown"],
  invert: ["KeyI"],
  "frame.next": ["KeyF", "ArrowDown", "ArrowRight", "PageDown"],
  "frame.previous": ["KeyD", "ArrowUp", "ArrowLeft", "PageUp"],
  "frame.next10": ["Shift+PageDown"],
  "frame.previous10": ["Shift+PageUp"],
  "frame.first": ["Ctrl+Home"],
  "frame.last": ["Ctrl+End"],
  "cine.play": ["KeyC"],
  "series.next": ["Alt+PageDown"],
  "series.previous": ["Alt+PageUp"],
  "layout.one": ["Alt+Digit1"],
  "layout.two": ["Alt+Digit2"],
  "layout.four": ["Alt+Digit4"],
  "layout.mpr": ["Alt+Digit3"],
  "layout.link": ["Alt+Digit5"],
  "tool.crosshair": ["Shift+KeyX"],
  "part.blink": ["KeyT"],
  "part.difference": ["KeyX"],
  accept: ["KeyA"],
  "mark.wrong": ["Alt+KeyA"],
  reject: ["Shift+KeyA"],
  "finding.new": ["KeyY"],
  "finding.next": ["Period"],
  "finding.previous": ["Comma"],
  save: ["Ctrl+KeyS"],
  submit: ["Ctrl+Enter"],
  "answer.cannot": ["Ctrl+Space"],
  unclear: ["KeyU"],
  palette: ["Ctrl+KeyK"],
  "panel.focus": ["F6"],
  help: ["F1", "Shift+Slash"],
  ...digits("class", 9),
  ...digits("preset", 5, "Shift+"),
};

/** The three maps that ship; each is the common core with what people of that product have in their fingers. */
export const KEY_MAPS: readonly KeyMap[] = [
  {
    id: "cvat",
    title: "CVAT",
    bindings: {
      ...CORE,
      "tool.last": ["KeyN"],
      "tool.cuboid": ["KeyN"],
      "frame.next10": ["KeyV", "Shift+PageDown"],
      "frame.previous10": ["KeyC", "Shift+PageUp"],
      "cine.play": ["Shift+KeyC"],
      "tool.select": ["KeyS"],
      "tool.pan": ["Shift+KeyH"],
      "tool.points": ["Shift+KeyK"],
      "object.group": ["KeyG"],
      "object.ungroup": ["Shift+KeyG"],
      "track.key": ["KeyK"],
    },
  },
  {
    id: "label_studio",
    title: "Label Studio",
    bindings: {
      ...CORE,
      "tool.pan": ["Shift+KeyH"],
      "object.hide": ["KeyH", "Alt+KeyH"],
      "object.lock": ["KeyL", "Alt+KeyL"],
      "object.next": ["Tab", "Alt+Period"],
      cancel: ["Escape", "KeyU"],
      unclear: ["Shift+KeyU"],
      "zoom.in": ["Ctrl+Equal", "Equal", "NumpadAdd"],
      "zoom.out": ["Ctrl+Minus", "Minus", "NumpadSubtract"],
    },
  },
  {
    id: "radiology",
    title: "Radiology",
    bindings: {
      ...CORE,
      "zoom.in": ["Shift+Equal", "NumpadAdd"],
      "zoom.fit": ["Equal", "Digit0", "Numpad0"],
      "nudge.left": ["Ctrl+ArrowLeft"],
      "nudge.right": ["Ctrl+ArrowRight"],
      "nudge.up": ["Ctrl+ArrowUp"],
      "nudge.down": ["Ctrl+ArrowDown"],
    },
  },
];

export function chordOf(event: KeyLike): Chord {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return `${ctrl}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${event.code}`;
}

/** The tools that a situation offers decide which of two actions on one key is meant. */
export function resolve(
  map: KeyMap,
  event: KeyLike,
  context: KeyContext,
  offered: (action: ActionId) => boolean = () => true,
): ActionId | null {
  const chord = chordOf(event);
  const matching = (Object.keys(map.bindings) as ActionId[]).filter(
    (action) => map.bindings[action]?.includes(chord) && (WHEN[action]?.(context) ?? true) && offered(action),
  );
  // A conditional action is the more specific one and goes first.
  return matching.find((action) => WHEN[action]) ?? matching[0] ?? null;
}

/** Chords that two actions would answer to at the same time. Pairs that can never meet are not conflicts. */
export function conflicts(bindings: Bindings): { chord: Chord; actions: ActionId[] }[] {
  const byChord = new Map<Chord, ActionId[]>();
  for (const [action, chords] of Object.entries(bindings) as [ActionId, Chord[]][]) {
    if (WHEN[action]) continue;
    for (const chord of chords) byChord.set(chord, [...(byChord.get(chord) ?? []), action]);
  }
  return [...byChord]
    .filter(([, actions]) => actions.length > 1 && !isToolPair(actions))
    .map(([chord, actions]) => ({ chord, actions }));
}

/** What means something only in scenes, and what only in images: the two never meet. */
const SCENE_ONLY = new Set<ActionId>(["tool.cuboid", "rotate.left", "rotate.right"]);
const IMAGE_ONLY = new Set<ActionId>(["tool.last", "tool.eraser", "tool.clicks"]);

function isToolPair(actions: ActionId[]): boolean {
  const [a, b] = actions as [ActionId, ActionId];
  return (
    actions.length === 2 &&
    ((SCENE_ONLY.has(a) && IMAGE_ONLY.has(b)) || (IMAGE_ONLY.has(a) && SCENE_ONLY.has(b)))
  );
}

const NAMES: Record<string, string> = {
  Equal: "=",
  Minus: "−",
  Slash: "/",
  Period: ".",
  Comma: ",",
  BracketLeft: "[",
  BracketRight: "]",
  Escape: "Esc",
  Delete: "Del",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  PageUp: "PgUp",
  PageDown: "PgDn",
  NumpadAdd: "Num +",
  NumpadSubtract: "Num −",
  NumpadEnter: "Num Enter",
};

/** How a chord is shown on a tool tip. */
export function showChord(chord: Chord): string {
  return chord
    .split("+")
    .map((part) => NAMES[part] ?? part.replace(/^Key|^Digit/, "").replace(/^Numpad/, "Num "))
    .join(" ");
}

/** First key of an action, for tool tips; empty when it has none. */
export function keyHint(map: KeyMap, action: ActionId): string {
  const chord = map.bindings[action]?.[0];
  return chord ? showChord(chord) : "";
}

const TYPING_INPUTS = new Set([
  "text",
  "search",
  "email",
  "url",
  "tel",
  "password",
  "number",
  "date",
  "time",
  "datetime-local",
]);

/** What of an element is needed to know whether somebody types into it. */
export interface TargetLike {
  tagName?: string;
  type?: string;
  isContentEditable?: boolean;
  role?: string | null;
}

/** Whether keys belong to a text field, so that no shortcut may fire. */
export function isTyping(target: TargetLike | null): boolean {
  if (!target?.tagName) return false;
  const tag = target.tagName.toUpperCase();
  if (tag === "TEXTAREA" || tag === "SELECT" || target.isContentEditable === true) return true;
  if (tag === "INPUT") return TYPING_INPUTS.has((target.type ?? "text").toLowerCase());
  return target.role === "textbox" || target.role === "combobox";
}

/** Keys that controls of the page need for themselves: Tab walks, Enter and Space press, arrows choose. */
export function belongsToControl(event: Pick<KeyLike, "code">, target: TargetLike | null): boolean {
  if (!target?.tagName) return false;
  const tag = target.tagName.toUpperCase();
  const control =
    tag === "BUTTON" ||
    tag === "A" ||
    tag === "INPUT" ||
    target.role === "tab" ||
    target.role === "option" ||
    target.role === "menuitem" ||
    target.role === "slider";
  return control && /^(Tab|Enter|Space|Arrow|Home|End|PageUp|PageDown)/.test(event.code);
}
