/**
 * Choices that belong to this person at this screen: light or dark, and the key map. Kept in the browser only;
 * nothing secret is in them.
 */
import { useSyncExternalStore } from "react";

export type Scheme = "dark" | "light";
export type KeyMapName = "cvat" | "label_studio" | "radiology";
export type Preferences = {
  scheme: Scheme;
  keyMap: KeyMapName;
  /** Keys by action, in the place of those of the map; the server has them too. */
  keyChanges: Record<string, string[]>;
};

export const KEY_MAPS: { value: KeyMapName; label: string }[] = [
  { value: "cvat", label: "CVAT" },
  { value: "label_studio", label: "Label Studio" },
  { value: "radiology", label: "Radiology" },
];

const STORE = "countersign.preferences";
const DEFAULTS: Preferences = { scheme: "dark", keyMap: "cvat", keyChanges: {} };

function load(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}") as Partial<Preferences>;
    return {
      scheme: kept.scheme === "light" ? "light" : "dark",
      keyMap: KEY_MAPS.some((map) => map.value === kept.keyMap)
        ? (kept.keyMap as KeyMapName)
        : DEFAULTS.keyMap,
      keyChanges: keys(kept.keyChanges),
    };
  } catch {
    return DEFAULTS;
  }
}

/** Only what has the form of keys is taken from the browser's store. */
function keys(kept: unknown): Record<string, string[]> {
  if (!kept || typeof kept !== "object") return {};
  return Object.fromEntries(
    Object.entries(kept).filter(
      ([, chords]) => Array.isArray(chords) && chords.every((c) => typeof c === "string"),
    ),
  );
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
