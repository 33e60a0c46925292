/** The protocol in force: its stages drawn with what is open at each, what readers are told, classes. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { flowQuery } from "@/api/protocols";
import { hasRole, useMe } from "@/api/session";
import type { AttributeKind, OntologyClass, Role, Stage, StageFlow } from "@/api/types";
import { plural, title, words } from "@/format";
import { Panel } from "@/parts/bits";
import { Markdown } from "@/parts/Markdown";
import { Swatch } from "@/parts/Swatch";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";
import { FlowCells, Graph } from "./protocol/Graph";

const takes = (kind: AttributeKind) =>
  typeof kind === "string" ? (kind === "flag" ? "yes/no" : kind) : kind.choice.join(" / ");

const SEES: Record<string, string> = {
  never: "never sees the model's draft",
  after_own_read: "sees the model's draft after the own read is locked",
  on_request: "sees the model's draft on request",
  always: "starts from the model's draft",
};

const BLIND: Record<string, string> = {
  names: "is not told who worked on it before",
  earlier_reads: "decides without seeing the reads",
};

function ClassRow({ one }: { one: OntologyClass }) {
  return (
    <tr>
      <td>
        <span className="row tight">
          <Swatch color={one.color} /> {one.name}{" "}
          {one.retired ? <span className="dim">(retired)</span> : null}
        </span>
      </td>
      <td>{one.shapes.join(", ")}</td>
      <td className="dim">
        {(one.attributes ?? [])
          .map((a) => `${a.name} (${takes(a.kind)}${a.required ? ", required" : ""})`)
          .join("; ") || "–"}
      </td>
    </tr>
  );
}

/** Whom the server tells how work moves. */
const FLOW_ROLES: Role[] = ["owner", "quality_engineer", "auditor"];

function StageRow({
  stage,
  index,
  flow,
  told,
}: {
  stage: Stage;
  index: number;
  flow: StageFlow | undefined;
  told: boolean;
}) {
  return (
    <tr id={`stage-${stage.id}`} tabIndex={-1}>
      <td className="num">{index + 1}</td>
      <td>{stage.title}</td>
      <td>{title(stage.kind)}</td>
      <td>
        {stage.role ? words(stage.role) : stage.kind === "compare" ? "a rule" : "a model"}
        {stage.qualification ? <div className="dim">holding {stage.qualification}</div> : null}
      </td>
      <td className="dim">
        {[
          stage.kind === "read" ? SEES[stage.ai_visibility ?? "after_own_read"] : null,
          (stage.readers ?? 1) > 1
            ? `${stage.readers}${stage.readers_max ? ` to ${stage.readers_max}` : ""} people, blind to each other`
            : null,
          ...(stage.blind ?? []).map((what) => BLIND[what]),
          stage.merge ? `merges by ${stage.merge}` : null,
          stage.escalate_to ? `hands on to ${words(stage.escalate_to)}` : null,
          stage.escalate_hours ? `by itself after ${stage.escalate_hours} h` : null,
          stage.share ? `looks at ${Math.round(stage.share * 1000) / 10} %` : null,
          stage.meaning ? `signs “${stage.meaning}”` : null,
          stage.role && stage.lease_minutes ? `${stage.lease_minutes} min per claim` : null,
        ]
          .filter(Boolean)
          .join("; ") || "–"}
      </td>
      {told ? <FlowCells flow={flow} /> : null}
    </tr>
  );
}

export default function ProtocolView() {
  const { protocol, id } = useProject();
  const me = useMe();
  const asks = FLOW_ROLES.some((role) => hasRole(me, role, id));
  const flow = useQuery({ ...flowQuery(id), enabled: asks, retry: false }).data;
  const told = flow !== undefined && flow.version === protocol.version;
  return (
    <div className="stack loose">
      <section className="stack tight">
        <div className="spread">
          <h2>Stages</h2>
          <Link to="/projects/$projectId/protocol/document" params={{ projectId: id }}>
            Document, versions and changes
          </Link>
        </div>
        <Graph stages={protocol.stages} flow={told ? flow : undefined} />
        {flow && flow.elsewhere > 0 ? (
          <p className="dim">
            {plural(flow.elsewhere, "open task")} more under older versions, at stages that this one does not
            have there.
          </p>
        ) : null}
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th className="num">#</th>
                <th>Stage</th>
                <th>Kind</th>
                <th>Done by</th>
                <th>Rules</th>
                {told ? (
                  <>
                    <th className="num">Waiting</th>
                    <th className="num">In work</th>
                    <th className="num">Waits (half · 95 %)</th>
                    <th className="num">Takes (half · 95 %)</th>
                  </>
                ) : null}
              </tr>
            </thead>
            <tbody>
              {protocol.stages.map((stage, index) => (
                <StageRow
                  key={stage.id}
                  stage={stage}
                  index={index}
                  flow={flow?.stages.find((row) => row.stage === stage.id)}
                  told={told}
                />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <Panel
        title={`${protocol.title}, version ${protocol.version}`}
        aside={
          <span className="dim">{protocol.rework_cap ?? 3} returns at most, then the owner decides</span>
        }
      >
        <div className="stack" style={{ maxWidth: "75ch" }}>
          <Markdown source={protocol.guideline} />
        </div>
      </Panel>
      <section className="stack tight">
        <h2>Classes</h2>
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Class</th>
                <th>Shapes</th>
                <th>Attributes</th>
              </tr>
            </thead>
            <tbody>
              {protocol.classes.map((one) => (
                <ClassRow key={one.id} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}
