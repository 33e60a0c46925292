/**
 * The little Markdown that guidelines use: headings, lists, paragraphs, bold, italics, code. Everything becomes
 * text nodes, never HTML, so that a guideline cannot bring script into the page.
 */
import { Fragment, type ReactNode } from "react";

type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "paragraph"; text: string };

export function blocks(source: string): Block[] {
  const out: Block[] = [];
  let joined = false;
  for (const line of source.split(/\r?\n/)) {
    const text = line.trim();
    const heading = /^(#{1,4})\s+(.*)$/.exec(text);
    const item = /^(?:[-*]|(\d+)[.)])\s+(.*)$/.exec(text);
    const last = out.at(-1);
    if (text === "") {
      joined = false;
    } else if (heading) {
      out.push({ kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" });
      joined = false;
    } else if (item) {
      const ordered = item[1] !== undefined;
      if (last?.kind === "list" && last.ordered === ordered) last.items.push(item[2] ?? "");
      else out.push({ kind: "list", ordered, items: [item[2] ?? ""] });
      joined = true;
    } else if (joined && last?.kind === "paragraph") {
      last.text += ` ${text}`;
    } else if (joined && last?.kind === "list") {
      last.items.push(`${last.items.pop() ?? ""} ${text}`);
    } else {
      out.push({ kind: "paragraph", text });
      joined = true;
    }
  }
  return out;
}

function inline(text: string): ReactNode[] {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`|\*[^*\s][^*]*\*)/g).map((part, index) => {
    const key = `${index}:${part}`;
    if (part.startsWith("**") && part.length > 4) return <strong key={key}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("`") && part.length > 2) return <code key={key}>{part.slice(1, -1)}</code>;
    if (part.startsWith("*") && part.length > 2) return <em key={key}>{part.slice(1, -1)}</em>;
    return <Fragment key={key}>{part}</Fragment>;
  });
}

export function Markdown({ source }: { source: string }) {
  return (
    <>
      {blocks(source).map((block, index) => {
        const key = `${index}:${block.kind}`;
        if (block.kind === "heading") {
          // The page has its own h1 and h2; a guideline's headings go below them.
          return block.level <= 1 ? (
            <h3 key={key}>{inline(block.text)}</h3>
          ) : (
            <h4 key={key}>{inline(block.text)}</h4>
          );
        }
        if (block.kind === "paragraph") return <p key={key}>{inline(block.text)}</p>;
        const rows = block.items.map((item, row) => <li key={`${row}:${item}`}>{inline(item)}</li>);
        return block.ordered ? <ol key={key}>{rows}</ol> : <ul key={key}>{rows}</ul>;
      })}
    </>
  );
}
