/** The numbers of a sampling plan. */
import { NumberInput, SegmentedControl } from "@mantine/core";
import type { SamplingPlan } from "@/api/batches";

export const SAMPLE_MAX = 2_000;
const PERCENT = 100;

export const STARTS: Record<SamplingPlan["kind"], SamplingPlan> = {
  single: { kind: "single", sample: 20, accept: 1 },
  double: { kind: "double", first: 13, accept_first: 0, return_first: 3, second: 13, accept_both: 3 },
  sequential: { kind: "sequential", good: 0.02, bad: 0.15, producer: 0.05, consumer: 0.1, most: 60 },
};

type Field = { key: string; label: string; percent?: boolean; least?: number };
const FIELDS: Record<SamplingPlan["kind"], Field[]> = {
  single: [
    { key: "sample", label: "Items inspected", least: 1 },
    { key: "accept", label: "Accepted with at most (defective)" },
  ],
  double: [
    { key: "first", label: "First sample, items", least: 1 },
    { key: "accept_first", label: "Accepted with at most" },
    { key: "return_first", label: "Returned from" },
    { key: "second", label: "Second sample, items", least: 1 },
    { key: "accept_both", label: "Of both accepted with at most" },
  ],
  sequential: [
    { key: "good", label: "Good: defective, percent", percent: true },
    { key: "bad", label: "Bad: defective, percent", percent: true },
    { key: "producer", label: "Risk of returning a good one, percent", percent: true },
    { key: "consumer", label: "Risk of accepting a bad one, percent", percent: true },
    { key: "most", label: "Items inspected at most", least: 1 },
  ],
};

export function PlanFields({
  plan,
  onChange,
}: {
  plan: SamplingPlan;
  onChange: (plan: SamplingPlan) => void;
}) {
  const values = plan as unknown as Record<string, number>;
  return (
    <div className="stack tight">
      <SegmentedControl
        aria-label="Kind of plan"
        value={plan.kind}
        onChange={(kind) => onChange(STARTS[kind as SamplingPlan["kind"]])}
        data={[
          { value: "single", label: "One sample" },
          { value: "double", label: "Two samples" },
          { value: "sequential", label: "Item by item" },
        ]}
      />
      <div className="row">
        {FIELDS[plan.kind].map(({ key, label, percent, least }) => (
          <NumberInput
            key={`${plan.kind} ${key}`}
            label={label}
            value={percent ? Number(((values[key] ?? 0) * PERCENT).toPrecision(6)) : values[key]}
            onChange={(value) => {
              const number = Number(value) || 0;
              onChange({ ...plan, [key]: percent ? number / PERCENT : number } as SamplingPlan);
            }}
            min={percent ? 0.01 : (least ?? 0)}
            max={percent ? 99 : SAMPLE_MAX}
            allowDecimal={percent === true}
            w={210}
          />
        ))}
      </div>
    </div>
  );
}
