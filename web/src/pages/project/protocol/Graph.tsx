/** The protocol drawn: stages with what is open at each, and the ways between them. The table of stages says the same. */
import type { ProtocolFlow, Stage, StageFlow } from "@/api/types";
import { count, duration } from "@/format";
import { type GraphNode, graphOf, MOVED_UP, NODE } from "./graph";
import styles from "./protocol.module.css";

/** A duration in the largest unit that tells it: there is little room, and half an hour more or less says nothing of days. */
const brief = (seconds: number) => {
  const whole = Math.round(seconds);
  if (whole < 3_600) return duration(whole < 60 ? whole : Math.round(whole / 60) * 60);
  return whole < 172_800 ? `${Math.round(whole / 3_600)} h` : `${Math.round(whole / 86_400)} d`;
};

const spread = (flow: StageFlow | undefined, which: "wait" | "work") => {
  const found = flow?.[which];
  return found ? `${brief(found.p50)} · ${brief(found.p95)}` : null;
};

function told(node: GraphNode, flow: StageFlow | undefined): string {
  const parts = [node.title, node.who];
  if (flow) {
    parts.push(`${count(flow.waiting)} waiting`, `${count(flow.in_work)} in work`);
    if (flow.wait) parts.push(`waits ${duration(flow.wait.p50)} in the middle`);
    if (flow.work) parts.push(`takes ${duration(flow.work.p50)} in the middle`);
  }
  if (node.movesUp) parts.push(`what nobody finishes moves up ${node.movesUp}`);
  return parts.join(", ");
}

function Node({ node, flow }: { node: GraphNode; flow: StageFlow | undefined }) {
  const machine = node.kind === "prelabel" || node.kind === "compare";
  const end = node.kind === "";
  const x = end ? NODE.width / 2 : 12;
  const anchor = end ? "middle" : "start";
  const box = (
    <>
      <rect
        width={NODE.width}
        height={NODE.height}
        rx={end ? NODE.height / 2 : 8}
        className={`${styles.node} ${machine ? styles.machine : ""}`}
      />
      <text x={x} y={end ? 33 : 24} textAnchor={anchor} className={styles.nodeTitle}>
        {node.title.length > 19 ? `${node.title.slice(0, 18)}…` : node.title}
      </text>
      <text x={x} y={end ? 51 : 42} textAnchor={anchor} className={styles.nodeText}>
        {node.who}
      </text>
      {flow ? (
        <text x={12} y={61} className={styles.nodeText}>
          <tspan className={styles.number}>{count(flow.waiting)}</tspan> waiting ·{" "}
          <tspan className={styles.number}>{count(flow.in_work)}</tspan> in work
        </text>
      ) : null}
      {flow?.wait ? (
        <text x={12} y={81} className={styles.nodeText}>
          waits {spread(flow, "wait")}
        </text>
      ) : null}
      {flow?.work ? (
        <text x={12} y={99} className={styles.nodeText}>
          takes {spread(flow, "work")}
        </text>
      ) : null}
    </>
  );
  const where = `translate(${node.x} ${node.y})`;
  if (end) return <g transform={where}>{box}</g>;
  return (
    <g transform={where}>
      <a href={`#stage-${node.id}`} className={styles.nodeLink} aria-label={told(node, flow)}>
        {box}
      </a>
      {node.movesUp ? <MovesUp words={node.movesUp} /> : null}
    </g>
  );
}

/** Where what nobody finishes in time goes, below its stage. */
function MovesUp({ words }: { words: string }) {
  const x = (NODE.width - MOVED_UP.width) / 2;
  return (
    <g transform={`translate(${x} ${NODE.height + MOVED_UP.below})`}>
      <rect
        width={MOVED_UP.width}
        height={MOVED_UP.height}
        rx={MOVED_UP.height / 2}
        className={`${styles.node} ${styles.machine}`}
      />
      <text x={MOVED_UP.width / 2} y={17} textAnchor="middle" className={styles.nodeText}>
        {words}
      </text>
    </g>
  );
}

export function Graph({ stages, flow }: { stages: Stage[]; flow: ProtocolFlow | undefined }) {
  const graph = graphOf(stages);
  return (
    <section className={styles.graph} aria-label="The stages, drawn">
      <svg
        viewBox={`0 0 ${graph.width} ${graph.height}`}
        style={{ width: graph.width, height: graph.height }}
        data-testid="protocol-graph"
      >
        <title>Stages of the protocol. The table below says the same in words.</title>
        <defs>
          <marker
            id="flow-arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0.500L7 4L0 7.500z" className={styles.arrow} />
          </marker>
        </defs>
        {graph.edges.map((edge) => (
          <g key={edge.id}>
            <path d={edge.d} className={`${styles.edge} ${styles[edge.kind]}`} markerEnd="url(#flow-arrow)" />
            {edge.label ? (
              <text x={edge.labelX} y={edge.labelY} textAnchor="middle" className={styles.edgeText}>
                {edge.label}
              </text>
            ) : null}
          </g>
        ))}
        {graph.nodes.map((node) => (
          <Node key={node.id} node={node} flow={flow?.stages.find((row) => row.stage === node.id)} />
        ))}
      </svg>
    </section>
  );
}

/** The cells of a stage in the table: what the drawing shows, and the times in full. */
export function FlowCells({ flow }: { flow: StageFlow | undefined }) {
  return (
    <>
      <td className="num">{flow ? count(flow.waiting) : "–"}</td>
      <td className="num">{flow ? count(flow.in_work) : "–"}</td>
      <td className="num">{spread(flow, "wait") ?? "–"}</td>
      <td className="num">{spread(flow, "work") ?? "–"}</td>
    </>
  );
}
