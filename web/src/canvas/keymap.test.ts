import { describe, expect, it } from "vitest";
import {
  ACTIONS,
  type ActionId,
  belongsToControl,
  chordOf,
  conflicts,
  isTyping,
  KEY_MAPS,
  type KeyMap,
  keyHint,
  resolve,
} from "./keymap";

const key = (
  code: string,
  modifiers: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {},
) => ({
  code,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...modifiers,
});
const idle = { selection: false, frames: true };
const map = (id: string) => KEY_MAPS.find((entry) => entry.id === id) as KeyMap;

describe.each(KEY_MAPS.map((entry) => [entry.title, entry] as const))("%s", (_title, keyMap) => {
  it("has no chord with two meanings", () => {
    expect(conflicts(keyMap.bindings)).toEqual([]);
  });

  it("binds only known actions", () => {
    expect(Object.keys(keyMap.bindings).filter((action) => !(action in ACTIONS))).toEqual([]);
  });

  it("keeps the common core", () => {
    const core: [ReturnType<typeof key>, ActionId][] = [
      [key("KeyZ", { ctrlKey: true }), "undo"],
      [key("KeyZ", { ctrlKey: true, shiftKey: true }), "redo"],
      [key("KeyY", { metaKey: true }), "redo"],
      [key("Delete"), "delete"],
      [key("Escape"), "cancel"],
      [key("Tab"), "object.next"],
      [key("Tab", { shiftKey: true }), "object.previous"],
      [key("KeyR"), "tool.box"],
      [key("KeyP"), "tool.polygon"],
      [key("KeyH"), "object.hide"],
      [key("KeyL"), "object.lock"],
      [key("KeyF"), "frame.next"],
      [key("KeyD"), "frame.previous"],
      [key("Enter", { ctrlKey: true }), "submit"],
      [key("Digit1"), "class.1"],
      [key("Digit3", { shiftKey: true }), "preset.3"],
    ];
    for (const [event, action] of core) expect(resolve(keyMap, event, idle)).toBe(action);
  });
});

describe("resolving", () => {
  it("goes by the place of the key, not by its letter", () => {
    // The key under the left hand's R is `KeyR` on every layout, whatever it types.
    expect(resolve(map("cvat"), key("KeyR"), idle)).toBe("tool.box");
  });

  it("nudges with a selection and scrolls without one", () => {
    expect(resolve(map("cvat"), key("ArrowDown"), { ...idle, selection: true })).toBe("nudge.down");
    expect(resolve(map("cvat"), key("ArrowDown"), idle)).toBe("frame.next");
    expect(resolve(map("radiology"), key("ArrowDown"), { ...idle, selection: true })).toBe("frame.next");
  });

  it("N is the last tool on images and a new cuboid in scenes", () => {
    const image = (action: ActionId) => action !== "tool.cuboid";
    const scene = (action: ActionId) => action !== "tool.last";
    expect(resolve(map("cvat"), key("KeyN"), idle, image)).toBe("tool.last");
    expect(resolve(map("cvat"), key("KeyN"), idle, scene)).toBe("tool.cuboid");
  });

  it("knows nothing about other keys", () => {
    expect(resolve(map("cvat"), key("KeyZ", { altKey: true }), idle)).toBeNull();
    expect(chordOf(key("KeyZ", { metaKey: true, shiftKey: true, altKey: true }))).toBe("Ctrl+Alt+Shift+KeyZ");
  });

  it("shows keys as they are printed", () => {
    expect(keyHint(map("cvat"), "redo")).toBe("Ctrl Shift Z");
    expect(keyHint(map("radiology"), "zoom.fit")).toBe("=");
    expect(keyHint(map("cvat"), "preset.2")).toBe("Shift 2");
  });

  it("finds conflicts when somebody makes one", () => {
    expect(conflicts({ undo: ["KeyQ"], redo: ["KeyQ"] })).toEqual([
      { chord: "KeyQ", actions: ["undo", "redo"] },
    ]);
  });
});

describe("fields", () => {
  it("keep all keys where somebody types", () => {
    for (const target of [
      { tagName: "INPUT" },
      { tagName: "input", type: "number" },
      { tagName: "TEXTAREA" },
      { tagName: "SELECT" },
      { tagName: "DIV", isContentEditable: true },
    ]) {
      expect(isTyping(target)).toBe(true);
    }
    for (const target of [
      null,
      { tagName: "BUTTON" },
      { tagName: "INPUT", type: "checkbox" },
      { tagName: "INPUT", type: "range" },
    ]) {
      expect(isTyping(target)).toBe(false);
    }
  });

  it("leave Tab, Enter and Space to buttons, but not letters", () => {
    expect(belongsToControl(key("Enter"), { tagName: "BUTTON" })).toBe(true);
    expect(belongsToControl(key("Tab"), { tagName: "DIV", role: "tab" })).toBe(true);
    expect(belongsToControl(key("KeyR"), { tagName: "BUTTON" })).toBe(false);
    expect(belongsToControl(key("Tab"), { tagName: "DIV" })).toBe(false);
  });
});
