/** The privacy officer's queue: look at what de-identification could not vouch for, clear or reject it, say why. */
import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { gateEntryQuery, gateImageUrl, gateQuery, useGateDecision } from "@/api/gate";
import { useDeclarePublic } from "@/api/projects";
import { hasRole, useMe } from "@/api/session";
import type { GateEntry, GateReport, Project } from "@/api/types";
import { count, plural, words } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { FrameViewer } from "@/parts/FrameViewer";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { REASON_MAX_CHARS, ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { gateReason } from "@/refusals";
import styles from "./Gate.module.css";
import { useProject } from "./Project";

const KEYS: KeyGroup = {
  title: "Gate",
  keys: [
    { keys: "J K", does: "Next entry, entry before" },
    { keys: "1…6", does: "Take a ready-made reason" },
    { keys: "C", does: "Clear, with the reason given" },
    { keys: "R", does: "Reject, with the reason given" },
  ],
};

/** Reasons that come up again and again; typing is free besides. */
const REASONS = [
  "No person, text or plate in any frame",
  "Text is technical only",
  "Synthetic or phantom data",
  "Burned-in name or number",
  "Face can be recognised",
  "Plate can be read",
];

function Reasons({ reasons }: { reasons: string[] }) {
  return (
    <ul className="stack tight" style={{ paddingLeft: 18 }}>
      {reasons.map((reason) => (
        <li key={reason}>{gateReason(reason)}</li>
      ))}
    </ul>
  );
}

function Report({ report }: { report: GateReport }) {
  const { actions } = report;
  return (
    <div className="stack tight">
      <FactList
        rows={[
          ["Rules", report.profile],
          ["Files cleaned", count(report.assets)],
          ["Left to doubt", report.residual.map(gateReason).join("; ")],
        ]}
      />
      {actions.length > 0 ? (
        <details>
          <summary>{plural(actions.length, "kind of change", "kinds of change")}</summary>
          <div className={styles.actions}>
            <table className={table.table}>
              <tbody>
                {actions.map((action) => (
                  <tr key={`${action.tag}/${action.action}`}>
                    <td>
                      <code>{action.tag}</code>
                    </td>
                    <td>{words(action.action)}</td>
                    <td className="num dim">{count(action.count)} ×</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      ) : null}
    </div>
  );
}

function Decide({ project, entry, onDone }: { project: Project; entry: GateEntry; onDone: () => void }) {
  const decide = useGateDecision(project.id);
  const [reason, setReason] = useState("");
  const ready = reason.trim().length > 0 && !decide.isPending;
  const run = (decision: "clear" | "reject") => {
    if (ready) decide.mutate({ entry: entry.id, decision, reason: reason.trim() }, { onSuccess: onDone });
  };
  const presets = Object.fromEntries(
    REASONS.map((text, index) => [`Digit${index + 1}`, () => setReason(text)]),
  );
  useKeyHelp(KEYS);
  useKeys({ KeyC: () => run("clear"), KeyR: () => run("reject"), ...presets });
  return (
    <div className="stack tight">
      <Textarea
        label="Reason"
        description="Kept in the evidence log"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={REASON_MAX_CHARS}
        minRows={2}
        autosize
      />
      <div className={styles.presets}>
        {REASONS.map((text, index) => (
          <Button key={text} size="compact-xs" variant="default" onClick={() => setReason(text)}>
            {index + 1} · {text}
          </Button>
        ))}
      </div>
      <Refused error={decide.error} />
      <div className="row">
        <Button onClick={() => run("clear")} disabled={!ready} loading={decide.isPending}>
          Clear
        </Button>
        <Button color="red" variant="outline" onClick={() => run("reject")} disabled={!ready}>
          Reject
        </Button>
      </div>
    </div>
  );
}

function Entry({ project, id, onDone }: { project: Project; id: string; onDone: () => void }) {
  const entry = useQuery(gateEntryQuery(project.id, id));
  if (entry.isPending) return <Loading />;
  if (entry.isError) return <Failed error={entry.error} retry={() => entry.refetch()} />;
  const { data } = entry;
  return (
    <>
      {data.frames > 0 ? (
        <FrameViewer url={(frame) => gateImageUrl(id, frame)} frames={data.frames} label={data.name} />
      ) : (
        <Empty title="No picture to look at">This entry has no frames. Decide by the report.</Empty>
      )}
      <div className="stack">
        <Panel title={data.name}>
          <Reasons reasons={data.reasons} />
          <Report report={data.report} />
        </Panel>
        {data.state === "open" ? (
          <Panel title="Decision">
            <Decide project={project} entry={data} onDone={onDone} />
          </Panel>
        ) : (
          <Note>
            {data.state === "cleared" ? "Cleared" : "Rejected"} <At micros={data.decided_at} />
            {data.reason ? `: ${data.reason}` : ""}
          </Note>
        )}
      </div>
    </>
  );
}

function Declaration({ project }: { project: Project }) {
  const declare = useDeclarePublic(project.id);
  const [open, setOpen] = useState(false);
  if (project.declared_public) {
    return (
      <Note>
        This project is declared <strong>publicly released data</strong>
        {project.declared_at ? (
          <>
            {" "}
            (signed <At micros={project.declared_at} />)
          </>
        ) : null}
        . What is ingested passes the gate by itself after de-identification.
      </Note>
    );
  }
  return (
    <div className="row">
      <Button variant="default" onClick={() => setOpen(true)}>
        Declare publicly released data…
      </Button>
      <ReasonDialog
        opened={open}
        title="Declare publicly released data"
        confirm="Sign the declaration"
        signed
        withoutReason
        pending={declare.isPending}
        error={declare.error}
        onClose={() => setOpen(false)}
        onConfirm={({ password }) => declare.mutate(password, { onSuccess: () => setOpen(false) })}
      >
        <p>
          You state, with your name and this moment, that all data of <strong>{project.name}</strong> was
          publicly released before and that nobody needs to look at each image at the gate. De-identification
          still runs. This is said once and cannot be taken back.
        </p>
      </ReasonDialog>
    </div>
  );
}

function Queue({ project, entries }: { project: Project; entries: GateEntry[] }) {
  const open = entries.filter((entry) => entry.state === "open");
  const [chosen, setChosen] = useState<string | null>(null);
  const current = open.find((entry) => entry.id === chosen) ?? open[0];
  const index = current ? open.indexOf(current) : -1;
  const step = (by: number) => {
    const next = open[index + by];
    if (next) setChosen(next.id);
  };
  useKeys({ KeyJ: () => step(1), KeyK: () => step(-1) });
  if (!current) {
    return (
      <Empty title="Nothing waits at the gate">
        What de-identification cannot vouch for appears here, and only privacy officers see it.
      </Empty>
    );
  }
  return (
    <div className={styles.split}>
      <nav aria-label="Waiting at the gate">
        <h2>{plural(open.length, "entry waits", "entries wait")}</h2>
        <ul className={styles.list}>
          {open.map((entry) => (
            <li key={entry.id}>
              <button
                type="button"
                className={styles.entry}
                aria-current={entry === current}
                onClick={() => setChosen(entry.id)}
              >
                <Status tone="warn" mark="diamond">
                  {entry.name}
                </Status>
                <div className="dim">{entry.reasons.map(gateReason).join(", ")}</div>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <Entry
        key={current.id}
        project={project}
        id={current.id}
        onDone={() => setChosen(open[index + 1]?.id ?? open[index - 1]?.id ?? null)}
      />
    </div>
  );
}

export default function Gate() {
  const project = useProject();
  const me = useMe();
  const gate = useQuery(gateQuery(project.id));
  if (gate.isPending) return <Loading />;
  if (gate.isError) return <Failed error={gate.error} retry={() => gate.refetch()} />;
  return (
    <div className="stack loose">
      <Queue project={project} entries={gate.data} />
      {hasRole(me, "privacy_officer", project.id) ? <Declaration project={project} /> : null}
    </div>
  );
}
