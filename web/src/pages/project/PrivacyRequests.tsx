/** Requests about people: what waits for a second person, what was decided, the one look, the certificates. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { certificateTextUrl, certificateUrl, usePrivacy } from "@/api/privacy";
import type { PrivacyRequest, Revealed } from "@/api/types";
import { plural } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { SignedAct } from "@/parts/SignedAct";
import { Empty, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";
import { inOrder, requestState } from "./privacy";

const MICROS_PER_MS = 1_000;

function Identity({ shown, onClose }: { shown: Revealed; onClose: () => void }) {
  return (
    <Panel title="Shown once" aside={<Button onClick={onClose}>Close and forget</Button>}>
      <div role="status">
        <FactList
          rows={[
            ["Patient ID", shown.patient_id ?? "none in the files"],
            ["Issuer", shown.issuer],
            ["Pseudonym here", shown.pseudonym],
            ["Dates moved by", shown.date_offset_days ? `${shown.date_offset_days} days` : null],
          ]}
        />
      </div>
      <details>
        <summary>{plural(shown.uids.length, "UID")}</summary>
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>At the source</th>
                <th>Here</th>
              </tr>
            </thead>
            <tbody>
              {shown.uids.map((pair) => (
                <tr key={pair.project}>
                  <td>
                    <code>{pair.source}</code>
                  </td>
                  <td>
                    <code>{pair.project}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Panel>
  );
}

type Choice = { request: PrivacyRequest; decision: "approve" | "refuse" };

function Request({
  request,
  onChoose,
  onReveal,
}: {
  request: PrivacyRequest;
  onChoose: (choice: Choice) => void;
  onReveal: () => void;
}) {
  const project = useProject();
  const state = requestState(request, Date.now() * MICROS_PER_MS);
  const what = request.kind === "erasure" ? "Erasure" : "Re-identification";
  return (
    <tr>
      <td>
        {what} of <code>{request.subject_name}</code>
        {request.item ? (
          <div>
            <Link to="/items/$itemId" params={{ itemId: request.item }}>
              item
            </Link>
          </div>
        ) : null}
      </td>
      <td className="wrap">
        {request.reason}
        <div className="dim">
          {request.requested_by_name}, <At micros={request.requested_at} />
        </div>
      </td>
      <td>
        <Status tone={state.tone} mark={state.mark}>
          {state.word}
        </Status>
        {request.decided_by_name ? (
          <div className="dim wrap">
            {request.signature ? (
              <SignedAct act={request.signature} proof={project.has_proofs} />
            ) : (
              <>
                {request.decided_by_name}, <At micros={request.decided_at} />
              </>
            )}
            {request.decision_reason ? `: ${request.decision_reason}` : ""}
          </div>
        ) : null}
      </td>
      <td>
        <div className="row tight">
          {request.may_decide ? (
            <>
              <Button size="compact-sm" onClick={() => onChoose({ request, decision: "approve" })}>
                {request.kind === "erasure" ? "Confirm…" : "Approve…"}
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => onChoose({ request, decision: "refuse" })}
              >
                Refuse…
              </Button>
            </>
          ) : null}
          {request.state === "open" && !request.may_decide ? (
            <span className="dim">Somebody else has to decide</span>
          ) : null}
          {request.may_reveal ? (
            <Button size="compact-sm" onClick={onReveal}>
              Look once
            </Button>
          ) : null}
          {request.certified ? (
            <>
              <Button
                component="a"
                size="compact-sm"
                variant="default"
                href={certificateTextUrl(request.id)}
                download={`erasure-${request.id}.txt`}
                leftSection={<Icon name="download" />}
              >
                Certificate
              </Button>
              <Button
                component="a"
                size="compact-sm"
                variant="subtle"
                href={certificateUrl(request.id)}
                download={`erasure-${request.id}.json`}
              >
                JSON
              </Button>
            </>
          ) : null}
        </div>
      </td>
    </tr>
  );
}

export function Requests({ project, requests }: { project: string; requests: PrivacyRequest[] }) {
  const { decide, reveal } = usePrivacy(project);
  const [choice, setChoice] = useState<Choice | null>(null);
  const erases = choice?.request.kind === "erasure" && choice.decision === "approve";
  return (
    <section className="stack" aria-label="Requests">
      <h2>Requests</h2>
      <Refused error={reveal.error} />
      {reveal.data ? <Identity shown={reveal.data} onClose={() => reveal.reset()} /> : null}
      {requests.length === 0 ? (
        <Empty title="No requests">Erasures and re-identifications that were asked for appear here.</Empty>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>What</th>
                <th>Why</th>
                <th>State</th>
                <th>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {inOrder(requests).map((request) => (
                <Request
                  key={request.id}
                  request={request}
                  onChoose={setChoice}
                  onReveal={() => reveal.mutate(request.id)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ReasonDialog
        key={choice ? `${choice.request.id}/${choice.decision}` : "none"}
        opened={choice !== null}
        title={choice?.decision === "approve" ? "Agree to this request" : "Refuse this request"}
        confirm={erases ? "Confirm the erasure" : choice?.decision === "approve" ? "Approve" : "Refuse"}
        danger={erases}
        signed
        pending={decide.isPending}
        error={decide.error}
        onClose={() => setChoice(null)}
        onConfirm={({ reason, login, password }) =>
          choice &&
          decide.mutate(
            { request: choice.request.id, decision: choice.decision, reason, login, password },
            { onSuccess: () => setChoice(null) },
          )
        }
      >
        {erases ? (
          <p>
            Everything about <strong>{choice?.request.subject_name}</strong> in this project is destroyed as
            soon as you confirm. Nobody can bring it back.
          </p>
        ) : null}
      </ReasonDialog>
    </section>
  );
}
