/** Choosing the parts of a study: accepted items with what their labels say, and which of them are borderline. */
import { Button, Checkbox } from "@mantine/core";
import type { PartCandidate } from "@/api/appraisals";
import { count, plural } from "@/format";
import table from "@/parts/table.module.css";
import { quotaWords } from "./study-words";

export type Chosen = Record<string, "clear" | "borderline" | undefined>;

export function StudyParts({
  items,
  people,
  chosen,
  onChange,
}: {
  items: PartCandidate[];
  people: { user: string; printed_name: string }[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}) {
  if (items.length === 0)
    return <p className="dim">No accepted item is free to be a part. Parts are items whose labels stand.</p>;
  const free = items.filter((one) => one.known_by.length === 0);
  const parts = free.filter((one) => chosen[one.item]);
  const borderline = parts.filter((one) => chosen[one.item] === "borderline").length;
  const bad = parts.filter((one) => one.bad).length;
  const name = (id: string) => people.find((one) => one.user === id)?.printed_name ?? "somebody";
  const set = (id: string, to: Chosen[string]) => onChange({ ...chosen, [id]: to });
  const all = Object.fromEntries(free.map((one) => [one.item, chosen[one.item] ?? ("clear" as const)]));
  return (
    <fieldset className="stack tight">
      <legend>Parts</legend>
      <p data-testid="quota">
        {plural(parts.length, "part")} (50 are asked for): {count(bad)} bad, {count(parts.length - bad)} good;{" "}
        {quotaWords(parts.length, borderline)}
      </p>
      <div className="row">
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => onChange(all)}
          disabled={free.length === 0}
        >
          Take all {count(free.length)}
        </Button>
        <Button variant="default" size="compact-sm" onClick={() => onChange({})}>
          Take none
        </Button>
        <span className="dim">
          What you are shown of the labels here is on record: you judge none of these items in an audit.
        </span>
      </div>
      <div className={table.scroll}>
        <table className={table.table} aria-label="Parts">
          <thead>
            <tr>
              <th>Item</th>
              <th>Reference</th>
              <th>Part</th>
              <th>Borderline</th>
              <th>Known to</th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => {
              const known = one.known_by.length > 0;
              const is = known ? undefined : chosen[one.item];
              return (
                <tr key={one.item}>
                  <td>{one.name}</td>
                  <td>{one.bad ? "bad" : "good"}</td>
                  <td>
                    <Checkbox
                      aria-label={`${one.name} is a part`}
                      checked={is !== undefined}
                      disabled={known}
                      onChange={(event) => set(one.item, event.currentTarget.checked ? "clear" : undefined)}
                    />
                  </td>
                  <td>
                    <Checkbox
                      aria-label={`${one.name} is borderline`}
                      checked={is === "borderline"}
                      disabled={known}
                      onChange={(event) =>
                        set(one.item, event.currentTarget.checked ? "borderline" : "clear")
                      }
                    />
                  </td>
                  <td>{known ? one.known_by.map(name).join(", ") : "nobody of them"}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </fieldset>
  );
}
