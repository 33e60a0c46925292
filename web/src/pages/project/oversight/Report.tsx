/** What the gate did to a batch or to the whole project: rule sets, the 18 classes of identifiers, actions by path. */
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ingestsQuery } from "@/api/ingests";
import { type PrivacyReport, reportQuery } from "@/api/oversight";
import { count, plural, time, words } from "@/format";
import { FactList, Panel } from "@/parts/bits";
import { Empty, Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";

/** A rule set in one line: what it says in words of its own, or its parts. */
export function ruleWords(rules: Record<string, unknown>): string {
  const parts = Object.entries(rules).map(
    ([key, value]) => `${words(key)} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  return parts.join(", ");
}

function Classes({ report }: { report: PrivacyReport }) {
  if (report.safe_harbor.length === 0) {
    return (
      <p className="dim">
        No DICOM file was cleaned yet: the classes are counted in headers and pixels of DICOM.
      </p>
    );
  }
  return (
    <table className={table.table}>
      <caption className="sr-only">The 18 classes of identifiers of 45 CFR 164.514(b)(2)(i)</caption>
      <thead>
        <tr>
          <th>Class</th>
          <th>Identifiers</th>
          <th className="num">Found</th>
          <th className="num">Files</th>
          <th>What was done</th>
          <th>Where</th>
        </tr>
      </thead>
      <tbody>
        {report.safe_harbor.map((row) => (
          <tr key={row.class}>
            <td>{row.class}</td>
            <td>{row.title}</td>
            <td className="num">{count(row.found)}</td>
            <td className="num">{count(row.files)}</td>
            <td>{row.actions.map(words).join(", ") || <span className="dim">nothing found</span>}</td>
            <td>
              {row.places.length > 0 ? (
                <details>
                  <summary>{plural(row.places.length, "place")}</summary>
                  <ul>
                    {row.places.map((place) => (
                      <li key={place}>
                        <code>{place}</code>
                      </li>
                    ))}
                  </ul>
                </details>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Actions({ report }: { report: PrivacyReport }) {
  return (
    <details>
      <summary>{plural(report.actions.length, "kind of change", "kinds of change")}</summary>
      <table className={table.table}>
        <tbody>
          {report.actions.map((row) => (
            <tr key={`${row.path}/${row.action}`}>
              <td>
                <code>{row.path}</code>
              </td>
              <td>{words(row.action)}</td>
              <td className="num dim">{plural(row.files, "file")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

export function Report({ project }: { project: string }) {
  const [batch, setBatch] = useState<string | null>(null);
  const batches = useQuery(ingestsQuery(project));
  const report = useQuery(reportQuery(project, batch));
  const choices = (batches.data ?? []).map((run) => ({
    value: run.id,
    label: `${time(run.started_at)} · ${plural(run.files, "file")}`,
  }));
  return (
    <Panel
      title="What the gate did"
      aside={
        <NativeSelect
          aria-label="Batch"
          value={batch ?? ""}
          onChange={(event) => setBatch(event.currentTarget.value || null)}
          data={[{ value: "", label: "The whole project" }, ...choices]}
        />
      }
    >
      {report.isPending ? (
        <Loading />
      ) : report.isError ? (
        <Failed error={report.error} retry={() => report.refetch()} />
      ) : report.data.files === 0 ? (
        <Empty title="Nothing was cleaned yet">What the gate does to each file is counted here.</Empty>
      ) : (
        <>
          <FactList
            rows={[
              ["Files", count(report.data.files)],
              ["Items", count(report.data.items)],
              ["Files with masked pixels", count(report.data.masked_files)],
              ["Masked regions", count(report.data.regions)],
              ["Waiting at the gate", count(report.data.waiting)],
            ]}
          />
          {report.data.rule_sets.map((set) => (
            <p key={JSON.stringify(set.rules)} className="wrap">
              {plural(set.files, "file")} under: {ruleWords(set.rules)}
            </p>
          ))}
          <Classes report={report.data} />
          <Actions report={report.data} />
          <Note>{report.data.note}</Note>
        </>
      )}
    </Panel>
  );
}
