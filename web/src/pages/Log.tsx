/** The evidence log, for whoever has to trust it: its checkpoint, its key, and how to check it alone. */
import { useQuery } from "@tanstack/react-query";
import { checkpointQuery, logKeyQuery, parseCheckpoint } from "@/api/log";
import { count } from "@/format";
import { CopyText, FactList, Panel } from "@/parts/bits";
import { Failed, Loading, Note } from "@/parts/States";

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

export default function Log() {
  return (
    <div className="stack loose" style={{ maxWidth: 860 }}>
      <div>
        <h1>Evidence log</h1>
        <p className="dim">
          Every change and every look at an image is an entry of an append-only Merkle tree. The checkpoint is
          its signed head.
        </p>
      </div>
      <CheckpointPanel />
      <KeyPanel />
      <Panel title="How to check it">
        <p>
          On the server, or with a copy of the log folder, offline. A flipped byte, a deleted row, a changed
          order and a cut end are each found, with the index of the first bad entry.
        </p>
        <CopyText text="countersign verify --log DATA/log" label="command" />
      </Panel>
    </div>
  );
}
