/**
 * The keys that work right now. A page or tool registers its own while it is mounted; the help overlay shows
 * what is registered and nothing else, so that it cannot be out of date.
 */
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from "react";

export type KeyHelp = {
  /** As printed in the overlay: `Ctrl+Z`, `?`, `1…9`. */
  keys: string;
  does: string;
};
export type KeyGroup = { title: string; keys: KeyHelp[] };

let groups: readonly KeyGroup[] = [];
const listeners = new Set<() => void>();
const changed = () => {
  for (const listener of listeners) listener();
};

/** Shows a group in the overlay until the returned function is called. For code outside React. */
export function registerKeys(group: KeyGroup): () => void {
  groups = [...groups, group];
  changed();
  return () => {
    groups = groups.filter((other) => other !== group);
    changed();
  };
}

/** Shows a group in the overlay while the component is mounted. `group` must be a constant or memoised. */
export function useKeyHelp(group: KeyGroup): void {
  useEffect(() => registerKeys(group), [group]);
}

export function useKeyGroups(): readonly KeyGroup[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => groups,
  );
}

/** Keys typed into a field belong to the field, and keys in an open dialogue to the dialogue. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("[role=dialog]")) return true;
  return ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Space and Enter on something that can be pressed press it, and nothing else. */
export function pressing(event: Pick<KeyboardEvent, "code" | "target">): boolean {
  if (event.code !== "Space" && event.code !== "Enter") return false;
  return (
    event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=button]") !== null
  );
}

export type Keys = Record<string, (event: KeyboardEvent) => void>;

/**
 * Runs a function per key while mounted. Names are `KeyboardEvent.code`, with `Ctrl+`, `Alt+`, `Shift+` in that
 * order, so that they sit at the same place on every keyboard layout: `KeyJ`, `Ctrl+Enter`, `Shift+Slash`.
 */
export function useKeys(keys: Keys, enabled = true): void {
  const latest = useRef(keys);
  // In the same turn as what is on the screen: a key that follows at once must not meet the state before.
  useLayoutEffect(() => {
    latest.current = keys;
  });
  useLayoutEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || typing(event.target) || pressing(event)) return;
      const run = latest.current[keyName(event)];
      if (!run) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [enabled]);
}

export function keyName(
  event: Pick<KeyboardEvent, "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): string {
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  parts.push(event.code);
  return parts.join("+");
}
