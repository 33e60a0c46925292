/** The guideline of a project: what is in force, one button to say that it was read, the draft, the rounds of rework. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  campaignsQuery,
  type Guideline,
  type GuidelineVersion,
  guidelineQuery,
  useGuidelineActions,
} from "@/api/guidelines";
import { hasRole, isOwner, useMe } from "@/api/session";
import type { OntologyClass, Role } from "@/api/types";
import { count, plural } from "@/format";
import { At, Hash, Panel } from "@/parts/bits";
import { GuidelineCards } from "@/parts/GuidelineCards";
import { Markdown } from "@/parts/Markdown";
import { SignedAct } from "@/parts/SignedAct";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { Campaigns } from "./guideline/Campaigns";
import { GuidelineEditor } from "./guideline/Editor";
import { Older } from "./guideline/Older";
import { PlannedGuideline } from "./guideline/Planned";
import { useProject } from "./Project";

/** Who sees how far rounds of rework are. */
const FOLLOWERS: Role[] = [
  "owner",
  "reviewer",
  "specialist",
  "quality_engineer",
  "data_scientist",
  "auditor",
];

function Acknowledge({ project, seen }: { project: string; seen: Guideline }) {
  const { acknowledge } = useGuidelineActions(project);
  const navigate = useNavigate();
  if (!seen.current || !seen.unread) return null;
  const id = seen.current.id;
  return (
    <Note
      tone="warn"
      action={
        <Button
          loading={acknowledge.isPending}
          onClick={() => acknowledge.mutate(id, { onSuccess: () => navigate({ to: "/" }) })}
          data-testid="acknowledge"
        >
          I have read it and follow it
        </Button>
      }
    >
      <strong>
        Version {seen.current.version} is in force
        {seen.acknowledged ? `; you have read version ${seen.acknowledged}` : ""}.
      </strong>
      <p>{seen.current.summary}</p>
      <Refused error={acknowledge.error} />
    </Note>
  );
}

const MEANS: Record<string, string> = {
  clarification: "clarification: nothing is labelled again",
  extension: "extension: counts for new items",
  correction: "correction: older labels are looked at again",
};

function History({ versions, classes }: { versions: GuidelineVersion[]; classes: OntologyClass[] }) {
  const project = useProject();
  const [opened, setOpened] = useState<string | null>(null);
  const older = versions.find((one) => one.id === opened);
  const current = versions[0];
  const name = (id: string) => classes.find((one) => one.id === id)?.name ?? id;
  return (
    <Panel title="What changed">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Version</th>
              <th>Change</th>
              <th>Classes</th>
              <th className="num">Read by</th>
              <th>Published and signed</th>
              <th>Hash</th>
            </tr>
          </thead>
          <tbody>
            {versions.map((one) => (
              <tr key={one.id}>
                <td className="num">
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Open version ${one.version}`}
                    onClick={() => setOpened(one.id)}
                  >
                    {one.version}
                  </Button>
                </td>
                <td>
                  {one.summary}
                  <p className="dim">
                    {MEANS[one.change] ?? one.change}
                    {one.deviation ? "; a deviation: work had begun" : ""}
                    {one.disputes.length > 0 ? `; after ${plural(one.disputes.length, "dispute")}` : ""}
                  </p>
                </td>
                <td>{one.classes.map(name).join(", ") || "–"}</td>
                <td className="num">{count(one.readers)}</td>
                <td className="dim">
                  {one.signature ? (
                    <SignedAct act={one.signature} proof={project.has_proofs} />
                  ) : (
                    <>
                      <At micros={one.published_at} /> {one.published_by}
                    </>
                  )}
                </td>
                <td>
                  <Hash value={one.content_hash} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {older && current ? (
        <Older
          key={older.id}
          version={older}
          current={current}
          classes={classes}
          onClose={() => setOpened(null)}
        />
      ) : null}
    </Panel>
  );
}

export default function GuidelinePage() {
  const project = useProject();
  const me = useMe();
  const follows = isOwner(me) || FOLLOWERS.some((role) => hasRole(me, role, project.id));
  const seen = useQuery(guidelineQuery(project.id));
  const campaigns = useQuery({ ...campaignsQuery(project.id), enabled: follows });
  const [editing, setEditing] = useState(false);
  if (seen.isPending) return <Loading />;
  if (seen.isError) return <Failed error={seen.error} retry={() => seen.refetch()} />;
  const { current, document, versions, may_manage, draft } = seen.data;
  const classes = project.protocol.classes;
  const rounds = campaigns.data ?? [];
  if (editing && may_manage)
    return <GuidelineEditor project={project} seen={seen.data} onClose={() => setEditing(false)} />;
  return (
    <div className="stack loose">
      <Acknowledge project={project.id} seen={seen.data} />
      <PlannedGuideline project={project.id} seen={seen.data} />
      {may_manage && !seen.data.planned ? (
        <div className="row">
          <Button variant={current ? "default" : "filled"} onClick={() => setEditing(true)}>
            {draft ? "Go on with the draft" : current ? "Change the guideline" : "Write the first guideline"}
          </Button>
        </div>
      ) : null}
      {current ? (
        <Panel title={`Guideline, version ${current.version}`}>
          <GuidelineCards guideline={current.id} document={document} classes={classes} />
        </Panel>
      ) : (
        <Empty title="No cards yet">
          Until the first version is published, the text of the protocol below is what readers are told.
        </Empty>
      )}
      <Panel title={`From the protocol, version ${project.protocol.version}`}>
        <div className="stack" style={{ maxWidth: "75ch" }}>
          <Markdown source={project.protocol.guideline} />
        </div>
      </Panel>
      {rounds.length > 0 ? <Campaigns rows={rounds} classes={classes} /> : null}
      {versions.length > 0 ? <History versions={versions} classes={classes} /> : null}
    </div>
  );
}
