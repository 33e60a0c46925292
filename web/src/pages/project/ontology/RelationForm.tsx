/** A type of relations: what an object may have to do with another one. */
import { Button, Checkbox, MultiSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { OntologyOperation } from "@/api/ontology";
import type { OntologyClass, RelationType } from "@/api/types";
import { idOf } from "./attribute";

const NAME_MAX_CHARS = 100;

/** The operation that a form describes, or what is missing. */
export function addRelation(
  draft: { name: string; directed: boolean; from: string[]; to: string[] },
  known: readonly RelationType[],
): { operation: OntologyOperation } | { missing: string } {
  const id = idOf(draft.name);
  if (!id) return { missing: "It needs a name." };
  if (known.some((one) => one.id === id)) return { missing: "There is a relation of this name, or was one." };
  const { from, to } = draft;
  return {
    operation: {
      op: "add_relation",
      relation: {
        id,
        name: draft.name.trim(),
        ...(draft.directed ? {} : { directed: false }),
        ...(from.length > 0 ? { from } : {}),
        ...(to.length > 0 ? { to } : {}),
      },
    },
  };
}

export function RelationForm(props: {
  classes: OntologyClass[];
  known: readonly RelationType[];
  onAdd: (operation: OntologyOperation) => void;
}) {
  const [name, setName] = useState("");
  const [directed, setDirected] = useState(true);
  const [from, setFrom] = useState<string[]>([]);
  const [to, setTo] = useState<string[]>([]);
  const built = addRelation({ name, directed, from, to }, props.known);
  const data = props.classes.map((one) => ({ value: one.id, label: one.name }));
  return (
    <form
      className="stack"
      data-testid="relation-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!("operation" in built)) return;
        props.onAdd(built.operation);
        setName("");
        setFrom([]);
        setTo([]);
      }}
    >
      <div className="row" style={{ alignItems: "flex-end" }}>
        <TextInput
          label="Relation name"
          placeholder="such as part of"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
        />
        <MultiSelect
          label="From"
          placeholder={from.length ? "" : "any class"}
          data={data}
          value={from}
          onChange={setFrom}
          w={240}
        />
        <MultiSelect
          label="To"
          placeholder={to.length ? "" : "any class"}
          data={data}
          value={to}
          onChange={setTo}
          w={240}
        />
      </div>
      <Checkbox
        label="It has a direction: from the first object to the second"
        checked={directed}
        onChange={(event) => setDirected(event.currentTarget.checked)}
      />
      <div className="row">
        <Button type="submit" variant="default" disabled={!("operation" in built)}>
          Add to the change
        </Button>
        {"missing" in built && name ? <span className="dim">{built.missing}</span> : null}
      </div>
    </form>
  );
}
