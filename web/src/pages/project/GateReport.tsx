/** What was done to an item at the gate, in paths and actions; never a value. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { gateChangesQuery } from "@/api/gate";
import type { GateEntry, GatePreview, GateReport as Report } from "@/api/types";
import { count, percent, plural, words } from "@/format";
import { FactList } from "@/parts/bits";
import { Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";
import { gateReason, gateResidual } from "@/refusals";
import styles from "./Gate.module.css";

export function Reasons({ reasons }: { reasons: string[] }) {
  return (
    <ul className="stack tight" style={{ paddingLeft: 18 }}>
      {reasons.map((reason) => (
        <li key={reason}>{gateReason(reason)}</li>
      ))}
    </ul>
  );
}

const documentWords = ({ outcome }: Report["documents"][number]) =>
  outcome === "cleaned" ? "cleaned, goes on with the study" : `stays in quarantine: ${gateReason(outcome)}`;

const cameraWords = (look: NonNullable<Report["camera"]>) =>
  `${look.model} ${look.version}: ${plural(look.masks, "mask")} on ${plural(look.frames, "picture")}; hides at least ${percent(look.faces_bound)} of faces and ${percent(look.plates_bound)} of plates (${percent(look.confidence)} confidence, on your frames)`;

export function GateReport({ report, version }: { report: Report; version: number }) {
  const { actions, documents = [] } = report;
  return (
    <div className="stack tight">
      <FactList
        rows={[
          ["Rules", report.profile],
          ["Protocol version", String(version)],
          ["Files cleaned", count(report.assets)],
          ["Faces and plates", report.camera ? cameraWords(report.camera) : ""],
          ["Masks", report.masks > 0 ? count(report.masks) : ""],
          ["Stays", report.risks.map(gateReason).join("; ")],
          ["Left to doubt", report.residual.map(gateResidual).join("; ")],
          ["Reports and documents", documents.map(documentWords).join("; ")],
        ]}
      />
      {actions.length > 0 ? (
        <details>
          <summary>{plural(actions.length, "kind of change", "kinds of change")} in all files</summary>
          <div className={styles.actions}>
            <table className={table.table}>
              <tbody>
                {actions.map((action) => (
                  <tr key={`${action.tag}/${action.action}`}>
                    <td>
                      <code>{action.tag}</code>
                    </td>
                    <td>{words(action.action)}</td>
                    <td className="num dim">{count(action.count)} ×</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      ) : null}
    </div>
  );
}

/** The changed elements of one file, in its order. */
export function Changes({ preview }: { preview: GatePreview }) {
  if (preview.failed) return <p role="alert">Cannot be cleaned: {preview.failed}</p>;
  if (preview.changes.length === 0) return <p className="dim">Nothing in this file was changed.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={styles.changes} tabIndex={0} aria-label="Changed elements">
      <table className={table.table}>
        <thead>
          <tr>
            <th>Element</th>
            <th>Name</th>
            <th>Action</th>
          </tr>
        </thead>
        <tbody>
          {preview.changes.map((change, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a path can occur twice, and the list never changes
            <tr key={index}>
              <td>
                <code>{change.path}</code>
              </td>
              <td>{change.name ?? ""}</td>
              <td>{words(change.action)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {preview.more > 0 ? <p className="dim">and {count(preview.more)} more</p> : null}
    </section>
  );
}

/** The changes of the file behind the picture that is shown, on demand: it is cleaned once more for this. */
export function FileChanges({ entry, frame }: { entry: GateEntry; frame: number }) {
  const [open, setOpen] = useState(false);
  const changes = useQuery({ ...gateChangesQuery(entry.project, entry.id, frame), enabled: open });
  return (
    <div className="stack tight">
      <Button variant="default" size="compact-sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Hide what changed in this file" : "What changed in this file"}
      </Button>
      {!open ? null : changes.isPending ? (
        <Loading lines={3} />
      ) : changes.isError ? (
        <Failed error={changes.error} retry={() => changes.refetch()} />
      ) : (
        <Changes preview={changes.data} />
      )}
    </div>
  );
}
