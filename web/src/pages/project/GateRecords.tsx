/** Tables and texts beside the images: what was done to each or why it stays. Nobody is shown what stands in them. */
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { recordFilesQuery } from "@/api/gate";
import type { RecordFile } from "@/api/types";
import { bytes, count, plural, words } from "@/format";
import { At, FactList, Hash, Panel, Status } from "@/parts/bits";
import { Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";
import { gateReason } from "@/refusals";

const STATES: Record<string, { tone: "dim" | "ok" | "warn" | "bad"; mark: string; word: string }> = {
  waiting: { tone: "dim", mark: "ring", word: "Waits for the gate" },
  cleaned: { tone: "ok", mark: "square", word: "Cleaned to its rows" },
  kept: { tone: "warn", mark: "diamond", word: "Stays in quarantine" },
  erased: { tone: "dim", mark: "cross", word: "Erased" },
};

function State({ state }: { state: string }) {
  const look = STATES[state] ?? { tone: "dim" as const, mark: "ring", word: words(state) };
  return (
    <Status tone={look.tone} mark={look.mark}>
      {look.word}
    </Status>
  );
}

/** Where a table stays for: people count lines as their programs do, the first with the names. */
export function placeWords(file: Pick<RecordFile, "row" | "column">): string {
  const line = typeof file.row === "number" ? `line ${count(file.row + 1)}` : "";
  const column = typeof file.column === "number" ? `column ${count(file.column)}` : "";
  return [line, column].filter(Boolean).join(", ");
}

type ColumnDone = [name: string, action: string | { one_of: string[] }, changed: number];

function Evidence({ file }: { file: RecordFile }) {
  const report = file.report as { columns: ColumnDone[]; searched: number } | null | undefined;
  if (!report) return null;
  return (
    <details>
      <summary>{plural(report.columns.length, "column")}</summary>
      <FactList
        rows={[
          ...report.columns.map(([name, action, changed]): [string, string] => [
            name,
            `${typeof action === "string" ? words(action) : `one of ${action.one_of.length}`}; ${plural(changed, "value")} changed`,
          ]),
          ["Looked for in what stays", plural(report.searched, "value")],
          ["Protocol version", file.protocol_version ? String(file.protocol_version) : ""],
          ["Cleaned table", file.hash_after ? <Hash key="after" value={file.hash_after} /> : ""],
        ]}
      />
    </details>
  );
}

function Outcome({ file }: { file: RecordFile }) {
  if (file.state === "cleaned") {
    return (
      <>
        {plural(file.rows, "row")}, {count(file.joined)} about studies that are here
        {file.bytes === 0 ? (
          <div className="dim">The file was destroyed with one of its patients.</div>
        ) : null}
        <Evidence file={file} />
      </>
    );
  }
  const place = placeWords(file);
  return file.reason ? (
    <>
      {gateReason(file.reason)}
      {place ? <span className="dim"> ({place})</span> : null}
    </>
  ) : null;
}

export function GateRecords({ project }: { project: string }) {
  const found = useInfiniteQuery(recordFilesQuery(project));
  if (found.isPending) return <Loading lines={2} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const files = found.data.pages.flatMap((page) => page.items);
  if (files.length === 0) return null;
  return (
    <Panel title="Tables and texts" aside={<span className="dim">nobody is shown what stands in them</span>}>
      <div className={table.scroll}>
        <table className={table.table} data-testid="record-files">
          <thead>
            <tr>
              <th>Came</th>
              <th>File</th>
              <th>State</th>
              <th>What came of it</th>
            </tr>
          </thead>
          <tbody>
            {files.map((file) => (
              <tr key={file.id}>
                <td>
                  <At micros={file.came_at} />
                </td>
                <td>
                  {file.kind === "table" ? "Table" : "Text"}
                  {file.bytes > 0 ? <span className="dim"> · {bytes(file.bytes)}</span> : null}
                </td>
                <td>
                  <State state={file.state} />
                </td>
                <td>
                  <Outcome file={file} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.hasNextPage ? (
        <Button variant="default" size="compact-sm" onClick={() => found.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
    </Panel>
  );
}
