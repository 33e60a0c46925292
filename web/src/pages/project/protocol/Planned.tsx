/** A signed version that waits for its time, and what came of one that did not come into force. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useWithdrawProtocol } from "@/api/protocols";
import type { ProtocolDocument } from "@/api/types";
import { utc } from "@/format";
import { At } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Note } from "@/parts/States";

export function Planned({ project, inForce }: { project: string; inForce: ProtocolDocument }) {
  const withdraw = useWithdrawProtocol(project);
  const [asked, setAsked] = useState(false);
  const { planned, unplanned } = inForce;
  if (!planned) {
    if (!unplanned) return null;
    return (
      <Note>
        Version {unplanned.version}, signed ahead, did not come into force (<At micros={unplanned.at} />
        ).{unplanned.reason ? ` ${unplanned.reason}` : ""}
      </Note>
    );
  }
  return (
    <>
      <Note
        tone="warn"
        action={
          inForce.may_change ? (
            <Button variant="default" onClick={() => setAsked(true)}>
              Withdraw…
            </Button>
          ) : null
        }
      >
        Version {planned.version} is in force from {utc(planned.effective_at).slice(0, 16).replace("T", " ")}{" "}
        UTC. Signed by {planned.signature.printed_name}, “{planned.signature.meaning}”,{" "}
        <At micros={planned.signature.at} />.{planned.reason ? ` ${planned.reason}` : ""} Until then version{" "}
        {inForce.version} is in force, and no other version is put.
      </Note>
      <ReasonDialog
        opened={asked}
        title={`Withdraw version ${planned.version}`}
        confirm="Withdraw"
        danger
        pending={withdraw.isPending}
        error={withdraw.error}
        onClose={() => setAsked(false)}
        onConfirm={({ reason }) => withdraw.mutate(reason, { onSuccess: () => setAsked(false) })}
      >
        <p>It will not come into force. That it was signed stays in the log.</p>
      </ReasonDialog>
    </>
  );
}
