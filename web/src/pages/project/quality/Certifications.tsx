/** Certified sets of labels: what needs somebody first, how the bound stands, what was stated. */
import { Button, Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type Certification, certificationsQuery, findingsQuery, useCertify } from "@/api/quality";
import { takesTwo, useMakeRelease } from "@/api/releases";
import type { Project } from "@/api/types";
import { count, plural } from "@/format";
import { At, CopyText, FactList, type FactRow, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { AuditDesk } from "./AuditDesk";
import { BoundBar } from "./BoundBar";
import { Freeze } from "./Freeze";
import {
  allowed,
  atMost,
  boundWords,
  confidence,
  isWithdrawn,
  KIND_WORDS,
  STOP_WORDS,
  standing,
} from "./words";

export type Rights = { certify: boolean; judge: boolean; release: boolean };

function Draw({ project, certification }: { project: Project; certification: Certification }) {
  const { draw } = useCertify(project.id);
  const [words, setWords] = useState("");
  return (
    <div className="stack tight">
      <div className="row">
        <TextInput
          label="Words of your own"
          description="Optional: dice, a headline. They are added to noise that is drawn now"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          maxLength={200}
        />
        <Button onClick={() => draw.mutate({ id: certification.id, words })} loading={draw.isPending}>
          Draw the order of the audit
        </Button>
      </div>
      <Refused error={draw.error} />
    </div>
  );
}

function Classes({ project, certification }: { project: Project; certification: Certification }) {
  if (certification.classes.length === 0) return null;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Class</th>
            <th>Among</th>
            <th className="num">Judged</th>
            <th className="num">Wrong</th>
            <th>Bound</th>
          </tr>
        </thead>
        <tbody>
          {certification.classes.map((one) => (
            <tr key={`${one.class} ${one.among}`}>
              <td>{project.protocol.classes.find((known) => known.id === one.class)?.name ?? one.class}</td>
              <td>{one.among === "all" ? "all items" : "items labelled with it"}</td>
              <td className="num">{one.bound ? count(one.bound.checked) : "–"}</td>
              <td className="num">{one.bound ? count(one.bound.found) : "–"}</td>
              <td>{one.bound ? boundWords(one.bound) : "no item is of it"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Findings({ project, audit }: { project: Project; audit: string }) {
  const findings = useQuery(findingsQuery(project.id, audit));
  if (findings.isPending) return <Loading lines={3} />;
  if (findings.isError) return <Failed error={findings.error} retry={() => findings.refetch()} />;
  if (findings.data.length === 0) return <p className="dim">Nothing was judged yet.</p>;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th className="num">Place</th>
            <th>Item</th>
            <th>Verdict</th>
            <th>Auditor</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {findings.data.map((one) => (
            <tr key={one.position}>
              <td className="num">{count(one.position + 1)}</td>
              <td>
                <Link to="/items/$itemId" params={{ itemId: one.item }}>
                  Open
                </Link>
              </td>
              <td className="wrap">
                <Status tone={one.counted > 0 ? "bad" : "ok"} mark={one.counted > 0 ? "cross" : "square"}>
                  {one.counted > 0 ? "Wrong" : "Right"}
                </Status>
                {one.errors.map((error) => ` ${KIND_WORDS[error.kind]} (${error.class})`).join(";")}
                {one.comment ? ` “${one.comment}”` : ""}
                {one.in_bound ? "" : " · not counted: an item before it is not judged"}
              </td>
              <td>{one.auditor}</td>
              <td>
                <At micros={one.judged_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ReleaseIt({ project, certification }: { project: Project; certification: Certification }) {
  const make = useMakeRelease(project.id);
  const navigate = useNavigate();
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState(certification.name);
  const [components, setComponents] = useState(NO_COMPONENTS);
  const byTwo = takesTwo(project.protocol);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(
      {
        name: name.trim(),
        items: "all_accepted",
        audience: "internal",
        certification: certification.id,
        ...asSigned(components),
      },
      { onSuccess: (made) => navigate({ to: "/releases/$releaseId", params: { releaseId: made.id } }) },
    );
  };
  return (
    <>
      <Button onClick={() => setOpened(true)}>Release this set…</Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Release the certified set">
        <form onSubmit={submit} className="stack">
          <p>
            The items go out as they were frozen; those found wrong stay out while they are held. The package
            holds the certificate, the order, every finding and the proofs, and anybody can work them out
            again.
          </p>
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <SigningFields
            values={components}
            onChange={setComponents}
            error={make.error}
            description={
              byTwo
                ? "Signs the list of items; somebody else has to countersign the release"
                : "Signs the list of items; no author of what is in it may"
            }
            testid="begin"
          />
          <Refused error={make.error} />
          <Button type="submit" loading={make.isPending} disabled={!name.trim() || !areComplete(components)}>
            {byTwo ? "Begin the release" : "Make the release"}
          </Button>
        </form>
      </Modal>
    </>
  );
}

function facts(one: Certification): FactRow[] {
  const rows: FactRow[] = [
    [
      "Judged",
      `${count(one.checked)} of ${count(one.units)} ${one.unit_word} in the order; at most ${count(one.sample_max)}`,
    ],
    ["Wrong", `${count(one.found)} of ${count(one.checked)} judged`],
    ["Left out", one.not_assessed > 0 ? `${plural(one.not_assessed, "item")} that cannot be assessed` : null],
    ["Target", `${atMost(one.target)} with ${confidence(one.confidence)} confidence`],
    ["Reference", one.reference],
    ["Counts as an error", `${one.error} (${one.counts.map((kind) => KIND_WORDS[kind]).join("; ")})`],
  ];
  if (one.earlier > 0)
    rows.push([
      "Audited before",
      `${plural(one.earlier, "audit")} of labels in this set ${one.earlier === 1 ? "was" : "were"} begun before. ` +
        `Of an allowed error of ${allowed(1 - one.confidence)} they left ${allowed(one.allowed)}, so that the confidence ` +
        `holds whichever certificate is shown`,
    ]);
  if (one.overall) {
    rows.push(["Bound over all", boundWords(one.overall)]);
    rows.push(["Left if mended", `at most ${count(one.overall.left)} of ${count(one.units)}`]);
  }
  if (one.severity) rows.push(["Mean severity", `at most ${one.severity.upper.toFixed(4)} of 1`]);
  if (one.bounds && one.bounds > 1)
    rows.push(["Bounds together", `${count(one.bounds)} share the allowed error`]);
  return rows;
}

/** An audit ends with what was judged; where nothing was, the set is withdrawn and nothing is stated about it. */
function EndIt({ project, certification }: { project: Project; certification: Certification }) {
  const { end } = useCertify(project.id);
  const [asked, setAsked] = useState(false);
  const isJudged = Boolean(certification.overall);
  return (
    <>
      <Button variant="default" onClick={() => setAsked(true)}>
        {isJudged ? "End the audit here…" : "Withdraw…"}
      </Button>
      <ReasonDialog
        opened={asked}
        title={isJudged ? "End the audit" : "Withdraw the set"}
        confirm={isJudged ? "End and certify" : "Withdraw"}
        danger={!isJudged}
        pending={end.isPending}
        error={end.error}
        onClose={() => setAsked(false)}
        onConfirm={({ reason }) =>
          end.mutate({ id: certification.id, reason }, { onSuccess: () => setAsked(false) })
        }
      >
        <p>
          {isJudged
            ? "The bound holds whenever an audit ends; what was judged so far is certified."
            : "Nothing was judged, and nothing will be stated about these labels. Whoever was given an item of it sees labels again, and the labels can be frozen anew."}
        </p>
      </ReasonDialog>
    </>
  );
}

/** What keeps a bound where it stands though more is judged. */
function Gap({ project, audit }: { project: string; audit: string }) {
  const found = useQuery(findingsQuery(project, audit));
  const beyond = found.data?.filter((one) => !one.in_bound).length ?? 0;
  return (
    <p className="dim">
      An item that is recalled, sent back into work or rejected meanwhile cannot be judged while it is not
      accepted. What is judged after its place in the order does not count yet, and the bound stands still
      there
      {beyond > 0 ? `: ${plural(beyond, "judged item waits", "judged items wait")} behind such a gap` : ""}.
      If it does not come back, end the audit with what counts.
    </p>
  );
}

function One({
  project,
  certification,
  rights,
}: {
  project: Project;
  certification: Certification;
  rights: Rights;
}) {
  const look = standing(certification);
  const auditing = certification.state === "auditing";
  return (
    <Panel
      title={certification.name}
      aside={
        <span className="row tight">
          <Status tone={look.tone} mark={look.mark}>
            {look.word}
          </Status>
          <span className="dim">
            frozen <At micros={certification.frozen_at} /> · {certification.opened_by}
          </span>
        </span>
      }
    >
      {certification.statement ? (
        <blockquote data-testid="statement">{certification.statement}</blockquote>
      ) : null}
      {certification.stop && !isWithdrawn(certification) ? (
        <p className="dim">
          The audit ended because {STOP_WORDS[certification.stop] ?? certification.stop}
          {certification.auditors.length > 0
            ? `; judged by ${certification.auditors.map((one) => `${one.printed_name} (${one.units})`).join(", ")}`
            : ""}
          .
        </p>
      ) : null}
      <BoundBar certification={certification} />
      <FactList rows={facts(certification)} />
      <Classes project={project} certification={certification} />
      {certification.state === "frozen" && rights.certify ? (
        <Draw project={project} certification={certification} />
      ) : null}
      {auditing && rights.judge ? (
        <AuditDesk project={project} audit={certification.id} open kind="certifications" />
      ) : null}
      {auditing ? <Gap project={project.id} audit={certification.id} /> : null}
      <div className="row">
        {rights.certify && (auditing || certification.state === "frozen") ? (
          <EndIt project={project} certification={certification} />
        ) : null}
        {certification.state === "closed" && rights.release ? (
          <ReleaseIt project={project} certification={certification} />
        ) : null}
      </div>
      <details>
        <summary>What was judged ({count(certification.checked)})</summary>
        <Findings project={project} audit={certification.id} />
      </details>
      <details>
        <summary>How the order was drawn</summary>
        <p>
          The root is over {plural(certification.units, "item")} as they were frozen. The seed is SHA-256 over
          this root and noise that was drawn after it was in the log. Items are judged in the order of SHA-256
          over the seed and their ids: anybody can work it out again, nobody could choose it.
        </p>
        <CopyText text={certification.root} label="the root" />
        {certification.seed ? <CopyText text={certification.seed} label="the seed" /> : null}
      </details>
    </Panel>
  );
}

export function Certifications({ project, rights }: { project: Project; rights: Rights }) {
  const found = useQuery(certificationsQuery(project.id));
  const [freezing, setFreezing] = useState(false);
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  return (
    <div className="stack">
      {rights.certify ? (
        <Panel title="Certify labels">
          {freezing ? (
            <Freeze project={project} onDone={() => setFreezing(false)} />
          ) : (
            <div className="row">
              <Button onClick={() => setFreezing(true)}>Freeze a set…</Button>
              <span className="dim">
                Accepted items are frozen, judged blind in a random order, and the share of wrong ones is
                bounded.
              </span>
            </div>
          )}
        </Panel>
      ) : null}
      {found.data.length === 0 ? (
        <Note>
          No set of labels was certified yet: nothing is stated about how many of them may be wrong.
        </Note>
      ) : null}
      {found.data.map((one) => (
        <One key={one.id} project={project} certification={one} rights={rights} />
      ))}
    </div>
  );
}
