/** An attribute of a class: a new one, or another kind, other choices, an answer that is asked for; and what older labels get. */
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { OntologyOperation } from "@/api/ontology";
import type { OntologyClass } from "@/api/types";
import {
  type AttributeDraft,
  choicesOf,
  draftOf,
  EMPTY,
  gone,
  type KindWord,
  operationOf,
} from "./attribute";

const NAME_MAX_CHARS = 100;
const KINDS: { value: KindWord; label: string }[] = [
  { value: "choice", label: "One of several choices" },
  { value: "flag", label: "Yes or no" },
  { value: "number", label: "A number" },
];

/** What labels get that had no answer, or one that it does not take any more. */
function Otherwise({ draft, set }: { draft: AttributeDraft; set: (part: Partial<AttributeDraft>) => void }) {
  const label = "Older labels without a fitting answer";
  if (draft.kind === "number") {
    return (
      <TextInput
        label={label}
        placeholder="no answer"
        inputMode="decimal"
        value={draft.otherwise}
        onChange={(event) => set({ otherwise: event.currentTarget.value })}
        maxLength={NAME_MAX_CHARS}
        w={280}
      />
    );
  }
  const values =
    draft.kind === "flag"
      ? [
          { value: "true", label: "yes" },
          { value: "false", label: "no" },
        ]
      : choicesOf(draft.choices).map((choice) => ({ value: choice, label: choice }));
  return (
    <NativeSelect
      label={label}
      data={[{ value: "", label: "no answer" }, ...values]}
      value={draft.otherwise}
      onChange={(event) => set({ otherwise: event.currentTarget.value })}
      w={280}
    />
  );
}

export function AttributeForm({
  one,
  onAdd,
}: {
  one: OntologyClass;
  onAdd: (operation: OntologyOperation) => void;
}) {
  const [draft, setDraft] = useState<AttributeDraft>(EMPTY);
  const set = (part: Partial<AttributeDraft>) => setDraft({ ...draft, ...part });
  const attributes = one.attributes ?? [];
  const known = attributes.find((entry) => entry.id === draft.id);
  const built = operationOf(draft, one);
  const lost = gone(draft, known);
  return (
    <form
      className="stack"
      data-testid="attribute-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!("operation" in built)) return;
        onAdd(built.operation);
        setDraft(EMPTY);
      }}
    >
      <div className="row" style={{ alignItems: "flex-end" }}>
        <NativeSelect
          label="Attribute"
          data={[
            { value: "", label: "A new one" },
            ...attributes.map((entry) => ({ value: entry.id, label: entry.name })),
          ]}
          value={draft.id}
          onChange={(event) => {
            const chosen = attributes.find((entry) => entry.id === event.currentTarget.value);
            setDraft(chosen ? draftOf(chosen) : EMPTY);
          }}
        />
        <TextInput
          label="Attribute name"
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          maxLength={NAME_MAX_CHARS}
        />
        <NativeSelect
          label="Takes"
          data={KINDS}
          value={draft.kind}
          onChange={(event) => set({ kind: event.currentTarget.value as KindWord, otherwise: "" })}
        />
        {draft.kind === "choice" ? (
          <Textarea
            label="Choices, one on each line"
            value={draft.choices}
            onChange={(event) => set({ choices: event.currentTarget.value })}
            maxLength={NAME_MAX_CHARS * 10}
            autosize
            minRows={2}
            w={320}
          />
        ) : null}
      </div>
      <Checkbox
        label="Must be answered before anything is handed in"
        checked={draft.required}
        onChange={(event) => set({ required: event.currentTarget.checked })}
      />
      {lost.map((choice) => (
        <NativeSelect
          key={choice}
          label={`“${choice}” is gone: labels that say it`}
          data={[
            { value: "", label: "as older labels without a fitting answer" },
            ...(draft.kind === "choice"
              ? choicesOf(draft.choices).map((kept) => ({ value: kept, label: `say ${kept}` }))
              : draft.kind === "flag"
                ? [
                    { value: "true", label: "say yes" },
                    { value: "false", label: "say no" },
                  ]
                : []),
          ]}
          value={draft.becomes[choice] ?? ""}
          onChange={(event) => set({ becomes: { ...draft.becomes, [choice]: event.currentTarget.value } })}
          w={380}
        />
      ))}
      <Otherwise draft={draft} set={set} />
      <div className="row">
        <Button type="submit" variant="default" disabled={!("operation" in built)}>
          Add to the change
        </Button>
        {"missing" in built && draft !== EMPTY ? <span className="dim">{built.missing}</span> : null}
      </div>
    </form>
  );
}
