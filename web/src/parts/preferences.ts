/**
 * Choices that belong to this person at this screen: light or dark, and the key map. Kept in the browser only;
 * nothing secret is in them.
 */
import { useSyncExternalStore } from "react";

export type Scheme = "dark" | "light";
export type KeyMapName = "cvat" | "label_studio" | "radiology";
export type Preferences = { scheme: Scheme; keyMap: KeyMapName };

export const KEY_MAPS: { value: KeyMapName; label: string }[] = [
  { value: "cvat", label: "CVAT" },
  { value: "label_studio", label: "Label Studio" },
  { value: "radiology", label: "Radiology" },
];

const STORE = "countersign.preferences";
const DEFAULTS: Preferences = { scheme: "dark", keyMap: "cvat" };

function load(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}") as Partial<Preferences>;
    return {
      scheme: kept.scheme === "light" ? "light" : "dark",
      keyMap: KEY_MAPS.some((map) => map.value === kept.keyMap)
        ? (kept.keyMap as KeyMapName)
        : DEFAULTS.keyMap,
    };
  } catch {
    return DEFAULTS;
  }
}

let current = load();
const listeners = new Set<() => void>();

export const preferences = () => current;

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(STORE, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing still works for as long as the page is open.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const usePreferences = () => useSyncExternalStore(subscribe, preferences);
