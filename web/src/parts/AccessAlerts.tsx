/** Accounts that were locked after wrong passwords: whoever answers for the people says what was behind it. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { alertsQuery, useCloseAlert } from "@/api/signing";
import type { AccessAlert } from "@/api/types";
import { plural } from "@/format";
import { At } from "./bits";
import { ReasonDialog } from "./ReasonDialog";
import { Note } from "./States";

const WHERE: Record<string, string> = { signing: "at signing", sign_in: "at signing in" };

export function AccessAlerts() {
  const alerts = useQuery(alertsQuery);
  const close = useCloseAlert();
  const [chosen, setChosen] = useState<AccessAlert | null>(null);
  const open = (alerts.data ?? []).filter((alert) => !alert.closed_at);
  if (open.length === 0) return null;
  return (
    <section className="stack tight" aria-label="Locked accounts">
      {open.map((alert) => (
        <Note key={alert.id} tone="warn">
          <div className="spread">
            <span data-testid="access-alert">
              The account of <strong>{alert.printed_name}</strong> was locked{" "}
              {alert.locks > 1 ? `${plural(alert.locks, "time")} ` : ""}after wrong passwords{" "}
              {WHERE[alert.place] ?? ""}, last <At micros={alert.last_at} />. Ask them whether it was they.
            </span>
            {alert.may_close ? (
              <Button
                variant="default"
                onClick={() => {
                  close.reset();
                  setChosen(alert);
                }}
              >
                Say what it was…
              </Button>
            ) : null}
          </div>
        </Note>
      ))}
      <ReasonDialog
        key={chosen?.id ?? "none"}
        opened={chosen !== null}
        title={`What was behind it: ${chosen?.printed_name ?? ""}`}
        confirm="Close the alert"
        pending={close.isPending}
        error={close.error}
        onClose={() => setChosen(null)}
        onConfirm={({ reason }) =>
          chosen && close.mutate({ alert: chosen.id, reason }, { onSuccess: () => setChosen(null) })
        }
      />
    </section>
  );
}
