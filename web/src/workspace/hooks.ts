import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { Editor } from "@/canvas/editor";
import { withChanges } from "@/canvas/key-choice";
import type { KeyMap } from "@/canvas/keymap";
import { KEY_MAPS } from "@/canvas/keymap";
import { usePreferences } from "@/parts/preferences";
import type { WorkSession } from "./session";

const counters = new WeakMap<Editor, { value: number }>();

/** Draws again when the editor changed, except for what only the canvas shows (hover, drags). */
export function useEditor(editor: Editor): number {
  const subscribe = useCallback(
    (listener: () => void) => {
      const counter = counterOf(editor);
      let asked = false;
      return editor.subscribe((event) => {
        if (event === "hover" || event === "preview" || asked) return;
        // One drawing per frame, however many events a command makes.
        asked = true;
        queueMicrotask(() => {
          asked = false;
          counter.value += 1;
          listener();
        });
      });
    },
    [editor],
  );
  return useSyncExternalStore(subscribe, () => counterOf(editor).value);
}

function counterOf(editor: Editor): { value: number } {
  const counter = counters.get(editor) ?? { value: 0 };
  counters.set(editor, counter);
  return counter;
}

export function useSession(session: WorkSession): number {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

export function useKeyMap(): KeyMap {
  const { keyMap, keyChanges } = usePreferences();
  return useMemo(() => {
    const map = (KEY_MAPS.find((entry) => entry.id === keyMap) ?? KEY_MAPS[0]) as KeyMap;
    return withChanges(map, keyChanges);
  }, [keyMap, keyChanges]);
}
