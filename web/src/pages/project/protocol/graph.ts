/** Where the stages of a protocol stand when they are drawn, and what leads from one to the other. */
import type { Stage } from "@/api/types";
import { words } from "@/format";

export const NODE = { width: 176, height: 112 } as const;
/** The role that what nobody finishes in time moves up to, hung below its stage. */
export const MOVED_UP = { width: 160, height: 26, below: 34 } as const;
const STEP = NODE.width + 62;
const MARGIN = 16;
/** Distance of the lane of decisions below the main line. */
const LANE = 196;
/** Height of the lowest arc above the main line, what each further one adds, and room for the text on top. */
const ARC = 30;
const RETURN_STEP = 22;
const TEXT = 18;

export type GraphNode = {
  id: string;
  title: string;
  kind: string;
  who: string;
  movesUp: string;
  x: number;
  y: number;
};
export type GraphEdge = {
  id: string;
  kind: "on" | "agreed" | "disputed" | "back" | "aside" | "up";
  label: string;
  d: string;
  labelX: number;
  labelY: number;
};
export type Graph = { nodes: GraphNode[]; edges: GraphEdge[]; width: number; height: number };

const START = " gate";
const END = " accepted";

function who(stage: Stage): string {
  if (stage.kind === "prelabel") return "by a model";
  if (stage.kind === "compare") return "by a rule";
  const readers = stage.readers ?? 1;
  const most = stage.readers_max ? ` to ${stage.readers_max}` : "";
  return `${readers > 1 ? `${readers}${most} × ` : ""}${words(stage.role ?? "")}`;
}

/** To whom a task moves up, and after how long; empty where nothing does. */
function movesUp(stage: Stage): string {
  if (!stage.escalate_to) return "";
  const to = words(stage.escalate_to);
  return stage.escalate_hours ? `after ${stage.escalate_hours} h: ${to}` : `handed on: ${to}`;
}

const share = (value: number) => `${Math.round(value * 1000) / 10} %`;

type Placed = Map<string, GraphNode>;

function straight(from: GraphNode, to: GraphNode): Pick<GraphEdge, "d" | "labelX" | "labelY"> {
  const x1 = from.x + NODE.width;
  const y1 = from.y + NODE.height / 2;
  const x2 = to.x;
  const y2 = to.y + NODE.height / 2;
  const bend = (x2 - x1) / 2;
  return {
    d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
    labelX: (x1 + x2) / 2,
    labelY: (y1 + y2) / 2 - 6,
  };
}

/** An arc above the main line, from the top of one stage to the top of an earlier or later one. */
function above(from: GraphNode, to: GraphNode, height: number): Pick<GraphEdge, "d" | "labelX" | "labelY"> {
  const shift = from.x < to.x ? 20 : -20;
  const x1 = from.x + NODE.width / 2 + shift;
  const x2 = to.x + NODE.width / 2 - shift;
  const y = Math.min(from.y, to.y) - height;
  return {
    d: `M${x1} ${from.y}C${x1} ${y} ${x1} ${y} ${(x1 + x2) / 2} ${y}S${x2} ${y} ${x2} ${to.y}`,
    labelX: (x1 + x2) / 2,
    labelY: y - 4,
  };
}

const rejects = (stage: Stage) => ["review", "sample_qa", "sign"].includes(stage.kind);

function place(stages: Stage[], top: number): Placed {
  const placed: Placed = new Map();
  const put = (id: string, title: string, kind: string, by: string, low = false, up = "") => {
    const x = MARGIN + placed.size * STEP;
    placed.set(id, { id, title, kind, who: by, movesUp: up, x, y: top + (low ? LANE : 0) });
  };
  put(START, "Gate", "", "cleared items");
  for (const stage of stages)
    put(stage.id, stage.title, stage.kind, who(stage), stage.kind === "adjudicate", movesUp(stage));
  put(END, "Accepted", "", "ready for a release");
  return placed;
}

export function graphOf(stages: Stage[]): Graph {
  const top = ARC + TEXT + RETURN_STEP * stages.filter(rejects).length;
  const placed = place(stages, top);
  const nodes = [...placed.values()];
  const edges: GraphEdge[] = [];
  const add = (kind: GraphEdge["kind"], label: string, from: string, to: string, height?: number) => {
    const [a, b] = [placed.get(from), placed.get(to)];
    if (!a || !b) return;
    const shape = height === undefined ? straight(a, b) : above(a, b, height);
    edges.push({ id: `${from}>${to}>${kind}`, kind, label, ...shape });
  };
  const after = (index: number) => stages[index + 1]?.id ?? END;
  let returns = 0;
  // What is sent back goes to who decided between the reads, where somebody does, otherwise to the reader.
  const again =
    stages.find((stage) => stage.kind === "adjudicate") ?? stages.find((stage) => stage.kind === "read");
  add("on", "", START, stages[0]?.id ?? END);
  stages.forEach((stage, index) => {
    const next = stages[index + 1];
    if (stage.kind === "compare" && next?.kind === "adjudicate") {
      add("disputed", "disputed", stage.id, next.id);
      add("agreed", "agreed", stage.id, after(index + 1));
    } else if (next?.kind === "sample_qa") {
      add("on", share(next.share ?? 1), stage.id, next.id);
      const taken = next.share ?? 1;
      if (taken < 1) add("aside", `${share(1 - taken)} pass by`, stage.id, after(index + 1), ARC);
    } else {
      add("on", stage.kind === "adjudicate" ? "decided" : "", stage.id, after(index));
    }
    if (again && rejects(stage)) {
      returns += 1;
      add(
        "back",
        `rejected: ${words(stage.on_reject ?? "same_person")}`,
        stage.id,
        again.id,
        ARC + returns * RETURN_STEP,
      );
    }
  });
  for (const node of nodes.filter((one) => one.movesUp !== "")) {
    const [x, y] = [node.x + NODE.width / 2, node.y + NODE.height];
    const d = `M${x} ${y}L${x} ${y + MOVED_UP.below}`;
    edges.push({ id: `${node.id}>>up`, kind: "up", label: "", d, labelX: x, labelY: y + MOVED_UP.below });
  }
  const deepest = Math.max(
    ...nodes.map((one) => one.y + NODE.height + (one.movesUp ? MOVED_UP.below + MOVED_UP.height : 0)),
  );
  const width = MARGIN * 2 + nodes.length * STEP - (STEP - NODE.width);
  return { nodes, edges, width, height: deepest + MARGIN };
}
