import { useEffect, useMemo, useRef } from "react";
import {
  ACTIONS,
  type ActionId,
  belongsToControl,
  isTyping,
  type KeyMap,
  resolve,
  showChord,
} from "@/canvas/keymap";
import { type KeyGroup, useKeyHelp } from "@/parts/keys";
import type { HostHandle } from "./host";
import type { WorkSession } from "./session";

/**
 * One listener for all keys of the workspace. It runs before the listeners of the page (capture), so that a key of
 * the drawing surface never also leaves the page; text fields and open dialogues keep their keys.
 */
export function useWorkspaceKeys(
  session: WorkSession,
  handle: HostHandle | null,
  keyMap: KeyMap,
  own: (action: ActionId) => boolean,
): void {
  const latest = useRef({ handle, own, keyMap });
  useEffect(() => {
    latest.current = { handle, own, keyMap };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      session.touch();
      if (event.isComposing || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      const like = target && {
        tagName: target.tagName,
        type: (target as HTMLInputElement).type,
        isContentEditable: target.isContentEditable,
        role: target.getAttribute("role"),
      };
      if (isTyping(like) || belongsToControl(event, like) || target?.closest("[role=dialog],[role=menu]"))
        return;
      const { handle: host, own: act, keyMap: map } = latest.current;
      const action = resolve(
        map,
        event,
        { selection: session.editor.selectedIds.size > 0 && !session.editor.readOnly, frames: true },
        (id) => host?.offers(id) ?? true,
      );
      if (!action || action === "help") return;
      // Tab leaves the controls around the canvas in the usual way; only on the canvas it steps through objects.
      if (event.code === "Tab" && target !== document.body && !target?.closest("[data-canvas]")) return;
      if (act(action) || host?.perform(action)) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    const onMove = () => session.touch();
    window.addEventListener("keydown", onKey, true);
    window.addEventListener("pointerdown", onMove, true);
    return () => {
      window.removeEventListener("keydown", onKey, true);
      window.removeEventListener("pointerdown", onMove, true);
    };
  }, [session]);

  const group = useMemo<KeyGroup>(() => helpGroup(keyMap, handle), [keyMap, handle]);
  useKeyHelp(group);
}

/** What the overlay of all keys shows for this task: only what means something here. */
function helpGroup(keyMap: KeyMap, handle: HostHandle | null): KeyGroup {
  const keys = (Object.keys(keyMap.bindings) as ActionId[])
    .filter((action) => action !== "help" && (handle?.offers(action) ?? true))
    .map((action) => ({
      keys: (keyMap.bindings[action] ?? []).map(showChord).join(" or "),
      does: ACTIONS[action],
    }));
  return {
    title: `Drawing (${keyMap.title} keys)`,
    keys: [
      ...keys,
      { keys: "Space", does: "Hold and drag to pan" },
      { keys: "Ctrl wheel", does: "Zoom at the pointer" },
    ],
  };
}
