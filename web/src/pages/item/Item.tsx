/** One item: what it is, where it stands, who worked on it, who saw it. */

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { findingsQuery } from "@/api/findings";
import { itemEventsPage, itemQuery, useHoldActions } from "@/api/items";
import { signatureProofUrl } from "@/api/log";
import { projectQuery } from "@/api/projects";
import { hasRole, isOwner, useMe } from "@/api/session";
import type { Facts, Hold, Item, Protocol, ReadSummary, Signature } from "@/api/types";
import { reasonWords } from "@/canvas/answers";
import { count, measure, title, words } from "@/format";
import { At, AuthorMark, FactList, Hash, Panel, PhaseMark, Status } from "@/parts/bits";
import bits from "@/parts/bits.module.css";
import { EventList } from "@/parts/EventList";
import { FindingState, FindingThread } from "@/parts/FindingThread";
import { Icon } from "@/parts/Icon";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { ReportLeak } from "@/parts/ReportLeak";
import { Empty, Failed, Loading, Note } from "@/parts/States";
import { stageTitle } from "@/parts/stage";
import table from "@/parts/table.module.css";
import styles from "./Item.module.css";
import { Records } from "./Records";
import { Rework } from "./Rework";
import { SeenTab } from "./Seen";
import { Streams } from "./Streams";

function FactsPanel({ facts }: { facts: Facts }) {
  const spacing =
    typeof facts.row_spacing_mm === "number" && typeof facts.column_spacing_mm === "number"
      ? `${measure(facts.row_spacing_mm, "×", 4)} ${measure(facts.column_spacing_mm, "mm", 4)}`
      : null;
  return (
    <Panel title="Facts">
      <FactList
        rows={[
          ["Modality", facts.modality],
          ["Patient position", facts.patient_position],
          ["Orientation", facts.orientation?.map((v) => Number(v.toFixed(3))).join(", ")],
          ["Pixel spacing", spacing],
          ["Slice thickness", measure(facts.slice_thickness_mm, "mm")],
          ["CTDIvol", measure(facts.ctdi_vol_mgy, "mGy")],
          ["DLP", measure(facts.dlp_mgy_cm, "mGy·cm", 1)],
          ["Exposure", measure(facts.exposure_mas, "mAs", 1)],
          ["Lot", facts.lot],
          ["Frames", facts.frames ? count(facts.frames) : null],
          ["Noted on the way in", facts.notes?.map(words).join("; ")],
        ]}
      />
    </Panel>
  );
}

const READ_STATES: Record<string, { tone: "dim" | "live" | "ok" | "warn" | "bad"; mark: string }> = {
  draft: { tone: "live", mark: "ring" },
  submitted: { tone: "ok", mark: "dot" },
  returned: { tone: "warn", mark: "triangle" },
  superseded: { tone: "dim", mark: "diamond" },
  void: { tone: "dim", mark: "cross" },
};

function Reads({ reads, protocol }: { reads: ReadSummary[]; protocol: Protocol | undefined }) {
  if (reads.length === 0)
    return <p className="dim">Nobody has read this item yet, or you may not know of it yet.</p>;
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Stage</th>
            <th>By</th>
            <th>State</th>
            <th className="num">Marks</th>
            <th>Submitted</th>
            <th>Content</th>
          </tr>
        </thead>
        <tbody>
          {reads.map((read) => (
            <tr key={read.id}>
              <td>{protocol ? stageTitle(protocol, read.stage) : title(read.kind)}</td>
              <td>
                <AuthorMark author={read.author} name={read.author_name} />
                {read.model_hash ? (
                  <div className="dim">
                    {read.model_hash_of === "file" ? "model file" : "declared as"}{" "}
                    <Hash value={read.model_hash} />
                  </div>
                ) : null}
                {read.draft_shown_at ? (
                  <div className="dim">
                    was shown the model's draft <At micros={read.draft_shown_at} />
                  </div>
                ) : null}
              </td>
              <td>
                <Status {...(READ_STATES[read.status] ?? { tone: "dim" as const, mark: "ring" })}>
                  {title(read.status)}
                </Status>
              </td>
              <td className="num">
                {read.cannot_assess ? (
                  <span data-testid="read-answer">
                    cannot assess
                    <div className="dim">
                      {reasonWords({
                        reason: read.cannot_assess.reason,
                        ...(read.cannot_assess.text ? { text: read.cannot_assess.text } : {}),
                      })}
                    </div>
                  </span>
                ) : (
                  count(read.annotation_count)
                )}
              </td>
              <td>
                <At micros={read.submitted_at} />
              </td>
              <td>
                <Hash value={read.content_hash} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Signatures({ signatures }: { signatures: Signature[] }) {
  if (signatures.length === 0) return <p className="dim">Not signed yet.</p>;
  return (
    <div className="stack">
      {signatures.map((signature) => (
        <div key={signature.id} className={styles.sign}>
          <Icon name="seal" />
          <div>
            <strong>{signature.printed_name}</strong> {words(signature.meaning)}
            {signature.valid ? null : (
              <Status tone="bad" mark="cross">
                Void: content changed
              </Status>
            )}
            <div className="dim">
              <At micros={signature.at} seconds /> · content <Hash value={signature.content_hash} /> ·{" "}
              <a href={signatureProofUrl(signature.id)} download>
                Proof
              </a>
            </div>
          </div>
        </div>
      ))}
    </div>
  );
}

function Holds({ item, mayHold }: { item: Item; mayHold: boolean }) {
  const { hold, lift } = useHoldActions(item.id);
  const [asking, setAsking] = useState<"hold" | Hold | null>(null);
  const open = item.holds.filter((one) => !one.lifted_at);
  return (
    <>
      {open.map((one) => (
        <Note
          key={one.id}
          tone="warn"
          action={
            mayHold ? (
              <Button size="compact-sm" variant="default" onClick={() => setAsking(one)}>
                Lift
              </Button>
            ) : null
          }
        >
          <strong>On hold:</strong> {one.reason}{" "}
          <span className="dim">
            · <At micros={one.opened_at} />
          </span>
        </Note>
      ))}
      {item.held && open.length === 0 ? <Note tone="warn">This item is on hold.</Note> : null}
      {mayHold && open.length === 0 && !item.held ? (
        <div className="row">
          <Button variant="default" leftSection={<Icon name="hold" />} onClick={() => setAsking("hold")}>
            Put on hold
          </Button>
        </div>
      ) : null}
      <ReasonDialog
        opened={asking === "hold"}
        title="Put this item on hold"
        confirm="Put on hold"
        pending={hold.isPending}
        error={hold.error}
        onClose={() => setAsking(null)}
        onConfirm={({ reason }) => hold.mutate(reason, { onSuccess: () => setAsking(null) })}
      >
        <p className="dim">It stays out of every new release until somebody with the right lifts the hold.</p>
      </ReasonDialog>
      <ReasonDialog
        opened={asking !== null && asking !== "hold"}
        title="Lift the hold"
        confirm="Lift"
        pending={lift.isPending}
        error={lift.error}
        onClose={() => setAsking(null)}
        onConfirm={({ reason }) =>
          asking &&
          asking !== "hold" &&
          lift.mutate({ hold: asking.id, reason }, { onSuccess: () => setAsking(null) })
        }
      />
    </>
  );
}

function FindingsTab({ item }: { item: string }) {
  const findings = useQuery(findingsQuery(item));
  if (findings.isPending) return <Loading />;
  if (findings.isError) return <Failed error={findings.error} retry={() => findings.refetch()} />;
  if (findings.data.length === 0) return <Empty title="Nobody has asked anything about this item" />;
  return findings.data.map((finding) => (
    <Panel key={finding.id} title={`Finding ${finding.number}`} aside={<FindingState finding={finding} />}>
      <FindingThread finding={finding} />
    </Panel>
  ));
}

const TABS = [
  { id: "reads", label: "Reads and signatures" },
  { id: "findings", label: "Findings" },
  { id: "compare", label: "Compare reads" },
  { id: "evidence", label: "Evidence" },
  { id: "seen", label: "Who saw this" },
] as const;
type TabId = (typeof TABS)[number]["id"];

const Compare = lazy(() => import("./Compare"));

function Tabs({ item, protocol }: { item: Item; protocol: Protocol | undefined }) {
  // Two reads that the person may see are needed to compare any.
  const tabs = TABS.filter(({ id }) => id !== "compare" || item.reads.length > 1);
  const [tab, setTab] = useState<TabId>("reads");
  const move = (by: number) => {
    const index = tabs.findIndex((one) => one.id === tab);
    const next = tabs[(index + by + tabs.length) % tabs.length];
    if (!next) return;
    setTab(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div className="stack">
      <div className={bits.tabs} role="tablist" aria-label="About this item">
        {tabs.map((one) => (
          <button
            key={one.id}
            id={`tab-${one.id}`}
            type="button"
            role="tab"
            className={bits.tab}
            aria-selected={tab === one.id}
            aria-controls="item-tab"
            tabIndex={tab === one.id ? 0 : -1}
            onClick={() => setTab(one.id)}
            onKeyDown={(event) => {
              if (event.key === "ArrowRight") move(1);
              if (event.key === "ArrowLeft") move(-1);
            }}
          >
            {one.label}
          </button>
        ))}
      </div>
      <div id="item-tab" role="tabpanel" aria-labelledby={`tab-${tab}`} className="stack">
        {tab === "reads" ? (
          <>
            <Reads reads={item.reads} protocol={protocol} />
            <Panel title="Signatures">
              <Signatures signatures={item.signatures} />
            </Panel>
          </>
        ) : tab === "findings" ? (
          <FindingsTab item={item.id} />
        ) : tab === "compare" ? (
          <Suspense fallback={<Loading />}>
            <Compare item={item} protocol={protocol} />
          </Suspense>
        ) : tab === "evidence" ? (
          <EventList
            queryKey={["items", item.id, "events"]}
            fetchPage={(cursor, signal) => itemEventsPage(item.id, cursor, signal)}
          />
        ) : (
          <SeenTab item={item.id} />
        )}
      </div>
    </div>
  );
}

export default function ItemPage() {
  const { itemId } = useParams({ from: "/items/$itemId" });
  const me = useMe();
  const item = useQuery(itemQuery(itemId));
  const projectId = item.data?.project;
  const project = useQuery({ ...projectQuery(projectId ?? ""), enabled: projectId !== undefined });
  if (item.isPending) return <Loading />;
  if (item.isError) return <Failed error={item.error} retry={() => item.refetch()} />;
  const { data } = item;
  const mayHold =
    isOwner(me) || hasRole(me, "owner", data.project) || hasRole(me, "quality_engineer", data.project);
  const protocol = project.data?.protocol;
  return (
    <div className="stack loose">
      <div>
        <Link to="/projects/$projectId/items" params={{ projectId: data.project }} className="dim">
          {project.data ? `${project.data.name}: items` : "Items"}
        </Link>
        <div className="spread">
          <h1>{data.name}</h1>
          <span className="row">
            {protocol && data.stage !== null && data.phase !== "accepted" && data.phase !== "released" ? (
              <span className="dim">{stageTitle(protocol, data.stage)}</span>
            ) : null}
            <PhaseMark phase={data.phase} held={data.held} cannotAssess={data.cannot_assess} />
            {data.may_view_pixels ? <ReportLeak item={data.id} onReported={() => {}} /> : null}
          </span>
        </div>
      </div>
      <Rework item={data} />
      <Holds item={data} mayHold={mayHold && data.phase !== "withdrawn"} />
      <div className={styles.grid}>
        <Panel title="Streams" aside={<span className="dim">each picture shown is recorded</span>}>
          {data.streams.length > 0 ? <Streams item={data} /> : <p className="dim">No streams.</p>}
        </Panel>
        <FactsPanel facts={data.facts} />
      </div>
      <Records records={data.records} />
      <Tabs item={data} protocol={protocol} />
    </div>
  );
}
