/** Certificates as people see them: a table, and the word on the start page that one of theirs ends. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { myQualificationsQuery, paperUrl, type Qualification } from "@/api/qualifications";
import { plural } from "@/format";
import { At, Hash, Status } from "./bits";
import { Note } from "./States";
import table from "./table.module.css";

const LOOKS: Record<
  Qualification["state"],
  { tone: "ok" | "warn" | "bad" | "dim"; mark: string; word: string }
> = {
  valid: { tone: "ok", mark: "square", word: "Valid" },
  expiring: { tone: "warn", mark: "triangle", word: "Ends soon" },
  not_yet: { tone: "dim", mark: "ring", word: "Not yet" },
  expired: { tone: "bad", mark: "cross", word: "Ended" },
  revoked: { tone: "bad", mark: "cross", word: "Revoked" },
};

/** From which day before its end on somebody is reminded of a certificate. */
const URGENT_DAYS = 7;

/** Names as protocols write them, as people read them. */
export const qualificationName = (name: string) => name.replaceAll("_", " ");

const PAPERS: Record<string, string> = {
  "application/pdf": "PDF",
  "image/png": "PNG",
  "image/jpeg": "JPEG",
};

/** The document, where it is kept here: given as a file, or said to be there. */
function Paper({ row, mayTake }: { row: Qualification; mayTake: boolean }) {
  if (!row.paper) return null;
  const kind = PAPERS[row.paper] ?? row.paper;
  return (
    <p className="dim">
      {mayTake ? (
        <a href={paperUrl(row.id)} download aria-label={`Document of ${row.name} of ${row.printed_name}`}>
          Document ({kind})
        </a>
      ) : (
        `document (${kind}) kept here`
      )}
    </p>
  );
}

export function CertificateTable({
  rows,
  people,
  mayTake = () => true,
  act,
}: {
  rows: Qualification[];
  people?: boolean;
  /** Whether the document of a certificate is given to the caller; of their own, always. */
  mayTake?: (row: Qualification) => boolean;
  act?: (row: Qualification) => ReactNode;
}) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            {people ? <th>Person</th> : null}
            <th>Qualification</th>
            <th>State</th>
            <th>Until</th>
            <th className="num">Score</th>
            <th>Vouched for by</th>
            <th>Evidence</th>
            <th>Counts</th>
            {act ? (
              <th>
                <span className="sr-only">Actions</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              {people ? <td>{row.printed_name}</td> : null}
              <td>
                <code>{row.name}</code>
              </td>
              <td>
                <Status tone={LOOKS[row.state].tone} mark={LOOKS[row.state].mark}>
                  {LOOKS[row.state].word}
                </Status>
                {row.revoke_reason ? <p className="dim">“{row.revoke_reason}”</p> : null}
              </td>
              <td>
                <At micros={row.valid_until} />
                {row.state === "expiring" ? (
                  <span className="dim"> in {plural(row.days_left, "day")}</span>
                ) : null}
              </td>
              <td className="num">{row.score === null || row.score === undefined ? "–" : row.score}</td>
              <td>
                {row.issuer}
                {row.issued_by ? <span className="dim"> entered by {row.issued_by}</span> : null}
              </td>
              <td>
                {row.evidence_reference ?? ""} {row.evidence_hash ? <Hash value={row.evidence_hash} /> : null}
                <Paper row={row} mayTake={mayTake(row)} />
              </td>
              <td className="dim">{row.project_name ?? "everywhere"}</td>
              {act ? <td className="num">{act(row)}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Those that somebody has to hear of: what ends within a month, and what has ended with nothing in its place. */
export function ending(rows: Qualification[]): Qualification[] {
  const counts = (row: Qualification) => row.state === "valid" || row.state === "expiring";
  return rows.filter((row) => {
    if (row.state !== "expiring" && row.state !== "expired") return false;
    return !rows.some(
      (other) =>
        other.id !== row.id &&
        other.name === row.name &&
        counts(other) &&
        other.valid_until > row.valid_until &&
        (!other.project || other.project === row.project),
    );
  });
}

/** On the start page. */
export function EndingNotice() {
  const mine = useQuery(myQualificationsQuery);
  return ending(mine.data ?? []).map((row) => {
    const where = row.project_name ? ` in ${row.project_name}` : "";
    const name = qualificationName(row.name);
    return row.state === "expired" ? (
      <Note key={row.id} tone="warn">
        <strong>
          Your qualification “{name}”{where} has ended.
        </strong>
        <p>Tasks that ask for it are not offered to you, and you sign nothing, until it is renewed.</p>
      </Note>
    ) : (
      <Note key={row.id} tone={row.days_left <= URGENT_DAYS ? "warn" : "quiet"}>
        <strong>
          Your qualification “{name}”{where} ends in {plural(row.days_left, "day")}.
        </strong>
        <p>Have it renewed in time: tasks that ask for it are offered to nobody without it.</p>
      </Note>
    );
  });
}
