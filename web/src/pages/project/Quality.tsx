/** How good the labels of a project are: batches that wait for a decision, what was certified, what is being audited. */
import { hasRole, isOwner, useMe } from "@/api/session";
import type { Role } from "@/api/types";
import { useProject } from "./Project";
import { Agreement } from "./quality/Agreement";
import { Batches } from "./quality/Batches";
import { Certifications } from "./quality/Certifications";
import { Consensus } from "./quality/Consensus";
import { Corrections } from "./quality/Corrections";
import { Decisions } from "./quality/Decisions";
import { DraftModels } from "./quality/DraftModels";
import { LabelErrors } from "./quality/LabelErrors";
import { Monitoring } from "./quality/Monitoring";
import { Reasons } from "./quality/Reasons";
import { Studies } from "./quality/Studies";
import { Tickets } from "./quality/Tickets";
import { WideHolds } from "./quality/WideHolds";

const CERTIFY: Role[] = ["quality_engineer", "owner"];
const JUDGE: Role[] = ["quality_engineer", "specialist", "reviewer"];
const AGREEMENT: Role[] = ["quality_engineer", "owner", "data_scientist", "auditor"];
const CONSENSUS: Role[] = [...AGREEMENT, "reviewer", "specialist"];
const RELEASE: Role[] = ["data_scientist", "owner"];

export default function Quality() {
  const project = useProject();
  const me = useMe();
  const any = (roles: Role[]) => roles.some((role) => hasRole(me, role, project.id));
  const rights = {
    certify: any(CERTIFY),
    judge: any(JUDGE),
    release: isOwner(me) || any(RELEASE),
  };
  return (
    <div className="stack loose">
      {rights.certify ? <Decisions project={project.id} /> : null}
      {rights.certify ? (
        <section className="stack" aria-label="Monitoring">
          <h2 id="monitoring">Work as reviewers find it</h2>
          <Monitoring project={project} />
          <h3 id="tickets">Where the guideline may be unclear</h3>
          <Tickets project={project} />
          <h3>What reviewers correct</h3>
          <Corrections project={project} />
          <h3 id="label-errors">Labels that something speaks against</h3>
          <LabelErrors project={project} />
          <h3>Holds on lots, batches, releases and people's work</h3>
          <WideHolds project={project.id} />
          <h3>Models that draft</h3>
          <DraftModels project={project.id} />
        </section>
      ) : null}
      <section className="stack" aria-label="Batches">
        <h2 id="batches">Batches</h2>
        <Batches project={project} rights={rights} />
      </section>
      {any(AGREEMENT) ? (
        <section className="stack" aria-label="Agreement">
          <h2>Agreement</h2>
          <Agreement project={project} />
          <h3>Why readers differed</h3>
          <Reasons project={project.id} />
        </section>
      ) : null}
      {any(CONSENSUS) ? (
        <section className="stack" aria-label="Consensus">
          <h2 id="consensus">Consensus</h2>
          <Consensus project={project} />
        </section>
      ) : null}
      <section className="stack" aria-label="Studies">
        <h2 id="studies">Studies of people's eyes</h2>
        <Studies project={project} certify={rights.certify} />
      </section>
      <section className="stack" aria-label="Certificates">
        <h2 id="certificates">Certificates</h2>
        <Certifications project={project} rights={rights} />
      </section>
    </div>
  );
}
