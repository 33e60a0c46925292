/** Who reads which of the items that wait: divided by a drawing, some of them read by everybody. For owners only. */
import { Button, MultiSelect, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Mix, mixesQuery, organizationsQuery, useMixActions } from "@/api/vendors";
import { count, plural } from "@/format";
import { At, Panel } from "@/parts/bits";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

const REASON_MAX_CHARS = 1_000;

function Draw({ project }: { project: string }) {
  const organizations = useQuery(organizationsQuery);
  const { draw } = useMixActions(project);
  const [chosen, setChosen] = useState<string[]>([]);
  const [items, setItems] = useState<string | number>("");
  const [overlap, setOverlap] = useState<string | number>(0);
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    draw.mutate(
      {
        organizations: chosen,
        count: items === "" ? null : Number(items),
        overlap: Number(overlap),
        reason: reason.trim(),
      },
      { onSuccess: () => setReason("") },
    );
  };
  return (
    <form onSubmit={submit} className="stack">
      <div className="row" style={{ alignItems: "flex-end" }}>
        <MultiSelect
          label="Organizations"
          placeholder={chosen.length > 0 ? undefined : "choose"}
          w={320}
          data={(organizations.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
          value={chosen}
          onChange={setChosen}
        />
        <NumberInput
          label="Items"
          placeholder="all that wait"
          min={1}
          w={140}
          value={items}
          onChange={setItems}
        />
        <NumberInput label="Read by all of them" min={0} w={160} value={overlap} onChange={setOverlap} />
        <TextInput
          label="Why it is drawn"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={REASON_MAX_CHARS}
        />
        <Button type="submit" disabled={chosen.length === 0 || !reason.trim()} loading={draw.isPending}>
          Draw
        </Button>
      </div>
      <Refused error={organizations.error ?? draw.error} />
      <p className="dim">
        Items that nobody has begun to read are drawn. Those who read them see them in their queue as any
        other: neither that they were drawn nor who else reads them.
      </p>
    </form>
  );
}

function Shares({ project, mix }: { project: string; mix: Mix }) {
  const { takeBack } = useMixActions(project);
  const [of, setOf] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  return (
    <>
      {mix.shares.map((share) => (
        <div key={share.organization} className="spread">
          <span>
            {share.name}: {count(share.read)} of {plural(share.given, "item")} read
            {share.taken_back > 0 ? `, ${count(share.taken_back)} taken back` : ""}
          </span>
          {share.taken_back < share.given && of !== share.organization ? (
            <Button size="compact-sm" variant="default" onClick={() => setOf(share.organization)}>
              Take back<span className="sr-only"> from {share.name}</span>
            </Button>
          ) : null}
          {of === share.organization ? (
            <form
              className="row"
              onSubmit={(event) => {
                event.preventDefault();
                takeBack.mutate(
                  { mix: mix.id, organization: share.organization, reason: reason.trim() },
                  { onSuccess: () => setOf(null) },
                );
              }}
            >
              <TextInput
                aria-label={`Why what ${share.name} has not read is taken back`}
                placeholder="why"
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                maxLength={REASON_MAX_CHARS}
              />
              <Button type="submit" size="compact-sm" disabled={!reason.trim()} loading={takeBack.isPending}>
                Take back
              </Button>
            </form>
          ) : null}
        </div>
      ))}
      <Refused error={takeBack.error} />
    </>
  );
}

export function Mixes({ project }: { project: string }) {
  const mixes = useQuery(mixesQuery(project));
  return (
    <Panel title="Who is given what">
      <Draw project={project} />
      {mixes.isPending ? (
        <Loading />
      ) : mixes.isError ? (
        <Failed error={mixes.error} retry={() => mixes.refetch()} />
      ) : mixes.data.length === 0 ? (
        <Empty title="Nothing was divided yet">
          Until then everybody with the role takes the next item that waits.
        </Empty>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>When</th>
                <th className="num">Items</th>
                <th className="num">Read by all</th>
                <th>Why</th>
                <th>How far they are</th>
              </tr>
            </thead>
            <tbody>
              {mixes.data.map((mix) => (
                <tr key={mix.id}>
                  <td className="dim" title={`Seed ${mix.seed}`}>
                    <At micros={mix.at} />
                  </td>
                  <td className="num">{count(mix.items)}</td>
                  <td className="num">{count(mix.overlap)}</td>
                  <td>{mix.reason}</td>
                  <td>
                    <Shares project={project} mix={mix} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
