/** One release: its certificate, its download, and how anybody checks it without trusting this server. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { releaseProofUrl } from "@/api/log";
import { releaseDownloadUrl, releaseQuery } from "@/api/releases";
import type { Release } from "@/api/types";
import { bytes, count, title } from "@/format";
import { At, CopyText, FactList, type FactRow, Panel } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { Failed, Loading, Note } from "@/parts/States";

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
            ["Annotations", count(data.annotations)],
            ["Root hash", data.root ? <code key="root">{data.root}</code> : null],
            ["Manifest hash", data.manifest_hash ? <code key="manifest">{data.manifest_hash}</code> : null],
          ]}
        />
      </Panel>
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
