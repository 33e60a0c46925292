import { describe, expect, it } from "vitest";
import type { ProtocolSchema } from "@/api/protocols";
import type { Stage } from "@/api/types";
import schemaJson from "../../../../../docs/protocol.schema.json";
import { complete } from "./complete";
import { type DiffLine, diffLines, fold } from "./diff";
import { withVersion } from "./draft";
import { graphOf, NODE } from "./graph";

const schema = schemaJson as unknown as ProtocolSchema;

/** What is suggested where the bar stands. */
function at(marked: string): string[] | null {
  const caret = marked.indexOf("|");
  const found = complete(schema, marked.replace("|", ""), caret);
  return found?.suggestions.map((one) => one.text) ?? null;
}

describe("completion", () => {
  it("knows the keys of the document, of a stage and of what is inside it", () => {
    expect(at("rew|")).toEqual(["rework_cap"]);
    expect(at("stages:\n  - id: read\n    rea|")).toEqual(["readers", "readers_max", "readers_min"]);
    expect(at("stages:\n- id: read\n  esc|")).toEqual(["escalate_hours", "escalate_to"]);
    expect(at("stages:\n  - id: compare\n    agreement:\n      surf|")).toEqual(["surface_mm", "surface_px"]);
    expect(at("classes:\n  - id: a\n    attributes:\n      - id: b\n        req|")).toEqual(["required"]);
    expect(at("classes:\n  - id: a\nstages:\n  - |")).toContain("qualification");
    expect(at("deid:\n  dat|")).toEqual(["dates"]);
  });

  it("knows the words that a key takes", () => {
    expect(at("stages:\n  - id: read\n    kind: re|")).toEqual(["read", "review"]);
    expect(at("stages:\n  - id: read\n    role: spec|")).toEqual(["specialist"]);
    expect(at("stages:\n  - kind: s|")).toEqual(["sample_qa", "sign"]);
    expect(at("classes:\n  - id: a\n    retired: |")).toEqual(["true", "false"]);
    expect(at("stages:\n  - id: c\n    agreement:\n      majority: t|")).toEqual(["true"]);
  });

  it("is silent where it knows nothing", () => {
    expect(at("title: wor|")).toBeNull();
    expect(at("guideline: |\n  rea|")).toBeNull();
    expect(at("nothing:\n  of: the\n  kin|")).toBeNull();
  });
});

const rebuilt = (lines: DiffLine[], without: DiffLine["kind"]) =>
  lines
    .filter((line) => line.kind !== without)
    .map((line) => line.text)
    .join("\n");

describe("line differences", () => {
  it("rebuild both sides, and are the fewest", () => {
    const lines = diffLines("a\nb\nc\nd", "a\nx\nc\nd\ne");
    expect(lines.map((line) => `${line.kind[0]}${line.text}`)).toEqual(["sa", "rb", "ax", "sc", "sd", "ae"]);
    expect(lines[3]).toEqual({ kind: "same", text: "c", before: 3, after: 3 });
  });

  it("hold for texts of every kind", () => {
    let state = 7;
    const next = (n: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % n;
    };
    for (let round = 0; round < 300; round += 1) {
      const text = () => Array.from({ length: next(12) }, () => "abc"[next(3)]).join("\n");
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after);
      expect(rebuilt(lines, "added")).toBe(before);
      expect(rebuilt(lines, "removed")).toBe(after);
    }
  });

  it("fold what stayed", () => {
    const many = Array.from({ length: 40 }, (_, i) => `line ${i}`);
    const changed = many.with(20, "other");
    const runs = fold(diffLines(many.join("\n"), changed.join("\n")));
    expect(runs.map((run) => ("hidden" in run ? -run.hidden.length : run.shown.length))).toEqual([
      -17, 8, -16,
    ]);
  });
});

const stages: Stage[] = [
  { id: "read", title: "Read", kind: "read", role: "annotator", readers: 2 },
  { id: "compare", title: "Compare", kind: "compare" },
  { id: "adjudicate", title: "Adjudicate", kind: "adjudicate", role: "reviewer" },
  { id: "qa", title: "Sample", kind: "sample_qa", role: "quality_engineer", share: 0.1 },
  { id: "sign", title: "Sign", kind: "sign", role: "specialist" },
];

describe("the drawing", () => {
  it("has a way for what is agreed, disputed, rejected and passed by", () => {
    const { edges } = graphOf(stages);
    const ways = edges.map((edge) => edge.id.replaceAll(" ", ""));
    expect(ways).toContain("compare>adjudicate>disputed");
    expect(ways).toContain("compare>qa>agreed");
    expect(ways).toContain("qa>adjudicate>back");
    expect(ways).toContain("sign>adjudicate>back");
    expect(ways).toContain("sign>accepted>on");
    expect(edges.find((edge) => edge.kind === "aside")?.label).toBe("90 % pass by");
  });

  it("sends back to the reader where nobody decides between reads", () => {
    const { edges } = graphOf(
      stages.filter((stage) => stage.kind !== "adjudicate" && stage.kind !== "compare"),
    );
    const back = edges.filter((edge) => edge.kind === "back").map((edge) => edge.id);
    expect(back).toEqual(["qa>read>back", "sign>read>back"]);
  });

  it("says where what nobody finishes in time goes, below its stage", () => {
    const timed = stages.map((stage) =>
      stage.id === "read" ? { ...stage, escalate_to: "reviewer" as const, escalate_hours: 24 } : stage,
    );
    const plain = graphOf(stages);
    const { nodes, edges, height } = graphOf(timed);
    expect(nodes.find((node) => node.id === "read")?.movesUp).toBe("after 24 h: reviewer");
    expect(edges.filter((edge) => edge.kind === "up").map((edge) => edge.id)).toEqual(["read>>up"]);
    expect(plain.edges.some((edge) => edge.kind === "up")).toBe(false);
    expect(height).toBeGreaterThanOrEqual(plain.height);
  });

  it("lets no two stages touch and stays inside", () => {
    const { nodes, edges, width, height } = graphOf(stages);
    nodes.forEach((node, i) => {
      expect(node.x + NODE.width).toBeLessThanOrEqual(width);
      expect(node.y + NODE.height).toBeLessThanOrEqual(height);
      for (const other of nodes.slice(i + 1)) expect(other.x - node.x).toBeGreaterThan(NODE.width);
    });
    for (const edge of edges) expect(edge.labelY).toBeGreaterThan(8);
  });
});

it("the next version's number replaces only the document's own", () => {
  const text = "id: a\nversion: 3\nguideline: |\n  version: 3\n";
  expect(withVersion(text, 4)).toBe("id: a\nversion: 4\nguideline: |\n  version: 3\n");
});
