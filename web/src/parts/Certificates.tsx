/** Certificates that somebody manages: the table with what can be done about each, and the dialogue that takes one back. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { type Qualification, useQualificationActions } from "@/api/qualifications";
import { useMe } from "@/api/session";
import { AddPaper } from "@/parts/CertificateForm";
import { CertificateTable } from "@/parts/Qualifications";
import { ReasonDialog } from "@/parts/ReasonDialog";

/** `manages` says whether the caller enters and revokes certificates of this reach. */
export function ManagedCertificates({
  rows,
  project,
  manages,
}: {
  rows: Qualification[];
  project: string | null;
  manages: boolean;
}) {
  const me = useMe();
  const { revoke } = useQualificationActions(project);
  const [taken, setTaken] = useState<Qualification | null>(null);
  // Those that count everywhere are managed where they were entered; nobody decides about their own.
  const mine = (row: Qualification) => row.user === me?.user.id;
  const decides = (row: Qualification) =>
    manages && (row.project ?? null) === project && row.state !== "revoked" && !mine(row);
  return (
    <>
      <CertificateTable
        rows={rows}
        people
        mayTake={(row) => manages || mine(row)}
        act={(row) =>
          decides(row) ? (
            <div className="row" style={{ justifyContent: "flex-end" }}>
              {row.paper ? null : <AddPaper row={row} />}
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => setTaken(row)}
                aria-label={`Revoke ${row.name} of ${row.printed_name}`}
              >
                Revoke…
              </Button>
            </div>
          ) : null
        }
      />
      <ReasonDialog
        opened={taken !== null}
        title={`Revoke ${taken?.name ?? ""} of ${taken?.printed_name ?? ""}`}
        confirm="Revoke"
        pending={revoke.isPending}
        error={revoke.error}
        onClose={() => setTaken(null)}
        onConfirm={({ reason }) =>
          taken && revoke.mutate({ id: taken.id, reason }, { onSuccess: () => setTaken(null) })
        }
      />
    </>
  );
}
