/** The rules for tables of records: what becomes of each column. A column without a rule stops its table. */
import { ActionIcon, Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { DeidPlan } from "@/api/types";
import { Icon } from "@/parts/Icon";
import styles from "./Gate.module.css";
import { COLUMN_ACTIONS, type ColumnLine, linesOf, recordsOf } from "./gate-rules";

const FIRST: ColumnLine = { name: "", action: "pseudonym", values: "" };
const NEXT: ColumnLine = { name: "", action: "keep", values: "" };

function Line({
  line,
  number,
  onLine,
  onRemove,
}: {
  line: ColumnLine;
  number: number;
  onLine: (line: ColumnLine) => void;
  onRemove: () => void;
}) {
  return (
    <div className={styles.column}>
      <TextInput
        size="xs"
        aria-label={`Column ${number}`}
        placeholder="name in the first line"
        value={line.name}
        onChange={(event) => onLine({ ...line, name: event.currentTarget.value })}
      />
      <NativeSelect
        size="xs"
        aria-label={`What becomes of column ${number}`}
        data={COLUMN_ACTIONS}
        value={line.action}
        onChange={(event) => onLine({ ...line, action: event.currentTarget.value })}
      />
      <ActionIcon variant="default" size="sm" aria-label={`Remove column ${number}`} onClick={onRemove}>
        <Icon name="cross" size={12} />
      </ActionIcon>
      {line.action === "one_of" ? (
        <TextInput
          size="xs"
          className={styles.values}
          aria-label={`Values of column ${number}`}
          placeholder="F, M"
          value={line.values}
          onChange={(event) => onLine({ ...line, values: event.currentTarget.value })}
        />
      ) : null}
    </div>
  );
}

export function GateRecordRules({ plan, onPlan }: { plan: DeidPlan; onPlan: (plan: DeidPlan) => void }) {
  // What is being typed need not be a rule yet: two lines may have one name for a moment, or none.
  const [lines, setLines] = useState(() => linesOf(plan.records));
  const issuer = plan.records?.issuer ?? "";
  const put = (next: ColumnLine[]) => {
    setLines(next);
    onPlan({ ...plan, records: recordsOf(issuer, next) });
  };
  const names = lines.map((line) => line.name).filter(Boolean);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return (
    <fieldset className="stack tight">
      <legend>Tables of records (CSV, TSV)</legend>
      <Checkbox
        size="xs"
        label="Cleaned by rules per column, and their rows join the studies of the same patients"
        description="A table with a column without a rule, or with free text in a column that is kept, stays in quarantine; so does every text"
        checked={Boolean(plan.records)}
        onChange={(event) => {
          if (event.currentTarget.checked) put(lines.length > 0 ? lines : [FIRST]);
          else onPlan({ ...plan, records: null });
        }}
      />
      {plan.records ? (
        <>
          <TextInput
            size="xs"
            label="Who issued the patients' numbers"
            description="As in Issuer of Patient ID of the images; empty where they name nobody"
            value={issuer}
            onChange={(event) => onPlan({ ...plan, records: recordsOf(event.currentTarget.value, lines) })}
          />
          {lines.map((line, index) => (
            <Line
              // biome-ignore lint/suspicious/noArrayIndexKey: a line has no name of its own while it is typed
              key={index}
              line={line}
              number={index + 1}
              onLine={(changed) => put(lines.map((one, at) => (at === index ? changed : one)))}
              onRemove={() => put(lines.filter((_, at) => at !== index))}
            />
          ))}
          {twice ? <p role="alert">Two lines name the column {twice}: the last one holds.</p> : null}
          <Button variant="default" size="compact-sm" onClick={() => put([...lines, NEXT])}>
            Add a column
          </Button>
        </>
      ) : null}
    </fieldset>
  );
}
