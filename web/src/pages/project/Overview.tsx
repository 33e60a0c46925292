/** The way of the data through this project, drawn, with live numbers; and what this person can do next. */
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMe } from "@/api/session";
import { claimTask } from "@/api/tasks";
import type { Phase, Project, Role, Stage, StageCount } from "@/api/types";
import { count, plural, title, words } from "@/format";
import { At, FactList, Panel } from "@/parts/bits";
import { Empty, Note, Refused } from "@/parts/States";
import { takeUp } from "@/workspace/preload";
import styles from "./Overview.module.css";
import { useProject } from "./Project";

type StepProps = {
  project: Project;
  label: string;
  total: number;
  phase?: Phase;
  look?: string;
  children?: ReactNode;
};

function Step({ project, label, total, phase, look, children }: StepProps) {
  const number = <span className={`${styles.total} ${total === 0 ? styles.zero : ""}`}>{count(total)}</span>;
  return (
    <li className={`${styles.step} ${total > 0 ? styles.busy : ""} ${look ?? ""}`}>
      <div>{label}</div>
      {phase ? (
        <Link to="/projects/$projectId/items" params={{ projectId: project.id }} search={{ phase }}>
          {number}
        </Link>
      ) : (
        number
      )}
      {children}
    </li>
  );
}

function StageStep({
  project,
  stage,
  counts,
}: {
  project: Project;
  stage: Stage;
  counts: StageCount | undefined;
}) {
  const { ready = 0, leased = 0, done = 0 } = counts ?? {};
  const model = stage.kind === "prelabel";
  return (
    <Step
      project={project}
      label={stage.title}
      total={ready + leased}
      look={model ? styles.model : styles.human}
    >
      <dl className={styles.split}>
        <dt>ready</dt>
        <dd>{count(ready)}</dd>
        <dt>in work</dt>
        <dd>{count(leased)}</dd>
        <dt>done</dt>
        <dd>{count(done)}</dd>
      </dl>
      <div className="dim">{model ? "by a model" : words(stage.role ?? "")}</div>
    </Step>
  );
}

function Chain({ project }: { project: Project }) {
  const { by_phase: phases, by_stage: stages, gate_open: gate } = project.counts;
  const n = (phase: Phase) => phases[phase] ?? 0;
  return (
    <ol className={styles.chain} style={{ listStyle: "none", margin: 0, padding: 0 }} aria-label="Stages">
      <Step project={project} label="Quarantine" total={n("quarantined")} phase="quarantined">
        <div className="dim">{gate > 0 ? `${count(gate)} at the gate` : "nothing waits at the gate"}</div>
        {n("rejected") > 0 ? <div className="dim">{count(n("rejected"))} rejected</div> : null}
      </Step>
      {project.protocol.stages.map((stage) => (
        <StageStep
          key={stage.id}
          project={project}
          stage={stage}
          counts={stages.find((row) => row.stage === stage.id || row.title === stage.title)}
        />
      ))}
      <Step project={project} label="Accepted" total={n("accepted")} phase="accepted" />
      <Step project={project} label="Released" total={n("released")} phase="released" />
    </ol>
  );
}

/** Stages whose role this person has: each is work that can be claimed. */
function MyWork({ project }: { project: Project }) {
  const me = useMe();
  const navigate = useNavigate();
  const client = useQueryClient();
  const claim = useMutation({
    mutationFn: (role: Role) => claimTask(project.id, { role }),
    onSuccess: (work) => {
      takeUp(client, work);
      return navigate({ to: "/work/$taskId", params: { taskId: work.task.id } });
    },
  });
  const roles = new Set(
    me?.grants.filter((grant) => grant.project === project.id).map((grant) => grant.role),
  );
  const mine = project.protocol.stages.filter((stage) => stage.role && roles.has(stage.role));
  if (mine.length === 0) return null;
  return (
    <Panel title="My work here">
      <Refused error={claim.error} />
      {project.protocol_standing === "unsigned" ? (
        <p className="dim">Nothing is given out before the protocol is signed.</p>
      ) : (
        <div className="row">
          {mine.map((stage, index) => (
            <Button
              key={stage.id}
              variant={index === 0 ? "filled" : "default"}
              loading={claim.isPending && claim.variables === stage.role}
              onClick={() => stage.role && claim.mutate(stage.role)}
            >
              Claim next: {stage.title}
            </Button>
          ))}
        </div>
      )}
    </Panel>
  );
}

export default function Overview() {
  const project = useProject();
  const { counts } = project;
  const total = Object.values(counts.by_phase).reduce((sum, n) => sum + n, 0);
  return (
    <div className="stack loose">
      {counts.held > 0 ? (
        <Note
          tone="warn"
          action={
            <Link to="/projects/$projectId/items" params={{ projectId: project.id }} search={{ held: true }}>
              Show
            </Link>
          }
        >
          {plural(counts.held, "item is", "items are")} on hold and will not go into a release.
        </Note>
      ) : null}
      <Chain project={project} />
      {total === 0 ? (
        <Empty
          title="Nothing here yet"
          action={
            <Link to="/projects/$projectId/ingest" params={{ projectId: project.id }}>
              Bring data in
            </Link>
          }
        >
          Files go into quarantine first. Nobody sees them before they are clean.
        </Empty>
      ) : null}
      <div className={styles.grid}>
        <MyWork project={project} />
        <Panel title="About">
          <FactList
            rows={[
              ["Items", count(total)],
              ["Kind", title(project.kind)],
              ["Classes", count(project.protocol.classes.filter((one) => !one.retired).length)],
              [
                "Data",
                project.declared_public
                  ? "Declared publicly released"
                  : "Protected: every image passes the gate",
              ],
              ["Declared", project.declared_at ? <At key="at" micros={project.declared_at} /> : null],
              ["Created", project.created_at ? <At key="at" micros={project.created_at} /> : null],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}
