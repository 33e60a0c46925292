/** Entering a certificate of somebody else, for a project or for every one, with the document behind it. */
import { Button, Checkbox, FileButton, FileInput, NumberInput, Select, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Qualification, useQualificationActions } from "@/api/qualifications";
import { Panel } from "@/parts/bits";
import { Refused } from "@/parts/States";

const NAME_MAX_CHARS = 40;
const ISSUER_MAX_CHARS = 200;
const REFERENCE_MAX_CHARS = 500;
/** Largest document that is kept here, bytes; the server says the same. */
const PAPER_MAX_BYTES = 8 << 20;
/** Largest document that the page reads to work out its hash, bytes. */
const DOCUMENT_MAX_BYTES = 64 << 20;
/** What is kept here, for the browser's dialogue; the server looks at the bytes. */
const PAPER_KINDS = "application/pdf,image/png,image/jpeg";

/** SHA-256 of a file, worked out here. */
async function fingerprint(file: File): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is wrong with a document, if anything. */
export function paperFault(file: { size: number; type: string } | null, kept: boolean): string | null {
  if (!file) return null;
  if (kept && !PAPER_KINDS.split(",").includes(file.type)) return "a PDF, PNG or JPEG file";
  if (kept && file.size > PAPER_MAX_BYTES) return "at most 8 MB; without keeping it here, 64 MB";
  return file.size > DOCUMENT_MAX_BYTES ? "at most 64 MB" : null;
}

export type Holder = { value: string; label: string };

export function CertificateForm({ project, people }: { project: string | null; people: Holder[] }) {
  const { issue, keep } = useQualificationActions(project);
  const [user, setUser] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [issuer, setIssuer] = useState("");
  const [until, setUntil] = useState("");
  const [score, setScore] = useState<string | number>("");
  const [reference, setReference] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [isKept, setKept] = useState(true);
  const [busy, setBusy] = useState(false);
  const fault = paperFault(file, isKept);
  const ends = Date.parse(`${until}T23:59:59Z`) * 1_000;
  const ready = user && name && issuer.trim() && Number.isFinite(ends) && !fault && !busy;
  const enter = async () => {
    if (!ready) return;
    const made = await issue.mutateAsync({
      user,
      name,
      issuer: issuer.trim(),
      valid_until: ends,
      score: score === "" ? null : Number(score),
      evidence_reference: reference.trim() || null,
      evidence_hash: file ? await fingerprint(file) : null,
    });
    setName("");
    setFile(null);
    if (file && isKept) await keep.mutateAsync({ id: made.id, file });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    // What was refused is said below the form.
    enter()
      .catch(() => {})
      .finally(() => setBusy(false));
  };
  return (
    <Panel title="Enter a certificate">
      <form onSubmit={submit} className="stack">
        <div className="row" style={{ alignItems: "flex-end" }}>
          <Select
            label="Person"
            placeholder="choose"
            searchable
            data={people}
            value={user}
            onChange={setUser}
            w={300}
          />
          <TextInput
            label="Qualification"
            description="as the protocol names it: a-z, 0-9 and _"
            placeholder="chest_ct"
            value={name}
            onChange={(event) => setName(event.currentTarget.value.toLowerCase())}
            maxLength={NAME_MAX_CHARS}
          />
          <TextInput
            label="Who vouches for it"
            placeholder="a board, a course"
            value={issuer}
            onChange={(event) => setIssuer(event.currentTarget.value)}
            maxLength={ISSUER_MAX_CHARS}
          />
          <TextInput
            label="Last day"
            type="date"
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
          <NumberInput
            label="Score, 0 to 1"
            placeholder="none"
            value={score}
            onChange={setScore}
            min={0}
            max={1}
            step={0.01}
            decimalScale={4}
            w={130}
          />
        </div>
        <div className="row" style={{ alignItems: "flex-end" }}>
          <TextInput
            label="Where the document is kept"
            placeholder="personnel file, register number"
            value={reference}
            onChange={(event) => setReference(event.currentTarget.value)}
            maxLength={REFERENCE_MAX_CHARS}
            w={300}
          />
          <FileInput
            label="Document"
            description={
              isKept
                ? "PDF, PNG or JPEG, kept here sealed"
                : "only its fingerprint is kept, the file stays here"
            }
            placeholder="choose a file"
            accept={isKept ? PAPER_KINDS : undefined}
            value={file}
            onChange={setFile}
            clearable
            error={fault}
            w={300}
          />
          <Checkbox
            label="Keep the document here"
            checked={isKept}
            onChange={(event) => setKept(event.currentTarget.checked)}
            mb={8}
          />
          <Button type="submit" disabled={!ready} loading={busy}>
            Enter certificate
          </Button>
        </div>
      </form>
      <Refused error={issue.error} />
      <Refused error={keep.error} />
    </Panel>
  );
}

/** Brings the document of a certificate that was entered without it. */
export function AddPaper({ row }: { row: Qualification }) {
  const { keep } = useQualificationActions(row.project ?? null);
  const [fault, setFault] = useState<string | null>(null);
  const take = (file: File | null) => {
    setFault(paperFault(file, true));
    if (file && !paperFault(file, true)) keep.mutate({ id: row.id, file });
  };
  return (
    <>
      <FileButton onChange={take} accept={PAPER_KINDS}>
        {(props) => (
          <Button
            {...props}
            size="compact-sm"
            variant="default"
            loading={keep.isPending}
            aria-label={`Add the document of ${row.name} of ${row.printed_name}`}
          >
            Add document…
          </Button>
        )}
      </FileButton>
      {fault ? <p role="alert">{fault}</p> : null}
      <Refused error={keep.error} />
    </>
  );
}
