/** From what is wanted of a plan to the smallest plans that do it. */
import { Button, NumberInput, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import {
  type DesignedPlan,
  type PlanDesigns,
  type PlanWish,
  type SamplingPlan,
  useBatches,
} from "@/api/batches";
import { count } from "@/format";
import { FactList } from "@/parts/bits";
import { Note, Refused } from "@/parts/States";
import { planWords } from "./batch-words";
import { PlanCurve } from "./PlanCurve";

const PERCENT = 100;
const UNITS_MAX = 200_000;
const START: PlanWish = { units: 500, good: 0.01, producer: 0.05, bad: 0.06, consumer: 0.1 };

const FIELDS: { key: keyof PlanWish; label: string; description: string }[] = [
  { key: "good", label: "Good: defective, percent", description: "Should be accepted (AQL)" },
  { key: "producer", label: "Risk of returning one, percent", description: "Producer's risk" },
  { key: "bad", label: "Bad: defective, percent", description: "Should be returned (LTPD)" },
  { key: "consumer", label: "Risk of accepting one, percent", description: "Consumer's risk" },
];

const KINDS = [
  ["single", "One sample"],
  ["double", "Two samples"],
  ["sequential", "Item by item"],
] as const;

function Designed({ found, onTake }: { found: DesignedPlan; onTake: (plan: SamplingPlan) => void }) {
  return (
    <div className="stack tight" data-testid="designed">
      <FactList
        rows={[
          ["Plan", planWords(found.plan)],
          ["Inspected of a good batch", `${found.checked_good.toFixed(1)} items on average`],
          ["Inspected of a bad batch", `${found.checked_bad.toFixed(1)} items on average`],
          [
            "Leaves defective",
            `at most ${(found.outgoing_max * PERCENT).toFixed(2)} % on average, where returned batches are mended`,
          ],
        ]}
      />
      <PlanCurve curve={found.curve} />
      <div>
        <Button onClick={() => onTake(found.plan)}>Take this plan</Button>
      </div>
    </div>
  );
}

function Designs({ found, onTake }: { found: PlanDesigns; onTake: (plan: SamplingPlan) => void }) {
  const [kind, setKind] = useState<"single" | "double" | "sequential">("single");
  const plan = found[kind];
  return (
    <div className="stack tight">
      <p>
        Good is up to {count(found.good)} defective, bad is {count(found.bad)} and more.
      </p>
      <SegmentedControl
        aria-label="Kind of designed plan"
        value={kind}
        onChange={(next) => setKind(next as typeof kind)}
        data={KINDS.map(([value, label]) => ({
          value,
          label: found[value] ? `${label} (${found[value].checked_good.toFixed(0)})` : `${label} (none)`,
        }))}
      />
      {plan ? (
        <Designed found={plan} onTake={onTake} />
      ) : (
        <Note>
          No plan of this kind does it with the items that may be inspected. Bring good and bad further apart.
        </Note>
      )}
    </div>
  );
}

export function PlanDesign({ project, onTake }: { project: string; onTake: (plan: SamplingPlan) => void }) {
  const { design } = useBatches(project);
  const [wish, setWish] = useState(START);
  const set = (key: keyof PlanWish, value: number) => {
    setWish({ ...wish, [key]: value });
    design.reset();
  };
  return (
    <details>
      <summary>Find a plan for what it should do</summary>
      <div className="stack tight">
        <div className="row">
          <NumberInput
            label="Items in a batch"
            description="About; the curve is exact for these"
            value={wish.units}
            onChange={(value) => set("units", Math.round(Number(value)) || 0)}
            min={1}
            max={UNITS_MAX}
            allowDecimal={false}
            w={210}
          />
          {FIELDS.map(({ key, label, description }) => (
            <NumberInput
              key={key}
              label={label}
              description={description}
              value={Number((wish[key] * PERCENT).toPrecision(6))}
              onChange={(value) => set(key, (Number(value) || 0) / PERCENT)}
              min={0.001}
              max={99}
              w={210}
            />
          ))}
        </div>
        <div>
          <Button variant="default" loading={design.isPending} onClick={() => design.mutate(wish)}>
            Find the smallest plans
          </Button>
        </div>
        <Refused error={design.error} />
        {design.data ? <Designs found={design.data} onTake={onTake} /> : null}
      </div>
    </details>
  );
}
