import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { HomeCard } from "@/api/types";
import { byRole, primaryOf } from "@/pages/Home";
import { AuthorMark, PhaseMark } from "./bits";
import { keyName, typing } from "./keys";
import { blocks, Markdown } from "./Markdown";
import { stageTitle } from "./stage";

describe("markdown", () => {
  it("reads headings, lists that run on, and paragraphs", () => {
    expect(blocks("# A\ntext\nmore\n\n- one\n  two\n- three\n\n1. first\n\nend")).toEqual([
      { kind: "heading", level: 1, text: "A" },
      { kind: "paragraph", text: "text more" },
      { kind: "list", ordered: false, items: ["one two", "three"] },
      { kind: "list", ordered: true, items: ["first"] },
      { kind: "paragraph", text: "end" },
    ]);
  });
  it("never makes HTML of what it is given", () => {
    const { container } = render(<Markdown source={"<img src=x onerror=alert(1)> **b** `<i>`"} />);
    expect(container.querySelector("img, i")).toBeNull();
    expect(container.querySelector("strong")?.textContent).toBe("b");
    expect(container.textContent).toContain("<img src=x onerror=alert(1)>");
  });
});

describe("marks", () => {
  it("tell a model from a person by word, not only by outline", () => {
    render(<AuthorMark author={{ kind: "model", name: "clusters", version: "2.1" }} />);
    expect(screen.getByText(/Model clusters 2.1/)).toBeTruthy();
  });
  it("show state and hold in words", () => {
    render(<PhaseMark phase="accepted" held />);
    expect(screen.getByText("Accepted")).toBeTruthy();
    expect(screen.getByText("On hold")).toBeTruthy();
  });
});

describe("keys", () => {
  it("names a key by its place, modifiers in one order", () => {
    const key = { code: "KeyZ", ctrlKey: false, metaKey: true, altKey: true, shiftKey: true };
    expect(keyName(key)).toBe("Ctrl+Alt+Shift+KeyZ");
    expect(keyName({ ...key, metaKey: false, altKey: false, shiftKey: false })).toBe("KeyZ");
  });
  it("leaves fields and dialogues alone", () => {
    document.body.innerHTML =
      '<input id="a"><div role="dialog"><button id="b"></button></div><button id="c"></button>';
    const is = (id: string) => typing(document.getElementById(id));
    expect([is("a"), is("b"), is("c"), typing(null)]).toEqual([true, true, false, false]);
  });
});

describe("start page", () => {
  const card = (role: HomeCard["role"], kind: string, n: number): HomeCard => ({
    role,
    kind,
    count: n,
    project: "p",
    project_name: "P",
    title: kind,
    href: "/",
  });
  it("puts begun work first and empty queues last, role by role", () => {
    const groups = byRole([
      card("annotator", "claim", 9),
      card("reviewer", "claim", 0),
      card("annotator", "continue", 1),
      card("reviewer", "holds", 2),
    ]);
    expect(groups.map((group) => [group.role, group.cards.map((one) => one.kind)])).toEqual([
      ["annotator", ["continue", "claim"]],
      ["reviewer", ["holds", "claim"]],
    ]);
    expect(primaryOf(groups)?.kind).toBe("continue");
  });
  it("lets one button stand out: what waits before what is always there", () => {
    const of = (...cards: HomeCard[]) => primaryOf(byRole(cards))?.kind;
    expect(
      of(card("owner", "manage", 0), card("reviewer", "claim", 3), card("annotator", "findings", 1)),
    ).toBe("findings");
    expect(of(card("owner", "manage", 0), card("reviewer", "claim", 0))).toBe("manage");
    expect(of(card("reviewer", "claim", 0))).toBeUndefined();
    expect(of(card("reviewer", "continue", 1), card("quality_engineer", "overdue", 2))).toBe("overdue");
  });
});

describe("stage titles", () => {
  const protocol = { stages: [{ id: "read", title: "First read" }] } as never;
  it("takes an index, an id, or nothing", () => {
    expect([stageTitle(protocol, 0), stageTitle(protocol, "read"), stageTitle(protocol, null)]).toEqual([
      "First read",
      "First read",
      "–",
    ]);
    expect(stageTitle(protocol, "gone")).toBe("gone");
  });
});
