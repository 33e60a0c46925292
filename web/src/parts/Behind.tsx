/** Numbers that open the list of what they count, and the list. */
import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Behind, type BehindItem, behindQuery, type Figure, type Part } from "@/api/behind";
import { count, plural } from "@/format";
import { Panel } from "./bits";
import { ItemTable } from "./ItemTable";
import { Failed, Loading } from "./States";
import table from "./table.module.css";

/** The figure whose items are listed, and how another one is chosen. */
export type Open = { figure: Figure | null; show: (figure: Figure | null) => void };
export function useBehind(): Open {
  const [figure, show] = useState<Figure | null>(null);
  return { figure, show };
}

/** A number that opens the list of what it counts. */
export function FigureButton({
  open,
  figure,
  children,
}: {
  open: Open;
  figure: Figure;
  children: ReactNode;
}) {
  const shown = open.figure?.key === figure.key;
  return (
    <button
      type="button"
      className={table.link}
      aria-expanded={shown}
      title={`${figure.title}: the items behind it`}
      onClick={() => open.show(shown ? null : figure)}
    >
      {children}
    </button>
  );
}

/** `12 of 588`; and how many of them are not named, or not listed, and why. */
export function behindWords(view: Pick<Behind, "rows" | "not_named" | "beyond">): string {
  const words = [plural(view.rows, "entry", "entries")];
  if (view.not_named > 0)
    words.push(
      `${count(view.not_named)} of them not named to you: you are still to work on them, judge them blind, or may not open them`,
    );
  if (view.beyond > 0) words.push(`${count(view.beyond)} more than one list takes`);
  return words.join("; ");
}

/** `2 of 14 · mass, nodule` */
export function saidOf(item: BehindItem): string {
  const words = [`${count(item.count)} of ${count(item.of)}`];
  if (item.classes.length > 0) words.push(item.classes.join(", "));
  return words.join(" · ");
}

function Rows({ figure, part }: { figure: Figure; part: Part }) {
  const found = useInfiniteQuery(behindQuery(figure, part));
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const [first] = found.data.pages;
  const items = found.data.pages.flatMap((page) => page.items);
  if (!first) return null;
  return (
    <>
      <p className="dim" data-testid="behind-count">
        {behindWords(first)}
      </p>
      {items.length > 0 ? (
        <ItemTable
          columns={["Counts"]}
          rows={items.map((item, place) => ({
            // An item may be there more than once: two reads of it, two appeals. The list only grows at its end.
            key: `${item.item}/${place}`,
            item: item.item,
            name: item.name,
            phase: item.phase,
            cells: [(figure.said ?? saidOf)(item)],
          }))}
        />
      ) : null}
      {found.hasNextPage ? (
        <Button variant="default" onClick={() => found.fetchNextPage()} loading={found.isFetchingNextPage}>
          Show more
        </Button>
      ) : null}
    </>
  );
}

function List({ figure, close }: { figure: Figure; close: () => void }) {
  const [part, setPart] = useState<Part>(figure.parts[0]?.value ?? "all");
  return (
    <Panel
      title={figure.title}
      aside={
        <Button variant="default" size="compact-sm" onClick={close}>
          Close the list
        </Button>
      }
    >
      {figure.parts.length > 1 ? (
        <SegmentedControl
          aria-label="Which items"
          value={part}
          onChange={(value) => setPart(value as Part)}
          data={figure.parts}
        />
      ) : null}
      <Rows figure={figure} part={part} />
    </Panel>
  );
}

/** The list of the figure that was chosen; nothing while none is. */
export function BehindList({ open }: { open: Open }) {
  const { figure, show } = open;
  if (!figure) return null;
  return (
    <section aria-label={`Items behind: ${figure.title}`} data-testid="behind">
      <List key={figure.key} figure={figure} close={() => show(null)} />
    </section>
  );
}
