/** The keys of the drawing surface: one of three maps, and one's own changes to it. */
import { Button, Modal, Select, TextInput } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { chooseKeys } from "@/api/keys";
import { isAction, type KeyChanges, meeting, rebind, restore, withChanges } from "@/canvas/key-choice";
import {
  ACTIONS,
  type ActionId,
  type Chord,
  chordOf,
  type KeyMap,
  KEY_MAPS as MAPS,
  showChord,
} from "@/canvas/keymap";
import { Panel } from "./bits";
import styles from "./KeyEditor.module.css";
import { KEY_MAPS, type KeyMapName, usePreferences } from "./preferences";
import { Refused } from "./States";
import table from "./table.module.css";

/** Keys that are held with others and mean nothing alone. */
const MODIFIER = /^(Control|Shift|Alt|Meta|OS|CapsLock|Fn|AltGraph)/;

export function KeyEditor() {
  const { keyMap, keyChanges } = usePreferences();
  const [query, setQuery] = useState("");
  const [editing, setEditing] = useState<ActionId | null>(null);
  const [error, setError] = useState<unknown>(null);
  const base = (MAPS.find((map) => map.id === keyMap) ?? MAPS[0]) as KeyMap;
  const { bindings } = withChanges(base, keyChanges);
  const keep = (map: KeyMapName, changes: KeyChanges) => {
    setError(null);
    chooseKeys(map, changes).catch(setError);
  };
  const shown = (Object.keys(ACTIONS) as ActionId[]).filter((action) =>
    ACTIONS[action].toLowerCase().includes(query.trim().toLowerCase()),
  );
  const changed = Object.keys(keyChanges).filter(isAction).length;
  return (
    <div id="keys">
      <Panel title="Keys">
        <p className="dim">
          For drawing, reading and reviewing. They are kept with your account and sit at the same place on
          every keyboard.
        </p>
        <div className="row" style={{ alignItems: "flex-end" }}>
          <Select
            label="Key map"
            data={KEY_MAPS}
            value={keyMap}
            onChange={(value) => value && keep(value as KeyMapName, keyChanges)}
            data-testid="keys-map"
          />
          <TextInput
            label="Find"
            placeholder="such as brush"
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
            data-testid="keys-find"
          />
          <Button variant="default" disabled={changed === 0} onClick={() => keep(keyMap, {})}>
            Take back all changes{changed > 0 ? ` (${changed})` : ""}
          </Button>
        </div>
        <Refused error={error} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
        <section className={styles.table} tabIndex={0} aria-label="Keys of each action">
          <table className={table.table}>
            <thead>
              <tr>
                <th>Does</th>
                <th>Keys</th>
                <th>
                  <span className="sr-only">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((action) => (
                <tr key={action} data-testid={`keys-${action}`}>
                  <td>{ACTIONS[action]}</td>
                  <td className={action in keyChanges ? styles.changed : undefined}>
                    {(bindings[action] ?? []).map((chord) => (
                      <kbd key={chord}>{showChord(chord)}</kbd>
                    ))}
                    {(bindings[action] ?? []).length === 0 ? <span className="dim">none</span> : null}
                  </td>
                  <td className="num">
                    {action in keyChanges ? (
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        onClick={() => keep(keyMap, restore(base, keyChanges, action))}
                        aria-label={`Take back the keys of ${ACTIONS[action]}`}
                      >
                        Take back
                      </Button>
                    ) : null}
                    <Button
                      size="compact-sm"
                      variant="default"
                      onClick={() => setEditing(action)}
                      aria-label={`Change the key of ${ACTIONS[action]}`}
                    >
                      Change
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </Panel>
      <Capture
        action={editing}
        bindings={bindings}
        onClose={() => setEditing(null)}
        onTake={(action, chord) => {
          keep(keyMap, rebind(base, keyChanges, action, chord));
          setEditing(null);
        }}
      />
    </div>
  );
}

/** Waits for a key and says whose it is before it is taken. */
function Capture(props: {
  action: ActionId | null;
  bindings: KeyMap["bindings"];
  onClose: () => void;
  onTake: (action: ActionId, chord: Chord) => void;
}) {
  const { action, bindings } = props;
  const [chord, setChord] = useState<Chord | null>(null);
  const others = action && chord ? meeting(bindings, action, chord) : [];
  const close = () => {
    setChord(null);
    props.onClose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Tab and Escape keep their meaning: the way on and the way out.
    if (MODIFIER.test(event.code) || event.code === "Tab" || event.code === "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    setChord(chordOf(event.nativeEvent));
  };
  return (
    <Modal
      opened={action !== null}
      onClose={close}
      title={action ? `A key for “${ACTIONS[action]}”` : ""}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="stack">
        <button
          type="button"
          className={styles.capture}
          onKeyDown={onKeyDown}
          data-autofocus
          data-testid="keys-capture"
        >
          {chord ? <kbd>{showChord(chord)}</kbd> : "Press the new key"}
        </button>
        {others.length > 0 ? (
          <p role="alert" data-testid="keys-conflict">
            This key is already “{others.map((other) => ACTIONS[other]).join("”, “")}”. Taken here, it is lost
            there.
          </p>
        ) : null}
        <div className="row">
          <Button
            disabled={!chord}
            onClick={() => {
              if (action && chord) props.onTake(action, chord);
              setChord(null);
            }}
            data-testid="keys-take"
          >
            {others.length > 0 ? "Take it" : "Use it"}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </div>
    </Modal>
  );
}
