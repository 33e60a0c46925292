/** The protocol as a document: an owner writes the next version, sees faults at their lines and what changes, and signs. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import {
  checkQuery,
  protocolQuery,
  schemaQuery,
  templatesQuery,
  usePutProtocol,
  versionQuery,
  versionsQuery,
} from "@/api/protocols";
import type { CheckedDraft, ProtocolDocument, ProtocolFault, ProtocolVersion } from "@/api/types";
import { plural } from "@/format";
import { At, FactList, Hash, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { SignedAct } from "@/parts/SignedAct";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";
import { FieldChanges, LineChanges } from "./protocol/Changes";
import { useDraft, withVersion } from "./protocol/draft";
import { Editor, goTo } from "./protocol/Editor";
import { Impact } from "./protocol/Impact";
import { Planned } from "./protocol/Planned";
import styles from "./protocol/protocol.module.css";

/** How long nothing is typed before a draft is checked, milliseconds. */
const CHECK_AFTER_MS = 400;
const FAULTS = "protocol-faults";

function Faults({ checked, onGo }: { checked: CheckedDraft; onGo: (fault: ProtocolFault) => void }) {
  const row = (fault: ProtocolFault, warning: boolean) => (
    <li key={`${fault.line}/${fault.path}/${fault.code}`}>
      <button type="button" className={warning ? styles.warning : undefined} onClick={() => onGo(fault)}>
        <strong>Line {fault.line}</strong>{" "}
        {fault.path ? <span className={styles.code}>{fault.path}</span> : null}
        <div>{fault.message}</div>
      </button>
    </li>
  );
  return (
    <div className="stack tight" id={FAULTS} role="status">
      <div>
        {checked.faults.length === 0
          ? "No fault found."
          : `${plural(checked.faults.length, "fault")}: it cannot come into force.`}
      </div>
      <ul className={styles.faults}>
        {checked.faults.map((fault) => row(fault, false))}
        {checked.warnings.map((fault) => row(fault, true))}
      </ul>
    </div>
  );
}

function Templates({ onTake }: { onTake: (document: string) => void }) {
  const templates = useQuery(templatesQuery).data ?? [];
  return (
    <NativeSelect
      label="Begin from a protocol that ships"
      description="Replaces the draft; undo brings nothing back"
      data={[{ value: "", label: "…" }, ...templates.map(({ id, title }) => ({ value: id, label: title }))]}
      value=""
      onChange={(event) => {
        const found = templates.find((one) => one.id === event.currentTarget.value);
        if (found) onTake(found.document);
      }}
    />
  );
}

function DraftDesk({ project, inForce }: { project: string; inForce: ProtocolDocument }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const { draft, change, drop } = useDraft(project, inForce);
  const [asked, setAsked] = useState(false);
  const [from, setFrom] = useState("");
  const [text] = useDebouncedValue(draft.text, CHECK_AFTER_MS);
  const checked = useQuery({ ...checkQuery(project, text), placeholderData: (before) => before });
  const schema = useQuery(schemaQuery).data;
  const put = usePutProtocol(project);
  const late = draft.against !== inForce.version;
  const settled = text === draft.text && !checked.isFetching && !checked.isPlaceholderData;
  const faults = checked.data?.faults ?? [];
  const same = checked.data?.changes.length === 0 && faults.length === 0;
  const write = (next: string) => change({ ...draft, text: next });
  const sign = ({ reason, ...components }: { reason: string; login?: string; password: string }) =>
    put.mutate(
      {
        against: draft.against,
        document: draft.text,
        ...components,
        reason: reason || null,
        effective_at: from ? Date.parse(`${from}Z`) * 1_000 : null,
      },
      {
        onSuccess: ({ version }) => {
          setAsked(false);
          setFrom("");
          // What waits for its time is not in force: the draft stays what it is.
          if (!from) drop({ against: version, text: withVersion(draft.text, version + 1) });
        },
      },
    );
  return (
    <div className="stack">
      {late ? (
        <Note
          tone="warn"
          action={
            <Button
              variant="default"
              onClick={() =>
                change({ against: inForce.version, text: withVersion(draft.text, inForce.version + 1) })
              }
            >
              Go on from version {inForce.version}
            </Button>
          }
        >
          This draft was written against version {draft.against}; version {inForce.version} is in force now.
          Compare below before you go on.
        </Note>
      ) : null}
      <div className={styles.columns}>
        <Editor
          field={field}
          text={draft.text}
          onText={write}
          readOnly={false}
          faults={faults}
          schema={schema}
          describedBy={FAULTS}
        />
        <div className="stack">
          <Refused error={checked.error} />
          {checked.data ? (
            <Faults checked={checked.data} onGo={(fault) => goTo(field.current, fault.line, fault.column)} />
          ) : null}
          <div className="row">
            <Button
              disabled={!settled || faults.length > 0 || same || late || Boolean(inForce.planned)}
              onClick={() => setAsked(true)}
            >
              Put into force…
            </Button>
            <Button variant="default" onClick={() => drop()}>
              Throw the draft away
            </Button>
          </div>
          <p className="dim">
            Completion opens as you type, or with Ctrl+Space. What is under way finishes under the version
            that it began with.
          </p>
          <Templates
            onTake={(document) =>
              write(withVersion(document, draft.against + 1).replace(/^id:.*$/m, `id: ${inForce.id}`))
            }
          />
        </div>
      </div>
      <Panel title={`What the draft changes against version ${inForce.version}`}>
        {faults.length > 0 && checked.data?.changes.length === 0 ? (
          <p className="dim">Fields are compared once the faults are mended.</p>
        ) : (
          <FieldChanges changes={checked.data?.changes ?? []} />
        )}
        <LineChanges before={inForce.document} after={draft.text} />
      </Panel>
      {checked.data?.impact ? (
        <Panel title="What it would do now">
          <Impact impact={checked.data.impact} />
        </Panel>
      ) : null}
      <ReasonDialog
        opened={asked}
        title={`Put version ${draft.against + 1} into force`}
        confirm="Sign and put into force"
        signed
        withoutReason={!checked.data?.deviation && !from}
        pending={put.isPending}
        error={put.error}
        onClose={() => setAsked(false)}
        onConfirm={sign}
      >
        <p>
          New items run under it from {from ? "then" : "now"} on. You approve it with your name and the time;
          the seed of its samples is drawn and recorded.
        </p>
        <TextInput
          type="datetime-local"
          label="In force from (UTC)"
          description="Empty: at once. Dated ahead it waits, and can be withdrawn until then"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        {checked.data?.deviation ? (
          <Note tone="warn">
            Work has begun. This departs from the protocol that was fixed before the first read; say why.
          </Note>
        ) : null}
      </ReasonDialog>
    </div>
  );
}

/** Who signed a version; where nobody did, whether somebody has to. */
function Signed({ version, proof }: { version: ProtocolVersion; proof: boolean }) {
  const { signature } = version;
  if (version.void) {
    return (
      <>
        {signature ? <SignedAct act={signature} proof={proof} /> : null}{" "}
        <Status tone="bad" mark="cross">
          Void: content changed
        </Status>
      </>
    );
  }
  if (signature) return <SignedAct act={signature} proof={proof} />;
  if (version.before_signing) return <>nobody; in force since before signing was asked for</>;
  return <>{version.in_force ? "nobody yet" : "nobody"}</>;
}

function Versions({
  versions,
  chosen,
  onChoose,
}: {
  versions: ProtocolVersion[];
  chosen: number | null;
  onChoose: (version: number) => void;
}) {
  const { has_proofs } = useProject();
  const told = versions.some((version) => version.deviation !== undefined);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Version</th>
            <th>In force since</th>
            <th>By</th>
            <th>Signed</th>
            {told ? <th>Why</th> : null}
            <th>Hash</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one) => (
            <tr key={one.version}>
              <td>
                <Button
                  size="compact-xs"
                  variant={chosen === one.version ? "filled" : "default"}
                  aria-pressed={chosen === one.version}
                  onClick={() => onChoose(one.version)}
                >
                  Version {one.version}
                </Button>
                {one.in_force ? " in force" : ""}
              </td>
              <td>
                <At micros={one.created_at} />
              </td>
              <td>{one.created_by ?? "the program"}</td>
              <td>
                <Signed version={one} proof={has_proofs} />
              </td>
              {told ? (
                <td>
                  {one.deviation ? "Deviation: " : ""}
                  {one.reason ?? ""}
                </td>
              ) : null}
              <td>
                <Hash value={one.content_hash} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function VersionText({ project, version }: { project: string; version: number }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const found = useQuery(versionQuery(project, version));
  const before = useQuery({ ...versionQuery(project, version - 1), enabled: version > 1 });
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  return (
    <div className="stack">
      {found.data.seed ? (
        <FactList
          rows={[
            [
              "Seed of its samples",
              <span key="seed" className={styles.code}>
                {found.data.seed}
              </span>,
            ],
          ]}
        />
      ) : null}
      <Editor
        field={field}
        text={found.data.document}
        onText={() => {}}
        readOnly
        faults={[]}
        schema={undefined}
      />
      {version > 1 ? (
        <>
          <h3>Against version {version - 1}</h3>
          <FieldChanges changes={found.data.changes} />
          {before.data ? <LineChanges before={before.data.document} after={found.data.document} /> : null}
        </>
      ) : null}
    </div>
  );
}

export default function ProtocolEditor() {
  const project = useProject();
  const inForce = useQuery(protocolQuery(project.id));
  const versions = useQuery(versionsQuery(project.id)).data ?? [];
  const [chosen, setChosen] = useState<number | null>(null);
  if (inForce.isPending) return <Loading />;
  if (inForce.isError) return <Failed error={inForce.error} retry={() => inForce.refetch()} />;
  const { may_change: mayChange, version } = inForce.data;
  const shown = chosen ?? (mayChange ? null : version);
  return (
    <div className="stack loose">
      <div className="spread">
        <h2>{mayChange ? "The next version" : "The protocol as a document"}</h2>
        <Link to="/projects/$projectId/protocol" params={{ projectId: project.id }}>
          Protocol in force
        </Link>
      </div>
      <Planned project={project.id} inForce={inForce.data} />
      {mayChange ? (
        <DraftDesk project={project.id} inForce={inForce.data} />
      ) : (
        <Note>You read it here; an owner of the project writes the next version.</Note>
      )}
      <Panel title="Versions">
        <Versions versions={versions} chosen={shown} onChoose={setChosen} />
        {shown === null ? null : <VersionText project={project.id} version={shown} />}
      </Panel>
    </div>
  );
}
