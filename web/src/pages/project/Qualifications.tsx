/** Who may do what a stage asks qualifications for: certificates, their ends, and who vouches for them. */
import { useQuery } from "@tanstack/react-query";
import { type Qualifications, qualificationsQuery } from "@/api/qualifications";
import { hasRole, isOwner, useMe } from "@/api/session";
import { count, title } from "@/format";
import { Panel } from "@/parts/bits";
import { CertificateForm } from "@/parts/CertificateForm";
import { ManagedCertificates } from "@/parts/Certificates";
import { Empty, Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";

function Asked({ seen }: { seen: Qualifications }) {
  if (seen.asked.length === 0) {
    return <p className="dim">The protocol in force asks for no qualification: a role is enough.</p>;
  }
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th>Stage</th>
          <th>Asks for</th>
          <th className="num">Can do it</th>
          <th className="num">Lack something</th>
        </tr>
      </thead>
      <tbody>
        {seen.asked.map((one) => (
          <tr key={one.stage}>
            <td>{one.title}</td>
            <td>
              <code>{one.expression}</code>
            </td>
            <td className="num">{one.able === 0 ? <strong>nobody</strong> : count(one.able)}</td>
            <td className="num">{count(one.unable)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export default function QualificationsPage() {
  const project = useProject();
  const me = useMe();
  const seen = useQuery(qualificationsQuery(project.id));
  if (seen.isPending) return <Loading />;
  if (seen.isError) return <Failed error={seen.error} retry={() => seen.refetch()} />;
  const manages =
    hasRole(me, "quality_engineer", project.id) || hasRole(me, "owner", project.id) || isOwner(me);
  const rows = seen.data.qualifications;
  // Nobody vouches for themselves; the server refuses it too.
  const people = seen.data.people
    .filter((one) => one.user !== me?.user.id)
    .map((one) => ({ value: one.user, label: `${one.printed_name}: ${one.roles.map(title).join(", ")}` }));
  return (
    <div className="stack loose">
      <Panel title="What stages ask for">
        <Asked seen={seen.data} />
      </Panel>
      {manages ? <CertificateForm project={project.id} people={people} /> : null}
      {rows.length === 0 ? (
        <Empty title="No certificates">
          Whoever has a role may do its work, unless the protocol asks for a qualification beside it.
        </Empty>
      ) : (
        <ManagedCertificates rows={rows} project={project.id} manages={manages} />
      )}
    </div>
  );
}
