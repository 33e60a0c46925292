/** The evidence log, for whoever has to trust it: its checkpoint, its key, and how to check it alone. */
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { wholeInspectionUrl } from "@/api/evidence";
import {
  checkpointQuery,
  checkpointsPage,
  consistencyUrl,
  keptCheckpointUrl,
  logKeyQuery,
  parseCheckpoint,
  standingQuery,
} from "@/api/log";
import { isAuditor, useMe } from "@/api/session";
import type { LogStanding, Witness } from "@/api/types";
import { count } from "@/format";
import { At, CopyText, FactList, Panel, Status } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import styles from "./Log.module.css";
import { Breach } from "./project/evidence/Breach";

const INTEGRITY = {
  self_attested: {
    tone: "warn",
    mark: "diamond",
    word: "Self-attested",
    text: "No witness has cosigned. The log proves that it is whole in itself; it does not prove to a stranger that whoever runs it did not put an older one back.",
  },
  witnessed: {
    tone: "ok",
    mark: "square",
    word: "Witnessed",
    text: "Somebody outside has cosigned the log and refuses any other past.",
  },
  conflict: {
    tone: "bad",
    mark: "triangle",
    word: "Conflict with a witness",
    text: "A witness knows another past than this log tells: the log was put back to an earlier state, or rewritten. Do not rely on it before somebody has found out why.",
  },
} as const;

const WITNESS = {
  new: { tone: "dim", mark: "ring", word: "Not asked yet" },
  ok: { tone: "ok", mark: "square", word: "Cosigns" },
  away: { tone: "warn", mark: "diamond", word: "Does not answer" },
  refused: { tone: "warn", mark: "cross", word: "Does not know this log" },
  conflict: { tone: "bad", mark: "triangle", word: "Conflict (409)" },
} as const;

function WitnessRow({ witness }: { witness: Witness }) {
  const look = WITNESS[witness.state as keyof typeof WITNESS] ?? WITNESS.refused;
  return (
    <tr>
      <td>{witness.name}</td>
      <td>
        <Status tone={look.tone} mark={look.mark}>
          {look.word}
        </Status>
      </td>
      <td>{witness.cosigned_size == null ? "–" : count(witness.cosigned_size)}</td>
      <td>
        <At micros={witness.cosigned_at} seconds />
      </td>
      <td>{witness.conflict_size == null ? "–" : count(witness.conflict_size)}</td>
    </tr>
  );
}

function Standing({ standing }: { standing: LogStanding }) {
  const look = INTEGRITY[standing.integrity];
  const conflict = standing.integrity === "conflict";
  return (
    <div className={conflict ? styles.conflict : undefined} role={conflict ? "alert" : undefined}>
      <Panel title="Who vouches for it">
        <div className="row">
          <Status tone={look.tone} mark={look.mark}>
            {look.word}
          </Status>
        </div>
        <p>{look.text}</p>
        {standing.witnesses.length > 0 ? (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th>Witness</th>
                  <th>State</th>
                  <th>Cosigned entries</th>
                  <th>At</th>
                  <th>Entries it knows of</th>
                </tr>
              </thead>
              <tbody>
                {standing.witnesses.map((witness) => (
                  <WitnessRow key={witness.key} witness={witness} />
                ))}
              </tbody>
            </table>
          </div>
        ) : null}
      </Panel>
    </div>
  );
}

function StandingPanel() {
  const standing = useQuery(standingQuery);
  if (standing.isPending) return <Loading lines={3} />;
  if (standing.isError) return <Failed error={standing.error} retry={() => standing.refetch()} />;
  return <Standing standing={standing.data} />;
}

function KeptPanel() {
  const kept = useInfiniteQuery({
    queryKey: ["log", "checkpoints"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => checkpointsPage(pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  if (kept.isPending) return <Loading lines={4} />;
  if (kept.isError) return <Failed error={kept.error} retry={() => kept.refetch()} />;
  const rows = kept.data.pages.flatMap((page) => page.items);
  return (
    <Panel title="Kept checkpoints">
      {rows.length === 0 ? (
        <p className="dim">The first is kept a minute after the log has begun.</p>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Signed</th>
                <th>Entries</th>
                <th>Cosigned by</th>
                <th>Files</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.size}>
                  <td>
                    <At micros={row.at} seconds />
                  </td>
                  <td>{count(row.size)}</td>
                  <td>{row.witnesses.length > 0 ? row.witnesses.join(", ") : "nobody"}</td>
                  <td className="row">
                    <a href={keptCheckpointUrl(row.size)} download={`checkpoint-${row.size}`}>
                      Checkpoint
                    </a>
                    <a href={consistencyUrl(row.size)} download={`from-${row.size}.consistency`}>
                      Proof that today continues it
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {kept.hasNextPage ? (
        <div className="row">
          <Button variant="default" onClick={() => kept.fetchNextPage()} loading={kept.isFetchingNextPage}>
            Show more
          </Button>
        </div>
      ) : null}
    </Panel>
  );
}

function CheckpointPanel() {
  const checkpoint = useQuery(checkpointQuery);
  if (checkpoint.isPending) return <Loading lines={4} />;
  if (checkpoint.isError) return <Failed error={checkpoint.error} retry={() => checkpoint.refetch()} />;
  const parsed = parseCheckpoint(checkpoint.data);
  return (
    <Panel title="Checkpoint">
      {parsed ? (
        <FactList
          rows={[
            ["Log", parsed.origin],
            ["Entries", count(parsed.size)],
            ["Root hash", <code key="root">{parsed.root}</code>],
            ["Signatures", count(parsed.signatures.length)],
          ]}
        />
      ) : (
        <Note tone="warn">
          The checkpoint does not look like one. Its text is below, as the server sent it.
        </Note>
      )}
      <CopyText text={checkpoint.data.trimEnd()} label="checkpoint" />
      <p className="dim">
        Keep a copy elsewhere: whoever has an old checkpoint notices when the past is changed.
      </p>
    </Panel>
  );
}

function KeyPanel() {
  const key = useQuery(logKeyQuery);
  if (key.isPending) return <Loading lines={2} />;
  if (key.isError) return <Failed error={key.error} retry={() => key.refetch()} />;
  return (
    <Panel title="Public key">
      <CopyText text={key.data.trim()} label="public key" />
    </Panel>
  );
}

/** What auditors of the whole installation may ask for, beside the log itself. */
function WholePanels() {
  return (
    <>
      <Panel
        title="Inspector's copy of everything"
        aside={
          <Button component="a" href={wholeInspectionUrl} download leftSection={<Icon name="download" />}>
            Make a copy
          </Button>
        }
      >
        <p>
          Every project in one file: only such a copy shows that no entry of the log was left out. It is
          checked on a machine without this server.
        </p>
      </Panel>
      <Breach project={null} />
    </>
  );
}

export default function Log() {
  const me = useMe();
  return (
    <div className="stack loose" style={{ maxWidth: 860 }}>
      <div>
        <h1>Evidence log</h1>
        <p className="dim">
          Every change and every look at an image is an entry of an append-only Merkle tree. The checkpoint is
          its signed head.
        </p>
      </div>
      <StandingPanel />
      <CheckpointPanel />
      <KeptPanel />
      <KeyPanel />
      {isAuditor(me) ? <WholePanels /> : null}
      <Panel title="How to check it">
        <p>
          On the server, or with a copy of the log folder, offline. A flipped byte, a deleted row, a changed
          order and a cut end are each found, with the index of the first bad entry.
        </p>
        <CopyText text="countersign verify --log DATA/log" label="command" />
        <p>
          With a checkpoint that you kept, and the witness's key, also that nothing was put back or rewritten.
        </p>
        <CopyText
          text="countersign verify --log DATA/log --kept CHECKPOINT --witness-key KEY --cosigned-by 1"
          label="command with witness"
        />
      </Panel>
    </div>
  );
}
