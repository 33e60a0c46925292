/** Puts all of these into a set; takes them out where all of them are in it. */
export function toggle(set: Set<string>, ids: Iterable<string>): void {
  const list = [...ids];
  const all = list.length > 0 && list.every((id) => set.has(id));
  for (const id of list) {
    if (all) set.delete(id);
    else set.add(id);
  }
}
