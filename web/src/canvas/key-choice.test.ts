import { describe, expect, it } from "vitest";
import { meeting, rebind, restore, withChanges } from "./key-choice";
import { conflicts, KEY_MAPS, type KeyMap, resolve } from "./keymap";

const cvat = KEY_MAPS[0] as KeyMap;
const press = (code: string) => ({ code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false });
const here = { selection: false, frames: true };

describe("changed keys", () => {
  it("answer in the place of those of the map", () => {
    const changes = rebind(cvat, {}, "tool.box", "KeyZ");
    const map = withChanges(cvat, changes);
    expect(resolve(map, press("KeyZ"), here)).toBe("tool.box");
    expect(resolve(map, press("KeyR"), here)).not.toBe("tool.box");
  });

  it("are taken from whoever had them, so that nothing is left to chance", () => {
    expect(meeting(cvat.bindings, "tool.box", "KeyB")).toEqual(["tool.brush"]);
    const changes = rebind(cvat, {}, "tool.box", "KeyB");
    const map = withChanges(cvat, changes);
    expect(map.bindings["tool.brush"]).toEqual([]);
    expect(conflicts(map.bindings)).toEqual([]);
    // Its own keys again, but not the one that is another's now.
    expect(restore(cvat, changes, "tool.brush")["tool.brush"]).toEqual([]);
    const back = restore(cvat, restore(cvat, changes, "tool.box"), "tool.brush");
    expect(back).toEqual({});
  });

  it("may be shared where two actions never meet", () => {
    // Cuboids are for scenes, the eraser for images.
    expect(meeting(cvat.bindings, "rotate.right", "KeyE")).toEqual([]);
  });

  it("pass over names of actions that are gone", () => {
    expect(withChanges(cvat, { "tool.gone": ["KeyY"] })).toBe(cvat);
  });

  it("no map that ships has two meanings on one key", () => {
    for (const map of KEY_MAPS) expect(conflicts(map.bindings), map.id).toEqual([]);
  });
});
