/** How good the labels of a project are: what was certified, what is being audited. */
import { hasRole, isOwner, useMe } from "@/api/session";
import type { Role } from "@/api/types";
import { useProject } from "./Project";
import { Certifications } from "./quality/Certifications";
import { Corrections } from "./quality/Corrections";
import { Monitoring } from "./quality/Monitoring";

const CERTIFY: Role[] = ["quality_engineer", "owner"];
const JUDGE: Role[] = ["quality_engineer", "specialist", "reviewer"];
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
      {rights.certify ? (
        <section className="stack" aria-label="Monitoring">
          <h2>Work as reviewers find it</h2>
          <Monitoring project={project.id} />
          <h3>What reviewers correct</h3>
          <Corrections project={project} />
        </section>
      ) : null}
      <section className="stack" aria-label="Certificates">
        <h2>Certificates</h2>
        <Certifications project={project} rights={rights} />
      </section>
    </div>
  );
}
