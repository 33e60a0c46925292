import { Modal, TextInput } from "@mantine/core";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { ACTIONS, type ActionId, type KeyMap, keyHint } from "@/canvas/keymap";
import styles from "./Palette.module.css";

/** What cannot be chosen from a list, because it is part of a gesture or opens the list itself. */
const NOT_LISTED = new Set<ActionId>(["palette", "finish", "cancel"]);

/** Whether all words of a query begin somewhere in a title, whatever their order. */
export function matches(title: string, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ` ${title.toLowerCase()}`;
  return words.every((word) => text.includes(` ${word}`) || (word.length > 2 && text.includes(word)));
}

/** Every action by its name: type a part of it, arrows choose, Enter does it. */
export function Palette(props: {
  opened: boolean;
  keyMap: KeyMap;
  offers: (action: ActionId) => boolean;
  onClose: () => void;
  onChoose: (action: ActionId) => void;
}) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const chosen = useRef<HTMLDivElement>(null);
  const { opened, keyMap, offers } = props;
  const found = useMemo(
    () =>
      opened
        ? (Object.keys(ACTIONS) as ActionId[]).filter(
            (action) => !NOT_LISTED.has(action) && offers(action) && matches(ACTIONS[action], query),
          )
        : [],
    [opened, offers, query],
  );
  const current = Math.min(at, Math.max(0, found.length - 1));

  useEffect(() => {
    if (opened) return;
    setQuery("");
    setAt(0);
  }, [opened]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the choice
  useEffect(() => {
    chosen.current?.scrollIntoView({ block: "nearest" });
  }, [current, found]);

  const choose = (action: ActionId | undefined) => {
    if (!action) return;
    props.onClose();
    props.onChoose(action);
  };
  return (
    <Modal
      opened={opened}
      onClose={props.onClose}
      title="Find a command"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <TextInput
        aria-label="Command"
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found[current] ? `${list}-${current}` : undefined}
        placeholder="brush, next frame, group…"
        value={query}
        data-autofocus
        data-testid="palette-query"
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, current + 1));
          else if (event.key === "ArrowUp") setAt(Math.max(0, current - 1));
          else if (event.key === "Enter") choose(found[current]);
          else return;
          event.preventDefault();
        }}
      />
      <div id={list} role="listbox" aria-label="Commands" className={styles.list} data-testid="palette-list">
        {found.map((action, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys of the whole list
          <div
            key={action}
            id={`${list}-${index}`}
            ref={index === current ? chosen : undefined}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            onClick={() => choose(action)}
            data-testid={`command-${action}`}
          >
            {ACTIONS[action]}
            <kbd>{keyHint(keyMap, action)}</kbd>
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className="dim">No command has this in its name.</p> : null}
    </Modal>
  );
}
