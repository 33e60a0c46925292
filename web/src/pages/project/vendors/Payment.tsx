/** The payment file of an organization: what of its work was accepted within a span of days. For owners only. */
import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Organization, paymentUrl } from "@/api/vendors";
import { Panel } from "@/parts/bits";
import { Icon } from "@/parts/Icon";

const MICROS_PER_MS = 1_000;
const DAY_MICROS = 86_400_000_000;

/** Microseconds at the begin of a day, UTC; `null` of what is no day. */
const midnight = (day: string): number | null => {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isFinite(at) ? at * MICROS_PER_MS : null;
};

export function Payment({ project, organizations }: { project: string; organizations: Organization[] }) {
  const [of, setOf] = useState<string | null>(organizations[0]?.id ?? null);
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const [from, end] = [midnight(first), midnight(last)];
  const until = end === null ? null : end + DAY_MICROS;
  const ready = of && from !== null && until !== null && from < until;
  return (
    <Panel title="Payment file">
      <div className="row" style={{ alignItems: "flex-end" }}>
        <Select
          label="Organization"
          data={organizations.map((one) => ({ value: one.id, label: one.name }))}
          value={of}
          onChange={setOf}
          allowDeselect={false}
        />
        <TextInput
          label="Accepted from"
          type="date"
          value={first}
          onChange={(event) => setFirst(event.currentTarget.value)}
        />
        <TextInput
          label="Last day"
          type="date"
          value={last}
          onChange={(event) => setLast(event.currentTarget.value)}
        />
        {ready ? (
          <Button
            component="a"
            href={paymentUrl(project, of, from, until)}
            download
            leftSection={<Icon name="download" />}
          >
            Download
          </Button>
        ) : (
          <Button disabled leftSection={<Icon name="download" />}>
            Download
          </Button>
        )}
      </div>
      <p className="dim">
        A line for each item that was accepted on these days (UTC), is accepted now, and that the organization
        read. What was recalled, returned with a batch or sent back to be read anew is not in it. Each
        download is evidence.
      </p>
    </Panel>
  );
}
