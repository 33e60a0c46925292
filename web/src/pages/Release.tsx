/** One release: its certificate, its download, and how anybody checks it without trusting this server. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { eventProofUrl, releaseProofUrl } from "@/api/log";
import { projectQuery } from "@/api/projects";
import { releaseDownloadUrl, releaseQuery, useReleaseActions } from "@/api/releases";
import { useMe } from "@/api/session";
import type { Release } from "@/api/types";
import { bytes, count, plural, title } from "@/format";
import { At, CopyText, FactList, type FactRow, Panel } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

/** A value of the certificate as text; whatever the certificate holds is shown, known to this page or not. */
function plain(value: unknown): ReactNode {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") return <code>{JSON.stringify(value)}</code>;
  return typeof value === "string" && /^[0-9a-f]{32,}$|^sha256:/i.test(value) ? (
    <code>{value}</code>
  ) : (
    String(value)
  );
}

function Certificate({ release }: { release: Release }) {
  if (!release.certificate)
    return <p className="dim">The certificate is made when the release is finished.</p>;
  const rows: FactRow[] = Object.entries(release.certificate).map(([key, value]) => [
    title(key),
    plain(value),
  ]);
  return <FactList rows={rows} />;
}

type Signatory = { printed_name: string; role: string; meaning: string; at: string };

/** Printed name, meaning and UTC time, as the certificate binds them. */
function Signatures({ release }: { release: Release }) {
  const signed = release.certificate?.statement as { signatories?: Signatory[] } | undefined;
  const rows = signed?.signatories ?? [];
  // The certificate names who signed; each of them left an event, whose proof stands alone.
  const proofOf = (row: Signatory) =>
    release.signatures.find((one) => one.meaning === row.meaning && one.printed_name === row.printed_name);
  if (rows.length === 0) return null;
  return (
    <Panel title="Signatures">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Name</th>
              <th>Meaning</th>
              <th>Time, UTC</th>
              <th>As</th>
              <th>Proof</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const act = proofOf(row);
              return (
                <tr key={`${row.printed_name}/${row.meaning}`}>
                  <td>{row.printed_name}</td>
                  <td>{row.meaning}</td>
                  <td>{row.at.slice(0, 19).replace("T", " ")}</td>
                  <td>{title(row.role)}</td>
                  <td>
                    {act ? (
                      <a href={eventProofUrl(act.event)} download>
                        Proof
                      </a>
                    ) : (
                      "–"
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** A release that takes two people; here the second one signs, or somebody takes it back. */
function Proposed({ release }: { release: Release }) {
  const me = useMe();
  const project = useQuery(projectQuery(release.project));
  const lacking = project.data?.release_lacking;
  const { countersign, withdraw } = useReleaseActions(release.id);
  const [components, setComponents] = useState(NO_COMPONENTS);
  const [withdrawing, setWithdrawing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (areComplete(components)) countersign.mutate(asSigned(components));
  };
  return (
    <Panel title="Waits for a second person">
      <div className="stack">
        <p>
          Begun and signed (<strong>approved</strong>) by <strong>{release.created_by_name}</strong>,{" "}
          <At micros={release.created_at} seconds />. It takes two people, and neither may be an author of
          what is in it.
        </p>
        {release.created_by === me?.user.id ? (
          <Note>You began it: somebody else has to countersign.</Note>
        ) : lacking ? (
          <Note tone="warn">You cannot sign it: {lacking.message}</Note>
        ) : (
          <form className="stack tight" onSubmit={submit}>
            <p>
              Your signature, <strong>{me?.user.printed_name}</strong>, means <strong>released</strong> and is
              bound to the list of this release ({plural(release.items, "item")}) as it stands.
            </p>
            <SigningFields
              values={components}
              onChange={setComponents}
              error={countersign.error}
              testid="release"
            />
            <Refused error={countersign.error} />
            <div className="row">
              <Button
                type="submit"
                loading={countersign.isPending}
                disabled={!areComplete(components)}
                data-testid="release-countersign"
              >
                Countersign and release
              </Button>
            </div>
          </form>
        )}
        <div className="row">
          <Button variant="default" onClick={() => setWithdrawing(true)}>
            Withdraw…
          </Button>
        </div>
      </div>
      <ReasonDialog
        opened={withdrawing}
        title="Withdraw this release"
        confirm="Withdraw"
        danger
        pending={withdraw.isPending}
        error={withdraw.error}
        onClose={() => setWithdrawing(false)}
        onConfirm={({ reason }) => withdraw.mutate(reason, { onSuccess: () => setWithdrawing(false) })}
      >
        <p>Nothing leaves; its name is free for another one.</p>
      </ReasonDialog>
    </Panel>
  );
}

export default function ReleasePage() {
  const { releaseId } = useParams({ from: "/releases/$releaseId" });
  const release = useQuery(releaseQuery(releaseId));
  if (release.isPending) return <Loading />;
  if (release.isError) return <Failed error={release.error} retry={() => release.refetch()} />;
  const { data } = release;
  const finished = data.state === "done";
  return (
    <div className="stack loose">
      <div>
        <Link to="/projects/$projectId/releases" params={{ projectId: data.project }} className="dim">
          Releases
        </Link>
        <div className="spread">
          <h1>{data.name}</h1>
          {finished ? (
            <div className="row">
              <Button component="a" variant="default" href={releaseProofUrl(data.id)} download>
                Proof
              </Button>
              <Button
                component="a"
                href={releaseDownloadUrl(data.id)}
                download
                leftSection={<Icon name="download" />}
              >
                Download{data.bytes ? ` (${bytes(data.bytes)})` : ""}
              </Button>
            </div>
          ) : null}
        </div>
      </div>
      {data.state === "proposed" ? <Proposed release={data} /> : null}
      {data.state === "withdrawn" ? (
        <Note tone="warn">This release was withdrawn before it was countersigned. Nothing was released.</Note>
      ) : null}
      {data.state === "building" ? (
        <Note>This release is being written. The page changes by itself when it is done.</Note>
      ) : null}
      {data.state === "recalled" ? (
        <Note tone="warn">
          This release was taken back because somebody in it was erased. Root hash and certificate stay; the
          package is gone. Make a new release without them.
        </Note>
      ) : null}
      {data.state === "failed" ? (
        <Note tone="warn">This release could not be written. Nothing was released; make a new one.</Note>
      ) : null}
      <Panel title="Release">
        <FactList
          rows={[
            ["State", title(data.state)],
            ["Made", <At key="at" micros={data.created_at} seconds />],
            ["For", data.audience === "public" ? "the public" : "people under the project's agreements"],
            ["Items", count(data.items)],
            ["On hold now", data.held > 0 ? plural(data.held, "item") : null],
            ["Annotations", count(data.annotations)],
            ["Root hash", data.root ? <code key="root">{data.root}</code> : null],
            ["Manifest hash", data.manifest_hash ? <code key="manifest">{data.manifest_hash}</code> : null],
          ]}
        />
      </Panel>
      <Signatures release={data} />
      <Panel title="Certificate">
        <Certificate release={data} />
      </Panel>
      <Panel title="How to check it">
        <p>
          Anybody who has the file can check it offline: that no byte was changed, that each label has its
          author chain, and that the certificate was signed by this installation's key. Exit status 0 means
          that everything holds; the first bad place is named otherwise.
        </p>
        <CopyText text={`countersign verify ${data.file_name}`} label="command" />
      </Panel>
    </div>
  );
}
