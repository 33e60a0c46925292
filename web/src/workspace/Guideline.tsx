import type { ReactNode } from "react";
import { Fragment } from "react";
import styles from "./Side.module.css";

/** The protocol's guideline: headings, paragraphs, lists, bold, italics and code. Everything else stays text. */
export function Guideline({ text, version }: { text: string; version: number }) {
  return (
    <article className={styles.guideline}>
      <p className="dim">Version {version}</p>
      {blocks(text).map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change while it is shown
        <Fragment key={index}>{render(block)}</Fragment>
      ))}
    </article>
  );
}

export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "list"; items: string[]; ordered: boolean };

/** Splits Markdown into the blocks that guidelines use. */
export function blocks(text: string): Block[] {
  const result: Block[] = [];
  for (const part of text.replaceAll("\r", "").split(/\n\s*\n/)) {
    let paragraph: string[] = [];
    let list: { kind: "list"; items: string[]; ordered: boolean } | null = null;
    const end = () => {
      if (paragraph.length > 0) result.push({ kind: "paragraph", text: paragraph.join(" ") });
      paragraph = [];
    };
    for (const line of part.split("\n")) {
      const heading = /^(#{1,4})\s+(.*)$/.exec(line);
      const item = /^\s*(?:[-*]|(\d+)\.)\s+(.*)$/.exec(line);
      if (heading) {
        end();
        list = null;
        result.push({ kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" });
      } else if (item) {
        end();
        if (!list) {
          list = { kind: "list", items: [], ordered: item[1] !== undefined };
          result.push(list);
        }
        list.items.push(item[2] ?? "");
      } else if (list && line.startsWith(" ")) {
        list.items.push(`${list.items.pop() ?? ""} ${line.trim()}`);
      } else if (line.trim()) {
        list = null;
        paragraph.push(line.trim());
      }
    }
    end();
  }
  return result;
}

function render(block: Block): ReactNode {
  if (block.kind === "heading")
    return block.level <= 1 ? <h2>{inline(block.text)}</h2> : <h3>{inline(block.text)}</h3>;
  if (block.kind === "paragraph") return <p>{inline(block.text)}</p>;
  const items = block.items.map((item) => <li key={item}>{inline(item)}</li>);
  return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
}

function inline(text: string): ReactNode[] {
  return text.split(/(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`)/).map((part, index) => {
    const key = `${index}${part}`;
    if (part.startsWith("**")) return <strong key={key}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("*") && part.length > 2) return <em key={key}>{part.slice(1, -1)}</em>;
    if (part.startsWith("`")) return <code key={key}>{part.slice(1, -1)}</code>;
    return part;
  });
}
