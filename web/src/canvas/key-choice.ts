/** Keys that a person changed: laid over a map that ships, and checked for meanings that would meet. */
import { ACTIONS, type ActionId, type Bindings, type Chord, conflicts, type KeyMap } from "./keymap";

/** Keys by action, in the place of those of the map; an empty list takes an action's keys away. */
export type KeyChanges = Record<string, Chord[]>;

export const isAction = (name: string): name is ActionId => name in ACTIONS;

/** The map with the changes over it. What no action is called any more is passed over. */
export function withChanges(map: KeyMap, changes: KeyChanges): KeyMap {
  const known = Object.entries(changes).filter(([action]) => isAction(action));
  return known.length > 0 ? { ...map, bindings: { ...map.bindings, ...Object.fromEntries(known) } } : map;
}

/** The actions that would answer to the same key in the same situation. */
export function meeting(bindings: Bindings, action: ActionId, chord: Chord): ActionId[] {
  const with_ = { ...bindings, [action]: [...(bindings[action] ?? []).filter((c) => c !== chord), chord] };
  const found = conflicts(with_).find((entry) => entry.chord === chord && entry.actions.includes(action));
  return (found?.actions ?? []).filter((other) => other !== action);
}

/** Gives an action a key, in the place of those that it had; whoever had the key loses it. */
export function rebind(map: KeyMap, changes: KeyChanges, action: ActionId, chord: Chord): KeyChanges {
  const { bindings } = withChanges(map, changes);
  const next: KeyChanges = { ...changes, [action]: [chord] };
  for (const other of meeting(bindings, action, chord))
    next[other] = (bindings[other] ?? []).filter((c) => c !== chord);
  return next;
}

/** An action's keys as the map has them, unless somebody else has taken them meanwhile. */
export function restore(map: KeyMap, changes: KeyChanges, action: ActionId): KeyChanges {
  const { [action]: _gone, ...rest } = changes;
  const own = map.bindings[action] ?? [];
  const { bindings } = withChanges(map, rest);
  const free = own.filter((chord) => meeting(bindings, action, chord).length === 0);
  return free.length === own.length ? rest : { ...rest, [action]: free };
}
