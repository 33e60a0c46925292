import { group, merge, restack, split, ungroup } from "./arrange";
import type { Editor } from "./editor";
import type { ActionId } from "./keymap";
import { interpolate, toggleKey } from "./tracks";
import type { Annotation } from "./types";

/** Step of the nudge keys, image pixels. */
const NUDGE_PX = 1;
const NUDGE_FAR_PX = 10;

/** Moves the selection by a pixel or ten. */
export function performNudge(editor: Editor, action: ActionId): boolean {
  const nudge = /^nudge\.(far\.)?(left|right|up|down)$/.exec(action);
  if (!nudge) return false;
  const step = nudge[1] ? NUDGE_FAR_PX : NUDGE_PX;
  const ways = { left: [-step, 0], right: [step, 0], up: [0, -step], down: [0, step] } as const;
  const [dx, dy] = ways[nudge[2] as keyof typeof ways];
  editor.nudge(dx, dy);
  return true;
}

/** What every host does the same way: the 2D stage and the scene share it. */
export function performCommon(
  editor: Editor,
  action: ActionId,
  reveal: (object: Annotation) => void,
): boolean {
  if (action.startsWith("class.")) {
    const entry = editor.usableClasses()[Number(action.slice(6)) - 1];
    if (entry) editor.chooseClass(entry.id);
    return entry !== undefined;
  }
  if (action === "object.next" || action === "object.previous") {
    const object = editor.step(action === "object.next" ? 1 : -1);
    if (object) reveal(object);
    return true;
  }
  const simple: Partial<Record<ActionId, () => void>> = {
    cancel: () => editor.select([]),
    delete: () => editor.remove(),
    undo: () => editor.undo(),
    redo: () => editor.redo(),
    copy: () => editor.copy(),
    paste: () => editor.paste(),
    duplicate: () => editor.duplicate(),
    "object.hide": () => editor.toggleHidden(),
    "object.lock": () => editor.toggleLocked(),
    "object.hide.all": () => editor.toggleHidden(editor.objects().map((a) => a.id)),
    "object.lock.all": () => editor.toggleLocked(editor.objects().map((a) => a.id)),
    "object.group": () => group(editor),
    "object.ungroup": () => ungroup(editor),
    "object.merge": () => merge(editor),
    "object.split": () => split(editor),
    "object.front": () => restack(editor, 1),
    "object.back": () => restack(editor, -1),
    "select.all": () => editor.select(editor.visibleObjects().map((a) => a.id)),
    "track.key": () => toggleKey(editor),
    "track.fill": () => interpolate(editor),
  };
  const act = simple[action];
  act?.();
  return act !== undefined;
}
