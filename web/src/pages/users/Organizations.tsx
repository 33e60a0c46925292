/** Own staff and vendors: their contracts, and who belongs to them. */
import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import {
  type Organization,
  type OrganizationDetail,
  organizationsQuery,
  useOrganizationActions,
} from "@/api/vendors";
import { plural } from "@/format";
import { At, Status } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

const NAME_MAX_CHARS = 100;
const REASON_MAX_CHARS = 1_000;
const MICROS_PER_MS = 1_000;

/** `2026-11-28T12:00` of a moment, in UTC, as the field takes it. */
export const asField = (micros: number | null | undefined): string =>
  micros === null || micros === undefined ? "" : new Date(micros / MICROS_PER_MS).toISOString().slice(0, 16);

/** Microseconds of what the field holds, taken for UTC; `null` of what is no moment. */
export function asMicros(field: string): number | null {
  const at = Date.parse(`${field}Z`);
  return Number.isFinite(at) ? at * MICROS_PER_MS : null;
}

const CONTRACTS: Record<Organization["contract"], { tone: "ok" | "warn" | "dim" | "bad"; words: string }> = {
  none: { tone: "dim", words: "own staff" },
  not_yet: { tone: "warn", words: "not begun" },
  valid: { tone: "ok", words: "valid" },
  ending: { tone: "warn", words: "ends soon" },
  ended: { tone: "bad", words: "ended" },
};

export function ContractStatus({ organization }: { organization: Organization }) {
  const { tone, words } = CONTRACTS[organization.contract];
  return (
    <Status tone={tone} mark={tone === "bad" ? "cross" : "dot"}>
      {words}
    </Status>
  );
}

function Form({ of, onClose }: { of: Organization | null; onClose: () => void }) {
  const { make, change } = useOrganizationActions();
  const [name, setName] = useState(of?.name ?? "");
  const [kind, setKind] = useState<Organization["kind"]>(of?.kind ?? "vendor");
  const [from, setFrom] = useState(asField(of?.contract_from));
  const [until, setUntil] = useState(asField(of?.contract_until));
  const [reason, setReason] = useState("");
  const vendor = kind === "vendor";
  const dates = {
    contract_from: vendor ? asMicros(from) : null,
    contract_until: vendor ? asMicros(until) : null,
  };
  const inOrder = (dates.contract_from ?? 0) < (dates.contract_until ?? 0);
  const ready = name.trim() && reason.trim() && (!vendor || inOrder);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { name: name.trim(), reason: reason.trim(), ...dates };
    if (of) change.mutate({ id: of.id, ...body }, { onSuccess: onClose });
    else make.mutate({ kind, ...body }, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={of ? `Change ${of.name}` : "New organization"} size="md">
      <form onSubmit={submit} className="stack">
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
          data-autofocus
        />
        {of ? null : (
          <Select
            label="What it is"
            data={[
              { value: "vendor", label: "An outside vendor" },
              { value: "own", label: "Own staff" },
            ]}
            value={kind}
            onChange={(value) => setKind(value === "own" ? "own" : "vendor")}
            allowDeselect={false}
          />
        )}
        {vendor ? (
          <div className="row">
            <TextInput
              label="Contract from, UTC"
              type="datetime-local"
              value={from}
              onChange={(event) => setFrom(event.currentTarget.value)}
            />
            <TextInput
              label="until, UTC"
              type="datetime-local"
              value={until}
              onChange={(event) => setUntil(event.currentTarget.value)}
              error={from && until && !inOrder ? "after the begin" : null}
            />
          </div>
        ) : null}
        <TextInput
          label="Why"
          description="It is kept as evidence"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={REASON_MAX_CHARS}
        />
        {vendor ? (
          <p className="dim">
            Outside of these dates nothing is given to its people. What they hold then goes back within a
            minute; what they saved is kept.
          </p>
        ) : null}
        <Refused error={make.error ?? change.error} />
        <div className="row">
          <Button type="submit" disabled={!ready} loading={make.isPending || change.isPending}>
            {of ? "Keep" : "Set up"}
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Members({ all }: { all: OrganizationDetail[] }) {
  const { move } = useOrganizationActions();
  const [user, setUser] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const people = all.flatMap((one) =>
    one.members.map((member) => ({ value: member.id, label: `${member.printed_name} (${one.name})` })),
  );
  return (
    <details>
      <summary>Move somebody to another organization</summary>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (user && to) {
            move.mutate(
              { user, organization: to, reason: reason.trim() },
              { onSuccess: () => setReason("") },
            );
          }
        }}
      >
        <div className="row" style={{ alignItems: "flex-end" }}>
          <Select
            label="Person"
            placeholder="choose"
            searchable
            data={people}
            value={user}
            onChange={setUser}
          />
          <Select
            label="To"
            placeholder="choose"
            data={all.map((one) => ({ value: one.id, label: one.name }))}
            value={to}
            onChange={setTo}
          />
          <TextInput
            label="Why they move"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={REASON_MAX_CHARS}
          />
          <Button type="submit" disabled={!user || !to || !reason.trim()} loading={move.isPending}>
            Move
          </Button>
        </div>
        <Refused error={move.error} />
        <p className="dim">
          Whoever goes to a vendor is signed out, and their tokens end. People of vendors read and review;
          they have no other role.
        </p>
      </form>
    </details>
  );
}

export function Organizations() {
  const seen = useQuery(organizationsQuery);
  const [form, setForm] = useState<Organization | "new" | null>(null);
  return (
    <section className="stack" aria-labelledby="organizations">
      <div className="spread">
        <h2 id="organizations">Organizations</h2>
        <Button variant="default" leftSection={<Icon name="plus" />} onClick={() => setForm("new")}>
          New organization
        </Button>
      </div>
      {seen.isPending ? (
        <Loading />
      ) : seen.isError ? (
        <Failed error={seen.error} retry={() => seen.refetch()} />
      ) : seen.data.length === 0 ? (
        <Empty title="None yet">The first account makes the first one: own staff.</Empty>
      ) : (
        <>
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Contract</th>
                  <th>From</th>
                  <th>Until</th>
                  <th>People</th>
                  <th>
                    <span className="sr-only">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {seen.data.map((one) => (
                  <tr key={one.id} data-testid={`organization-${one.name}`}>
                    <td>{one.name}</td>
                    <td>
                      <ContractStatus organization={one} />
                    </td>
                    <td className="dim">{one.contract_from ? <At micros={one.contract_from} /> : "–"}</td>
                    <td className="dim">{one.contract_until ? <At micros={one.contract_until} /> : "–"}</td>
                    <td title={one.members.map((member) => member.printed_name).join(", ")}>
                      {plural(one.members.length, "person", "people")}
                    </td>
                    <td className="num">
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => setForm(one)}
                        aria-label={`Change ${one.name}`}
                      >
                        Change
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <Members all={seen.data} />
        </>
      )}
      {form ? <Form of={form === "new" ? null : form} onClose={() => setForm(null)} /> : null}
    </section>
  );
}
