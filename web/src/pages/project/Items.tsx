/** The items of a project: filters in the address, rows fetched as one scrolls. */
import { Button, Checkbox, Select, Switch, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { frameThumbUrl, itemsQuery, type ShownFor } from "@/api/items";
import type { ItemRow, Project } from "@/api/types";
import { count, measure, plural } from "@/format";
import { ALL_PHASES, At, PhaseMark, phaseWord } from "@/parts/bits";
import { Empty, Failed, Loading } from "@/parts/States";
import { stageTitle } from "@/parts/stage";
import table from "@/parts/table.module.css";
import { useWindowedRows } from "@/parts/useWindowedRows";
import { type ItemSearch, readFilter } from "./filter";
import styles from "./Items.module.css";
import { useProject } from "./Project";

/** Height of one row in CSS pixels; fixed, so that the place of every row is known. Same as in table.module.css. */
const ROW_PX = 36;
/** Pause in typing before the list is asked again, in milliseconds. */
const TYPING_MS = 300;

type FieldProps = {
  label: string;
  placeholder?: string;
  wide?: boolean;
  decimal?: boolean;
  value: string | number | undefined;
  onChange: (text: string) => void;
};

/** Keeps what is being typed; takes over what the address says as soon as nobody types (back button, clearing). */
function Field({ label, placeholder, wide, decimal, value, onChange }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const given = String(value ?? "");
  const [text, setText] = useState(given);
  const later = useDebouncedCallback(onChange, TYPING_MS);
  useEffect(() => {
    if (document.activeElement !== input.current) setText(given);
  }, [given]);
  return (
    <TextInput
      ref={input}
      className={wide ? styles.wide : styles.narrow}
      label={label}
      placeholder={placeholder}
      inputMode={decimal ? "decimal" : undefined}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value);
      }}
    />
  );
}

function Filters({ project, filter }: { project: Project; filter: ItemSearch }) {
  const navigate = useNavigate();
  // Texts go in as typed; readFilter makes numbers of them and drops what does not fit.
  const set = (change: Record<string, unknown>) =>
    navigate({
      to: "/projects/$projectId/items",
      params: { projectId: project.id },
      search: readFilter({ ...filter, ...change }),
      replace: true,
    });
  const field = (name: keyof ItemSearch, label: string, more: Partial<FieldProps> = {}) => (
    <Field
      label={label}
      value={filter[name] as string | number | undefined}
      onChange={(text) => set({ [name]: text })}
      {...more}
    />
  );
  return (
    <search className={styles.filters}>
      {field("q", "Name", { placeholder: "part of the name", wide: true })}
      <Select
        className={styles.wide}
        label="State"
        placeholder="any"
        data={ALL_PHASES.map((phase) => ({ value: phase, label: phaseWord(phase) }))}
        value={filter.phase ?? null}
        onChange={(phase) => set({ phase })}
        clearable
      />
      {project.kind === "study" ? (
        <>
          {field("modality", "Modality", {
            placeholder: "CT, MR",
            onChange: (text) => set({ modality: text.toUpperCase() }),
          })}
          {field("ctdi_min", "CTDIvol from", { placeholder: "mGy", decimal: true })}
          {field("ctdi_max", "CTDIvol to", { placeholder: "mGy", decimal: true })}
          {field("thickness_max", "Slices up to", { placeholder: "mm", decimal: true })}
        </>
      ) : null}
      {project.kind === "part" ? field("lot", "Lot") : null}
      <Checkbox
        label="Newest first"
        checked={filter.sort === "newest"}
        onChange={(event) => set({ sort: event.currentTarget.checked ? "newest" : undefined })}
        pb={7}
      />
      <Checkbox
        label="On hold"
        checked={filter.held ?? false}
        onChange={(event) => set({ held: event.currentTarget.checked })}
        pb={7}
      />
      {Object.keys(filter).length > 0 ? (
        <Button
          variant="subtle"
          onClick={() =>
            navigate({ to: "/projects/$projectId/items", params: { projectId: project.id }, search: {} })
          }
        >
          Clear filter
        </Button>
      ) : null}
    </search>
  );
}

function Columns({ project, pictures }: { project: Project; pictures: boolean }) {
  return (
    <tr>
      {pictures ? <th>Picture</th> : null}
      <th>Item</th>
      <th>State</th>
      <th>Stage</th>
      {project.kind === "study" ? (
        <>
          <th>Modality</th>
          <th className="num">CTDIvol</th>
          <th className="num">Slice</th>
        </>
      ) : null}
      {project.kind === "part" ? <th>Lot</th> : null}
      <th className="num">Frames</th>
      <th>Changed</th>
    </tr>
  );
}

/** The first frame, where the person may see it and it is a picture; a dash otherwise. */
function Thumb({ item, purpose }: { item: string; purpose: ShownFor }) {
  const [failed, setFailed] = useState(false);
  if (failed) return <span className="dim">–</span>;
  return (
    <img
      className={styles.thumb}
      src={frameThumbUrl(item, 0, 0, purpose)}
      alt=""
      loading="lazy"
      onError={() => setFailed(true)}
    />
  );
}

type RowProps = { item: ItemRow; project: Project; pictures: boolean; purpose: ShownFor };

function Row({ item, project, pictures, purpose }: RowProps) {
  const { facts } = item;
  return (
    <tr>
      {pictures ? (
        <td>
          <Thumb item={item.id} purpose={purpose} />
        </td>
      ) : null}
      <td>
        <Link to="/items/$itemId" params={{ itemId: item.id }}>
          {item.name}
        </Link>
      </td>
      <td>
        <PhaseMark phase={item.phase} held={item.held} cannotAssess={item.cannot_assess} />
      </td>
      <td className="dim">{stageTitle(project.protocol, item.stage)}</td>
      {project.kind === "study" ? (
        <>
          <td>{facts.modality ?? "–"}</td>
          <td className="num">{measure(facts.ctdi_vol_mgy, "mGy")}</td>
          <td className="num">{measure(facts.slice_thickness_mm, "mm")}</td>
        </>
      ) : null}
      {project.kind === "part" ? <td>{facts.lot ?? "–"}</td> : null}
      <td className="num">{count(facts.frames ?? 0)}</td>
      <td className="dim">
        <At micros={item.updated_at} />
      </td>
    </tr>
  );
}

export default function Items() {
  const project = useProject();
  const filter = useSearch({ from: "/projects/$projectId/items" });
  const items = useInfiniteQuery(itemsQuery(project.id, filter));
  const [pictures, setPictures] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const rows = items.data?.pages.flatMap((page) => page.items) ?? [];
  const view = useWindowedRows(box, ROW_PX, rows.length);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = items;
  const nearEnd = view.to >= rows.length - 20;
  useEffect(() => {
    if (nearEnd && hasNextPage && !isFetchingNextPage) fetchNextPage();
  }, [nearEnd, hasNextPage, isFetchingNextPage, fetchNextPage]);

  return (
    <div className="stack">
      <div className="spread">
        <Filters project={project} filter={filter} />
        <Switch
          label="Show pictures"
          description="Each one shown is recorded"
          checked={pictures}
          onChange={(event) => setPictures(event.currentTarget.checked)}
        />
      </div>
      {items.isError ? (
        <Failed error={items.error} retry={() => items.refetch()} />
      ) : items.isPending ? (
        <Loading lines={10} />
      ) : rows.length === 0 ? (
        Object.keys(filter).length > 0 ? (
          <Empty title="No item fits this filter">Widen or clear the filter above.</Empty>
        ) : (
          <Empty title="No items yet">
            Items appear here when data came in, or, for readers, when they have claimed one.
          </Empty>
        )
      ) : null}
      <div className={table.scroll} hidden={rows.length === 0}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
        <section ref={box} className={table.window} tabIndex={0} aria-label="Items">
          <table className={table.table} aria-rowcount={hasNextPage ? -1 : rows.length}>
            <thead>
              <Columns project={project} pictures={pictures} />
            </thead>
            <tbody>
              {view.beforePx > 0 ? <tr style={{ height: view.beforePx }} /> : null}
              {rows.slice(view.from, view.to).map((item) => (
                <Row
                  key={item.id}
                  item={item}
                  project={project}
                  pictures={pictures}
                  purpose={Object.keys(filter).length > 0 ? "search" : "grid"}
                />
              ))}
              {view.afterPx > 0 ? <tr style={{ height: view.afterPx }} /> : null}
            </tbody>
          </table>
        </section>
      </div>
      <p className={`dim ${styles.foot}`} role="status">
        {rows.length === 0
          ? ""
          : `${plural(rows.length, "item")}${hasNextPage ? (isFetchingNextPage ? ", loading more…" : " loaded, more below") : ""}`}
      </p>
    </div>
  );
}
