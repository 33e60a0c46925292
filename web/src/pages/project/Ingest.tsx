/** Bringing data in: drop, see it go, see what was refused and why, see earlier ingests. */
import { Button, FileButton, Modal, Progress } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { ingestQuery, ingestsQuery, type NamedFile, type Upload, upload } from "@/api/ingests";
import { ApiProblem } from "@/api/problem";
import type { Ingest, IngestRefusal, IngestResult } from "@/api/types";
import { bytes, count, duration, plural, title } from "@/format";
import { At, Panel } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { fileRefusal } from "@/refusals";
import { filesOfDrop, filesOfInput, Meter, totalBytes } from "./files";
import styles from "./Ingest.module.css";
import { useProject } from "./Project";

function Refusals({ rows }: { rows: IngestRefusal[] }) {
  if (rows.length === 0) return <p className="dim">Every file was taken in.</p>;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>File</th>
            <th>Why</th>
            <th>Place</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.name}/${row.code}/${row.offset}`}>
              <td className="wrap">{row.name}</td>
              <td>
                {fileRefusal(row.code)} <code className="dim">{row.code}</code>
                {row.message ? <div className="dim wrap">{row.message}</div> : null}
              </td>
              <td className="dim">
                {row.offset === null || row.offset === undefined ? "–" : `byte ${count(row.offset)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Figures({ ingest }: { ingest: Ingest }) {
  const figures: [string, number][] = [
    ["files", ingest.files],
    ["stored", ingest.stored],
    ["known already", ingest.known],
    ["refused", ingest.refused],
  ];
  return (
    <div className={styles.figures}>
      {figures.map(([label, value]) => (
        <div key={label}>
          <b>{count(value ?? 0)}</b>
          <span className="dim">{label}</span>
        </div>
      ))}
    </div>
  );
}

type Sending = { files: number; total: number; sent: number; rate: number | null; left: number | null };

function Sender({ sending, onCancel }: { sending: Sending; onCancel: () => void }) {
  const arrived = sending.sent >= sending.total;
  const percent = sending.total > 0 ? Math.min(100, (sending.sent / sending.total) * 100) : 0;
  return (
    <Panel
      title={arrived ? "Checking what arrived" : `Sending ${plural(sending.files, "file")}`}
      aside={
        <Button variant="default" onClick={onCancel}>
          Stop
        </Button>
      }
    >
      <Progress value={percent} animated={arrived} aria-label="Upload" />
      <div className="spread">
        <span role="status">
          {bytes(sending.sent)} of {bytes(sending.total)} ({Math.floor(percent)} %)
        </span>
        <span className="dim">
          {arrived
            ? "The server opens and checks each file"
            : sending.rate === null
              ? "measuring the rate…"
              : `${bytes(sending.rate)}/s, ${sending.left === null ? "" : `${duration(sending.left)} left`}`}
        </span>
      </div>
    </Panel>
  );
}

/** One upload at a time; the result stays until the next one begins. */
function useUpload(project: string) {
  const client = useQueryClient();
  const running = useRef<Upload | null>(null);
  const [sending, setSending] = useState<Sending | null>(null);
  const [result, setResult] = useState<IngestResult | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => () => running.current?.cancel(), []);

  const start = async (files: NamedFile[]) => {
    if (files.length === 0 || running.current) return;
    const total = totalBytes(files);
    const meter = new Meter();
    meter.add(performance.now(), 0);
    setResult(null);
    setError(null);
    setSending({ files: files.length, total, sent: 0, rate: null, left: null });
    running.current = upload(project, files, (sent) => {
      meter.add(performance.now(), sent);
      // The request is a little longer than the files: names and boundaries travel too.
      setSending({
        files: files.length,
        total,
        sent: Math.min(sent, total),
        rate: meter.rate(),
        left: meter.secondsLeft(total),
      });
    });
    try {
      setResult(await running.current.done);
    } catch (caught) {
      if (!(caught instanceof ApiProblem && caught.code === "cancelled")) setError(caught);
    } finally {
      running.current = null;
      setSending(null);
      client.invalidateQueries({ queryKey: ["ingests", project] });
      client.invalidateQueries({ queryKey: ["projects", project] });
    }
  };
  return { sending, result, error, setError, start, cancel: () => running.current?.cancel() };
}

function Drop({
  onFiles,
  onError,
}: {
  onFiles: (files: NamedFile[]) => void;
  onError: (error: unknown) => void;
}) {
  const [over, setOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const take = async (get: () => NamedFile[] | Promise<NamedFile[]>) => {
    try {
      onFiles(await get());
    } catch (error) {
      onError(error);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const { dataTransfer } = event;
    take(() => filesOfDrop(dataTransfer));
  };
  useEffect(() => {
    // React does not know this attribute; without it the chooser takes files, not folders.
    folder.current?.setAttribute("webkitdirectory", "");
  }, []);
  return (
    <section
      className={`${styles.drop} ${over ? styles.over : ""}`}
      aria-label="Upload"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="upload" size={26} />
      <h2>Drop files, folders or a zip here</h2>
      <p className="dim">
        DICOM, with tables (CSV, TSV) about the same patients; KITTI drives, inspection pairs, PNG and JPEG.
        The same file twice is stored once. Everything lies in quarantine until it is clean.
      </p>
      <div className="row">
        <FileButton multiple onChange={(files) => take(() => filesOfInput(files))}>
          {(props) => <Button {...props}>Choose files</Button>}
        </FileButton>
        <Button variant="default" onClick={() => folder.current?.click()}>
          Choose a folder
        </Button>
      </div>
      <input
        ref={folder}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          take(() => filesOfInput(chosen));
        }}
      />
    </section>
  );
}

function PastIngest({ project, id, onClose }: { project: string; id: string; onClose: () => void }) {
  const ingest = useQuery(ingestQuery(project, id));
  return (
    <Modal opened onClose={onClose} title="Ingest" size="xl">
      {ingest.isPending ? (
        <Loading lines={3} />
      ) : ingest.isError ? (
        <Failed error={ingest.error} retry={() => ingest.refetch()} />
      ) : (
        <div className="stack">
          <Figures ingest={ingest.data} />
          {ingest.data.progress.jobs_open > 0 ? (
            <p role="status">
              {plural(ingest.data.progress.jobs_open, "step")} still to do behind the scenes.
            </p>
          ) : null}
          <Refusals rows={ingest.data.refusals} />
        </div>
      )}
    </Modal>
  );
}

function Past({ project }: { project: string }) {
  const past = useQuery(ingestsQuery(project));
  const [open, setOpen] = useState<string | null>(null);
  if (past.isPending) return <Loading lines={3} />;
  if (past.isError) return <Failed error={past.error} retry={() => past.refetch()} />;
  if (past.data.length === 0) return <Empty title="No ingest yet">What you bring in is listed here.</Empty>;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Started</th>
            <th>State</th>
            <th className="num">Files</th>
            <th className="num">Stored</th>
            <th className="num">Known</th>
            <th className="num">Refused</th>
            <th className="num">Size</th>
          </tr>
        </thead>
        <tbody>
          {past.data.map((ingest) => (
            <tr key={ingest.id}>
              <td>
                <button type="button" className={table.link} onClick={() => setOpen(ingest.id)}>
                  <At micros={ingest.started_at} />
                </button>
              </td>
              <td>{title(ingest.state)}</td>
              <td className="num">{count(ingest.files)}</td>
              <td className="num">{count(ingest.stored)}</td>
              <td className="num">{count(ingest.known)}</td>
              <td className="num">{count(ingest.refused)}</td>
              <td className="num">{bytes(ingest.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {open ? <PastIngest project={project} id={open} onClose={() => setOpen(null)} /> : null}
    </div>
  );
}

export default function IngestPage() {
  const project = useProject();
  const { sending, result, error, setError, start, cancel } = useUpload(project.id);
  return (
    <div className="stack loose">
      {sending ? <Sender sending={sending} onCancel={cancel} /> : <Drop onFiles={start} onError={setError} />}
      <Refused error={error} />
      {result ? (
        <Panel title={`Done: ${plural(result.items, "item")} in quarantine`}>
          <Figures ingest={result.ingest} />
          {result.records > 0 ? (
            <p>
              {plural(result.records, "table or text", "tables and texts")} went to the gate: rows of a table
              join the studies of the same patients once it is clean.
            </p>
          ) : null}
          <Refusals rows={result.refusals} />
        </Panel>
      ) : null}
      <section className="stack tight">
        <h2>Earlier ingests</h2>
        <Past project={project.id} />
      </section>
    </div>
  );
}
