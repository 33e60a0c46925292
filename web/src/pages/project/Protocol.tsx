/** What readers are told, in full: guideline, classes, stages. */
import type { AttributeKind, OntologyClass, Stage } from "@/api/types";
import { title, words } from "@/format";
import { Panel } from "@/parts/bits";
import { Markdown } from "@/parts/Markdown";
import { Swatch } from "@/parts/Swatch";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";

const takes = (kind: AttributeKind) =>
  typeof kind === "string" ? (kind === "flag" ? "yes/no" : kind) : kind.choice.join(" / ");

const SEES: Record<string, string> = {
  never: "never sees the model's draft",
  after_own_read: "sees the model's draft after the own read is locked",
  on_request: "sees the model's draft on request",
  always: "starts from the model's draft",
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

function StageRow({ stage, index }: { stage: Stage; index: number }) {
  return (
    <tr>
      <td className="num">{index + 1}</td>
      <td>{stage.title}</td>
      <td>{title(stage.kind)}</td>
      <td>{stage.role ? words(stage.role) : "a model"}</td>
      <td className="dim">
        {[
          stage.kind === "read" ? SEES[stage.ai_visibility ?? "after_own_read"] : null,
          stage.meaning ? `signs “${stage.meaning}”` : null,
          stage.role && stage.lease_minutes ? `${stage.lease_minutes} min per claim` : null,
        ]
          .filter(Boolean)
          .join("; ") || "–"}
      </td>
    </tr>
  );
}

export default function ProtocolView() {
  const { protocol } = useProject();
  return (
    <div className="stack loose">
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
      <section className="stack tight">
        <h2>Stages</h2>
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th className="num">#</th>
                <th>Stage</th>
                <th>Kind</th>
                <th>Done by</th>
                <th>Rules</th>
              </tr>
            </thead>
            <tbody>
              {protocol.stages.map((stage, index) => (
                <StageRow key={stage.id} stage={stage} index={index} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}
