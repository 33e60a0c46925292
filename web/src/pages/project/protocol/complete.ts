/**
 * What may be written at a place of a protocol document, from its JSON Schema. The document is read by its
 * indentation only: while somebody types it is seldom whole.
 */
import type { ProtocolSchema, SchemaNode } from "@/api/protocols";

export type Suggestion = { text: string; insert: string; detail: string };
export type Completion = {
  /** Where what is replaced begins, in characters of the text. */
  from: number;
  suggestions: Suggestion[];
};

/** Most suggestions that are shown. */
const SHOWN_MAX = 40;
const LINE = /^( *)(- +)?(?:([A-Za-z_][A-Za-z0-9_]*):(?:\s+(.*))?)?/;

type Line = { indent: number; dash: boolean; at: number; key: string | null; value: string };

function lineOf(text: string): Line {
  const match = LINE.exec(text);
  const indent = match?.[1]?.length ?? 0;
  const dash = match?.[2]?.length ?? 0;
  return {
    indent,
    dash: dash > 0,
    at: indent + dash,
    key: match?.[3] ?? null,
    value: (match?.[4] ?? "").replace(/#.*$/, "").trim(),
  };
}

/** The keys that lead to a line of this indentation, outermost first; `[]` stands for an entry of a list. */
export function pathAbove(lines: string[], index: number, at: number, dashIndent: number | null): string[] {
  const path: string[] = [];
  let limit = at;
  let list = dashIndent;
  if (list !== null) path.unshift("[]");
  for (let i = index - 1; i >= 0; i -= 1) {
    const text = lines[i] ?? "";
    if (!text.trim() || text.trim().startsWith("#")) continue;
    const line = lineOf(text);
    if (list === null && line.dash && line.at === limit) {
      list = line.indent;
      path.unshift("[]");
      continue;
    }
    const parent = line.key && !line.value;
    const above = list === null ? line.at < limit : line.at <= list && !(line.dash && line.indent === list);
    if (!above) continue;
    if (parent && line.key) path.unshift(line.key);
    limit = line.at;
    list = line.dash ? line.indent : null;
    if (line.dash) path.unshift("[]");
    if (limit === 0) break;
  }
  return path;
}

function resolve(schema: ProtocolSchema, node: SchemaNode | undefined): SchemaNode[] {
  if (!node) return [];
  if (node.$ref) {
    const name = node.$ref.split("/").pop() ?? "";
    return resolve(schema, schema.$defs[name]).map((found) => ({
      ...found,
      description: node.description ?? found.description,
    }));
  }
  if (node.oneOf) return node.oneOf.flatMap((choice) => resolve(schema, choice));
  return [node];
}

function at(schema: ProtocolSchema, path: string[]): SchemaNode[] {
  let nodes = resolve(schema, schema);
  for (const step of path) {
    nodes = nodes.flatMap((node) => resolve(schema, step === "[]" ? node.items : node.properties?.[step]));
  }
  return nodes;
}

const firstSentence = (text: string | undefined) => (text ?? "").split("\n")[0] ?? "";

function keys(schema: ProtocolSchema, path: string[]): Suggestion[] {
  return at(schema, path).flatMap((node) =>
    Object.entries(node.properties ?? {}).map(([key, property]) => ({
      text: key,
      insert: `${key}: `,
      detail: firstSentence(
        property.description ?? property.oneOf?.find((choice) => choice.description)?.description,
      ),
    })),
  );
}

function values(schema: ProtocolSchema, path: string[]): Suggestion[] {
  return at(schema, path).flatMap((node) => {
    const words = node.type === "boolean" ? ["true", "false"] : (node.enum ?? []);
    return words.map((word) => ({ text: word, insert: word, detail: firstSentence(node.description) }));
  });
}

/** What may stand at the caret; `null` where nothing is known. */
export function complete(schema: ProtocolSchema, text: string, caret: number): Completion | null {
  const start = text.lastIndexOf("\n", caret - 1) + 1;
  const before = text.slice(start, caret);
  const lines = text.slice(0, start).split("\n");
  const index = lines.length - 1;
  const { indent, dash, at: column } = lineOf(before);
  const path = pathAbove(lines, index, column, dash ? indent : null);
  const value = /^ *(?:- +)?([A-Za-z_]\w*): +(\w*)$/.exec(before);
  const key = /^ *(?:- +)?(\w*)$/.exec(before);
  const word = value?.[2] ?? key?.[1] ?? null;
  if (word === null) return null;
  const all = value ? values(schema, [...path, value[1] ?? ""]) : keys(schema, path);
  const seen = new Set<string>();
  const suggestions = all.filter((one) => {
    const fits = one.text.startsWith(word) && one.text !== word && !seen.has(one.text);
    seen.add(one.text);
    return fits;
  });
  if (suggestions.length === 0) return null;
  return { from: caret - word.length, suggestions: suggestions.slice(0, SHOWN_MAX) };
}
