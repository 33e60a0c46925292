/** What the selected object has to do with others: each relation with a button that removes it, and a form for one more. */
import { useState } from "react";
import { isAnswer } from "@/canvas/answers";
import { type Related, relate, relationsAt, typesFor, unrelate } from "@/canvas/relations";
import type { Annotation } from "@/canvas/types";
import type { HostHandle } from "./host";
import styles from "./Side.module.css";
import type { WorkSession } from "./session";
import { objectRows } from "./work";

/** Objects in the list to choose from; whoever has more of them uses the tool. */
const LISTED_MAX = 500;

export function Relations(props: { session: WorkSession; target: Annotation; handle: HostHandle | null }) {
  const { session, target, handle } = props;
  const { editor } = session;
  const found = relationsAt(editor, target.id);
  if (isAnswer(target) || (editor.relationTypes.length === 0 && found.length === 0)) return null;
  const words = ({ relation, from, to }: Related) => {
    const type = editor.relationTypes.find((one) => one.id === relation.type);
    const name = type?.name ?? relation.type;
    const other = from.id === target.id ? to : from;
    const way = type?.directed === false ? "↔" : from.id === target.id ? "→" : "←";
    return { other, text: `${name} ${way} ${nameIn(session, other)}` };
  };
  return (
    <section aria-label="Relations" data-testid="relations">
      {found.length > 0 ? (
        <ul className={styles.relations}>
          {found.map((one) => {
            const { other, text } = words(one);
            return (
              <li key={one.relation.id}>
                <button
                  type="button"
                  onClick={() => {
                    handle?.reveal(other);
                    editor.select([other.id]);
                  }}
                >
                  {text}
                </button>
                {editor.isLocked(one.from.id) ? null : (
                  <button
                    type="button"
                    aria-label={`Remove the relation: ${text}`}
                    onClick={() => unrelate(editor, one)}
                    data-testid="relation-remove"
                  >
                    ✕
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      ) : null}
      {editor.readOnly ? null : <Add key={target.id} session={session} target={target} />}
    </section>
  );
}

/** Class and place in the list: what tells one object from another of its class. */
function nameIn(session: WorkSession, annotation: Annotation): string {
  const { editor } = session;
  const place = objectRows(editor).places.get(annotation.id);
  return `${editor.nameOf([annotation])}${place === undefined ? "" : ` ${place + 1}`}`;
}

function Add({ session, target }: { session: WorkSession; target: Annotation }) {
  const { editor } = session;
  const [second, setSecond] = useState("");
  const [kind, setKind] = useState("");
  const others = objectRows(editor)
    .rows.filter((a) => typesFor(editor, target, a).length > 0)
    .slice(0, LISTED_MAX);
  const to = others.find((a) => a.id === second);
  const types = to ? typesFor(editor, target, to) : [];
  const type = types.find((one) => one.id === kind) ?? types[0];
  if (others.length === 0) return null;
  return (
    <form
      className={styles.relate}
      onSubmit={(event) => {
        event.preventDefault();
        if (to && type && relate(editor, target, to, type)) setSecond("");
      }}
    >
      <select
        aria-label="Relate to"
        value={to ? second : ""}
        onChange={(event) => setSecond(event.currentTarget.value)}
        data-testid="relate-to"
      >
        <option value="">relate to…</option>
        {others.map((a) => (
          <option key={a.id} value={a.id}>
            {nameIn(session, a)}
          </option>
        ))}
      </select>
      {types.length > 1 ? (
        <select
          aria-label="Type of the relation"
          value={type?.id ?? ""}
          onChange={(event) => setKind(event.currentTarget.value)}
          data-testid="relate-type"
        >
          {types.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      ) : null}
      <button type="submit" disabled={!type} data-testid="relate">
        {type ? `Relate: ${type.name}` : "Relate"}
      </button>
    </form>
  );
}
