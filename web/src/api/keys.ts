/** The keys that a person chose, kept on the server so that they are the same at every screen. */
import { queryOptions } from "@tanstack/react-query";
import { type KeyMapName, setPreferences } from "@/parts/preferences";
import { api } from "./client";

export interface KeyChoice {
  map?: KeyMapName | null;
  changes?: Record<string, string[]>;
}

export const keysQuery = queryOptions({
  queryKey: ["me", "keys"],
  queryFn: async ({ signal }): Promise<KeyChoice> => {
    const choice = await api.get<KeyChoice>("/me/keys", undefined, signal);
    // Somebody who never chose keeps what this screen had.
    setPreferences({ ...(choice.map ? { keyMap: choice.map } : {}), keyChanges: choice.changes ?? {} });
    return choice;
  },
  staleTime: 300_000,
});

/** Takes effect here at once; the server is told behind it. */
export function chooseKeys(map: KeyMapName, changes: Record<string, string[]>): Promise<void> {
  setPreferences({ keyMap: map, keyChanges: changes });
  return api.put<void>("/me/keys", { map, changes });
}
