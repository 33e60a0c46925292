/** Subjects and vault: who is in the project, by pseudonym; erasure and re-identification, which need two people. */
import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { requestsQuery, subjectsQuery, usePrivacy, vaultQuery } from "@/api/privacy";
import { hasRole, useMe } from "@/api/session";
import type { Subject } from "@/api/types";
import { bytes, count, plural, title } from "@/format";
import { At, Panel, Status } from "@/parts/bits";
import { REASON_MAX_CHARS, ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { Requests } from "./PrivacyRequests";
import { useProject } from "./Project";
import { itemIdIn, subjectName } from "./privacy";

function Vault({ project }: { project: string }) {
  const vault = useQuery(vaultQuery(project));
  if (vault.isPending) return <Loading lines={1} />;
  if (vault.isError) return <Failed error={vault.error} retry={() => vault.refetch()} />;
  const { vault_online, keyring_online, jobs_waiting } = vault.data;
  if (vault_online && keyring_online) {
    return (
      <Note>
        Vault and keyring are there. The vault holds who the pseudonyms stand for; the keyring holds the key
        of each subject.
      </Note>
    );
  }
  return (
    <Note tone="warn">
      {vault_online ? null : (
        <p>
          <strong>The vault is offline.</strong> Reading, review and release go on. What came in waits at the
          gate ({plural(jobs_waiting, "job")}), and nobody can be looked up, until it is back.
        </p>
      )}
      {keyring_online ? null : (
        <p>
          <strong>The keyring is offline.</strong> No image can be read or stored until it is back.
        </p>
      )}
    </Note>
  );
}

function Find({ project, onFound }: { project: string; onFound: (subject: Subject) => void }) {
  const { find } = usePrivacy(project);
  const [patient, setPatient] = useState("");
  const [issuer, setIssuer] = useState("");
  const [reason, setReason] = useState("");
  const ready = patient.trim().length > 0 && reason.trim().length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    find.mutate(
      { patient_id: patient.trim(), issuer: issuer.trim(), reason: reason.trim() },
      { onSuccess: onFound },
    );
  };
  return (
    <Panel title="Find a patient through the vault">
      <form onSubmit={submit} className="stack tight">
        <div className="row" style={{ alignItems: "flex-end" }}>
          <TextInput
            label="Patient ID at the source"
            value={patient}
            onChange={(event) => setPatient(event.currentTarget.value)}
            autoComplete="off"
          />
          <TextInput
            label="Issuer, if the files name one"
            value={issuer}
            onChange={(event) => setIssuer(event.currentTarget.value)}
            autoComplete="off"
          />
          <TextInput
            label="Reason"
            description="Kept in the evidence log; name nobody in it"
            value={reason}
            maxLength={REASON_MAX_CHARS}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={!ready} loading={find.isPending}>
            Find
          </Button>
        </div>
        <Refused error={find.error} />
        {find.data ? (
          <p role="status">
            This is <strong>{subjectName(find.data)}</strong>, subject #{find.data.number}, with{" "}
            {plural(find.data.items, "item")}.
          </p>
        ) : null}
      </form>
    </Panel>
  );
}

function Rows({
  subjects,
  busy,
  onErase,
}: {
  subjects: Subject[];
  busy: Set<string>;
  onErase: (s: Subject) => void;
}) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th className="num">#</th>
            <th>Subject</th>
            <th>Kind</th>
            <th className="num">Items</th>
            <th className="num">Files</th>
            <th className="num">Size</th>
            <th>First seen</th>
            <th>State</th>
            <th>
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {subjects.map((subject) => (
            <tr key={subject.id}>
              <td className="num">{subject.number}</td>
              <td>
                <code>{subjectName(subject)}</code>
              </td>
              <td>{title(subject.kind)}</td>
              <td className="num">{count(subject.items)}</td>
              <td className="num">{count(subject.files)}</td>
              <td className="num">{bytes(subject.bytes)}</td>
              <td className="dim">
                <At micros={subject.created_at} />
              </td>
              <td>
                {subject.state === "erased" ? (
                  <Status tone="dim" mark="cross">
                    Erased
                  </Status>
                ) : (
                  <Status tone="ok" mark="dot">
                    Kept
                  </Status>
                )}
              </td>
              <td className="num">
                {subject.state === "live" ? (
                  <Button
                    size="compact-sm"
                    variant="default"
                    disabled={busy.has(subject.id)}
                    onClick={() => onErase(subject)}
                    aria-label={`Ask for the erasure of ${subjectName(subject)}`}
                  >
                    {busy.has(subject.id) ? "Asked for" : "Erase…"}
                  </Button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Subjects({ project, busy }: { project: string; busy: Set<string> }) {
  // The cursors of the pages that were gone through; the last one is shown.
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  const page = useQuery(subjectsQuery(project, cursors[cursors.length - 1] ?? null));
  const [chosen, setChosen] = useState<Subject | null>(null);
  const { erase } = usePrivacy(project);
  if (page.isPending) return <Loading />;
  if (page.isError) return <Failed error={page.error} retry={() => page.refetch()} />;
  const next = page.data.next;
  return (
    <>
      <Find project={project} onFound={setChosen} />
      {page.data.items.length === 0 ? (
        <Empty title="Nobody is in here yet">Subjects appear as soon as data comes in.</Empty>
      ) : (
        <Rows subjects={page.data.items} busy={busy} onErase={setChosen} />
      )}
      <div className="row">
        {cursors.length > 1 ? (
          <Button variant="default" onClick={() => setCursors(cursors.slice(0, -1))}>
            Back
          </Button>
        ) : null}
        {next ? (
          <Button variant="default" onClick={() => setCursors([...cursors, next])}>
            More
          </Button>
        ) : null}
      </div>
      <ReasonDialog
        key={chosen?.id}
        opened={chosen !== null && chosen.state === "live"}
        title={`Ask for the erasure of ${chosen ? subjectName(chosen) : ""}`}
        confirm="Ask for erasure"
        danger
        pending={erase.isPending}
        error={erase.error}
        onClose={() => setChosen(null)}
        onConfirm={({ reason }) =>
          chosen && erase.mutate({ subject: chosen.id, reason }, { onSuccess: () => setChosen(null) })
        }
      >
        <p>
          Once another person confirms, {chosen ? plural(chosen.items, "item") : ""} and{" "}
          {chosen ? plural(chosen.files, "file") : ""} are destroyed: images, marks, reports and the way back
          to the person. Releases with them are taken back. This cannot be undone, from a backup neither. Name
          nobody in the reason.
        </p>
      </ReasonDialog>
    </>
  );
}

function Ask({ project }: { project: string }) {
  const { reidentify } = usePrivacy(project);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const item = itemIdIn(text);
  return (
    <Panel title="Learn who somebody is">
      <p className="dim">
        For a finding that must be told. Another person who did not work on the item has to agree; then you
        see it once, within half an hour.
      </p>
      <div className="row" style={{ alignItems: "flex-end" }}>
        <TextInput
          label="Item"
          description="Its id or its address"
          value={text}
          error={text.trim().length > 0 && !item ? "There is no id in this" : undefined}
          onChange={(event) => setText(event.currentTarget.value)}
          w={380}
        />
        <Button variant="default" disabled={!item} onClick={() => setOpen(true)}>
          Ask…
        </Button>
      </div>
      <ReasonDialog
        opened={open}
        title="Ask who the person in this item is"
        confirm="Ask"
        pending={reidentify.isPending}
        error={reidentify.error}
        onClose={() => setOpen(false)}
        onConfirm={({ reason }) =>
          item &&
          reidentify.mutate(
            { item, reason },
            {
              onSuccess: () => {
                setOpen(false);
                setText("");
              },
            },
          )
        }
      />
    </Panel>
  );
}

export default function SubjectsAndVault() {
  const project = useProject();
  const me = useMe();
  const requests = useQuery(requestsQuery(project.id));
  if (requests.isPending) return <Loading />;
  if (requests.isError) return <Failed error={requests.error} retry={() => requests.refetch()} />;
  const running = requests.data.filter(
    (one) => one.kind === "erasure" && (one.state === "open" || one.state === "approved"),
  );
  const officer = hasRole(me, "privacy_officer", project.id);
  return (
    <div className="stack loose">
      {officer ? <Vault project={project.id} /> : null}
      <Requests project={project.id} requests={requests.data} />
      {officer ? (
        <>
          <Ask project={project.id} />
          <section className="stack" aria-label="Subjects">
            <h2>Subjects</h2>
            <Subjects project={project.id} busy={new Set(running.map((one) => one.subject))} />
          </section>
        </>
      ) : (
        <Note>Who is in the project is for its privacy officers alone.</Note>
      )}
    </div>
  );
}
