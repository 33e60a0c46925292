/** Holds on a lot, a batch, a release or a person's work: put with a reason, lifted with one, and whom to tell of releases. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { batchesQuery } from "@/api/batches";
import { monitorQuery } from "@/api/quality";
import { releasesQuery } from "@/api/releases";
import {
  type HoldScope,
  useWideHolds,
  type WideHold,
  wideHoldCheckQuery,
  wideHoldsQuery,
} from "@/api/wide-holds";
import { count, plural } from "@/format";
import { At, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { type Choice, onWhat, SCOPE_WORDS, whatIs } from "./hold-words";

const NOTHING: Choice = { scope: "lot", value: "" };

function Form({ project, onChosen }: { project: string; onChosen: (on: HoldScope) => void }) {
  const [choice, setChoice] = useState(NOTHING);
  const batches = useQuery({ ...batchesQuery(project), enabled: choice.scope === "batch" });
  const releases = useQuery({ ...releasesQuery(project), enabled: choice.scope === "release" });
  const people = useQuery({ ...monitorQuery(project), enabled: choice.scope === "person" });
  const named: Partial<Record<Choice["scope"], { value: string; label: string }[]>> = {
    batch: batches.data?.batches.map((one) => ({ value: one.id, label: one.name })) ?? [],
    release: releases.data?.map((one) => ({ value: one.id, label: one.name })) ?? [],
    person: people.data?.streams.map((one) => ({ value: one.user, label: one.printed_name })) ?? [],
  };
  const options = named[choice.scope];
  const on = onWhat(choice);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (on) onChosen(on);
  };
  return (
    <form className="row" style={{ alignItems: "flex-end" }} onSubmit={submit}>
      <NativeSelect
        label="Put on hold"
        data={Object.entries(SCOPE_WORDS).map(([value, label]) => ({ value, label }))}
        value={choice.scope}
        onChange={(event) => setChoice({ scope: event.currentTarget.value as Choice["scope"], value: "" })}
      />
      {options ? (
        <NativeSelect
          label={SCOPE_WORDS[choice.scope]}
          data={[{ value: "", label: options.length > 0 ? "Choose…" : "There is none" }, ...options]}
          value={choice.value}
          onChange={(event) => setChoice({ ...choice, value: event.currentTarget.value })}
        />
      ) : (
        <TextInput
          label="Lot"
          value={choice.value}
          onChange={(event) => setChoice({ ...choice, value: event.currentTarget.value })}
        />
      )}
      <Button type="submit" variant="default" disabled={on === null} data-testid="hold-all">
        Put on hold…
      </Button>
    </form>
  );
}

function Rows({ rows, onLift }: { rows: WideHold[]; onLift: (hold: WideHold) => void }) {
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="wide-holds">
        <thead>
          <tr>
            <th>What</th>
            <th>Why</th>
            <th className="num">Held</th>
            <th>Releases that hold such items</th>
            <th>State</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.id}>
              <td>{whatIs(one)}</td>
              <td>
                {one.reason}
                <p className="dim">
                  <At micros={one.opened_at} />, {one.opened_by}
                </p>
              </td>
              <td className="num">
                {count(one.held)} of {count(one.items)}
                {one.working ? <p className="dim">still at it</p> : null}
              </td>
              <td>
                {one.releases.length === 0
                  ? "none"
                  : one.releases.map((release) => (
                      <p key={release.id}>
                        <Link to="/releases/$releaseId" params={{ releaseId: release.id }}>
                          {release.name}
                        </Link>{" "}
                        <span className="dim">{plural(release.items, "item")}</span>
                      </p>
                    ))}
              </td>
              <td>
                {one.lifted_at ? (
                  <>
                    <Status tone="ok" mark="dot">
                      Lifted
                    </Status>
                    <p className="dim">
                      <At micros={one.lifted_at} />, {one.lifted_by}: {one.lift_reason}
                    </p>
                  </>
                ) : (
                  <Status tone="bad" mark="square">
                    On hold
                  </Status>
                )}
              </td>
              <td>
                {one.lifted_at ? null : (
                  <Button size="xs" variant="default" onClick={() => onLift(one)}>
                    Lift…
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function WideHolds({ project }: { project: string }) {
  const holds = useQuery(wideHoldsQuery(project));
  const { put, lift } = useWideHolds(project);
  const [chosen, choose] = useState<HoldScope | null>(null);
  const [lifting, setLifting] = useState<WideHold | null>(null);
  const check = useQuery(wideHoldCheckQuery(project, chosen));
  if (holds.isPending) return <Loading lines={2} />;
  if (holds.isError) return <Failed error={holds.error} retry={() => holds.refetch()} />;
  return (
    <>
      <Form
        project={project}
        onChosen={(on) => {
          put.reset();
          choose(on);
        }}
      />
      {holds.data.length === 0 ? (
        <Note>Nothing is on hold but single items, if any.</Note>
      ) : (
        <Rows
          rows={holds.data}
          onLift={(hold) => {
            lift.reset();
            setLifting(hold);
          }}
        />
      )}
      <ReasonDialog
        opened={chosen !== null}
        title="Put on hold"
        confirm="Put on hold"
        danger
        pending={put.isPending}
        error={put.error ?? check.error}
        onClose={() => choose(null)}
        onConfirm={({ reason }) =>
          chosen && put.mutate({ on: chosen, reason }, { onSuccess: () => choose(null) })
        }
      >
        <p>
          {check.data
            ? `It reaches ${plural(check.data.items, "item")}, of which ${count(check.data.held)} are on hold for another reason.`
            : "Counting what it reaches…"}{" "}
          Nobody is given work on them and no release takes them, until somebody lifts it with a reason.
          {chosen?.scope === "lot" ? " What comes of this lot later is held too." : ""}
        </p>
      </ReasonDialog>
      <ReasonDialog
        opened={lifting !== null}
        title={lifting ? `Lift the hold on ${whatIs(lifting)}` : ""}
        confirm="Lift the hold"
        pending={lift.isPending}
        error={lift.error}
        onClose={() => setLifting(null)}
        onConfirm={({ reason }) =>
          lifting && lift.mutate({ hold: lifting.id, reason }, { onSuccess: () => setLifting(null) })
        }
      >
        <p>Items that are on hold for another reason too stay on hold.</p>
      </ReasonDialog>
    </>
  );
}
