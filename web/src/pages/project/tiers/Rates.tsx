/** What an hour of each role costs, as the owner says: costs are worked out from it, and from nothing else. */
import { Button, NumberInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Rate, type TierStage, useRates } from "@/api/tiers";
import type { Role } from "@/api/types";
import { title } from "@/format";
import { Refused } from "@/parts/States";

const PER_HOUR_MAX = 1_000_000_000;

export function Rates({ project, stages, rates }: { project: string; stages: TierStage[]; rates: Rate[] }) {
  const save = useRates(project);
  const roles = [...new Set<Role>([...stages.map((stage) => stage.role), ...rates.map((rate) => rate.role)])];
  const [currency, setCurrency] = useState(rates[0]?.currency ?? "EUR");
  const [values, setValues] = useState<Partial<Record<Role, number | string>>>(
    Object.fromEntries(rates.map((rate) => [rate.role, rate.per_hour])),
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    const said = roles.flatMap((role) => {
      const value = values[role];
      return value === undefined || value === "" ? [] : [{ role, per_hour: Number(value), currency }];
    });
    save.mutate(said);
  };
  return (
    <form className="stack tight" onSubmit={send} aria-label="What an hour costs">
      <div className="row">
        <TextInput
          label="Money"
          description="Three letters"
          value={currency}
          onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
          maxLength={3}
        />
        {roles.map((role) => (
          <NumberInput
            key={role}
            label={`${title(role)}, per hour`}
            description="Empty: no price"
            value={values[role] ?? ""}
            onChange={(value) => setValues({ ...values, [role]: value })}
            min={0}
            max={PER_HOUR_MAX}
            decimalScale={2}
          />
        ))}
      </div>
      <Refused error={save.error} />
      <div className="row">
        <Button type="submit" variant="default" loading={save.isPending}>
          Save the prices
        </Button>
      </div>
    </form>
  );
}
