/** The frame of one project: its name, what it is, its tabs. */
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { projectQuery } from "@/api/projects";
import { hasRole, isOwner, useMe } from "@/api/session";
import type { Project, Role } from "@/api/types";
import { title } from "@/format";
import bits from "@/parts/bits.module.css";
import { Failed, Loading } from "@/parts/States";
import { Unsigned } from "./Unsigned";

/** Who finds which tab useful; the server decides what anybody really gets. */
const TABS = [
  { to: "/projects/$projectId", label: "Overview", roles: null },
  { to: "/projects/$projectId/items", label: "Items", roles: null },
  { to: "/projects/$projectId/ingest", label: "Ingest", roles: ["technician"] },
  { to: "/projects/$projectId/gate", label: "Gate", roles: ["privacy_officer"] },
  { to: "/projects/$projectId/subjects", label: "Subjects & vault", roles: ["privacy_officer", "auditor"] },
  { to: "/projects/$projectId/oversight", label: "Oversight", roles: ["privacy_officer", "auditor"] },
  {
    to: "/projects/$projectId/quality",
    label: "Quality",
    roles: ["quality_engineer", "specialist", "reviewer", "data_scientist", "auditor"],
  },
  {
    to: "/projects/$projectId/appeals",
    label: "Appeals",
    roles: ["quality_engineer", "specialist"],
  },
  {
    to: "/projects/$projectId/gold",
    label: "Gold",
    roles: ["quality_engineer", "data_scientist", "auditor"],
  },
  {
    to: "/projects/$projectId/tiers",
    label: "Tiers",
    roles: ["quality_engineer", "data_scientist", "auditor"],
  },
  {
    to: "/projects/$projectId/vendors",
    label: "Vendors",
    roles: ["quality_engineer", "data_scientist", "auditor"],
  },
  {
    to: "/projects/$projectId/releases",
    label: "Releases",
    roles: ["data_scientist", "quality_engineer", "auditor"],
  },
  { to: "/projects/$projectId/evidence", label: "Evidence", roles: ["auditor", "privacy_officer"] },
  { to: "/projects/$projectId/people", label: "People", roles: [] },
  { to: "/projects/$projectId/guideline", label: "Guideline", roles: null },
  {
    to: "/projects/$projectId/ontology",
    label: "Classes",
    roles: ["quality_engineer", "specialist", "reviewer", "data_scientist", "auditor"],
  },
  {
    to: "/projects/$projectId/qualifications",
    label: "Qualifications",
    roles: ["quality_engineer", "auditor"],
  },
  { to: "/projects/$projectId/protocol", label: "Protocol", roles: null },
] as const;

/** The project of the address; children render only once it is loaded. */
export function useProject(): Project {
  const { projectId } = useParams({ strict: false }) as { projectId: string };
  const project = useQuery(projectQuery(projectId)).data;
  if (!project) throw new Error("a project page was shown before its project was loaded");
  return project;
}

export default function ProjectFrame() {
  const { projectId } = useParams({ strict: false }) as { projectId: string };
  const me = useMe();
  const project = useQuery(projectQuery(projectId));
  if (project.isPending) return <Loading />;
  if (project.isError) return <Failed error={project.error} retry={() => project.refetch()} />;
  const mine = (role: Role) => hasRole(me, role, projectId);
  const owner = isOwner(me) || mine("owner");
  const tabs = TABS.filter((tab) => {
    // The gate is for privacy officers alone: an owner without that role is refused there.
    if (tab.label === "Gate") return mine("privacy_officer");
    if (tab.label === "Oversight") return tab.roles.some(mine);
    return tab.roles === null || owner || tab.roles.some(mine);
  });
  const waiting = project.data.counts.gate_open;
  return (
    <div className="stack">
      <div>
        <Link to="/projects" className="dim">
          Projects
        </Link>
        <div className="spread">
          <h1>{project.data.name}</h1>
          <span className="dim">
            {title(project.data.industry)} · {project.data.protocol.title} v{project.data.protocol.version}
            {project.data.declared_public ? " · publicly released data" : ""}
          </span>
        </div>
      </div>
      <nav className={bits.tabs} aria-label="Project">
        {tabs.map((tab) => (
          <Link
            key={tab.to}
            to={tab.to}
            params={{ projectId }}
            className={bits.tab}
            activeOptions={{ exact: tab.label === "Overview", includeSearch: false }}
          >
            {tab.label}
            {tab.label === "Gate" && waiting > 0 ? ` (${waiting})` : ""}
          </Link>
        ))}
      </nav>
      <Unsigned project={project.data} />
      <Outlet />
    </div>
  );
}
