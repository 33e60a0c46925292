/** Who may do what in this project. */
import { Button, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { grantsQuery, useGrantActions } from "@/api/projects";
import { isOwner, useMe } from "@/api/session";
import type { Grant, Role } from "@/api/types";
import { usersQuery } from "@/api/users";
import { title } from "@/format";
import { At, Panel } from "@/parts/bits";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";

export const ROLES: { value: Role; says: string }[] = [
  { value: "technician", says: "brings data in" },
  { value: "privacy_officer", says: "decides at the gate" },
  { value: "annotator", says: "draws and corrects" },
  { value: "reviewer", says: "reviews other people's reads" },
  { value: "specialist", says: "countersigns" },
  { value: "quality_engineer", says: "sets and lifts holds" },
  { value: "data_scientist", says: "makes and downloads releases" },
  { value: "auditor", says: "reads the evidence" },
  { value: "owner", says: "people, holds, releases" },
];

function Add({ project, grants }: { project: string; grants: Grant[] }) {
  const users = useQuery(usersQuery);
  const { add } = useGrantActions(project);
  const [user, setUser] = useState<string | null>(null);
  const [role, setRole] = useState<Role | null>(null);
  const people = (users.data ?? []).filter((one) => one.active);
  const has = grants.some((grant) => grant.user === user && grant.role === role);
  return (
    <Panel title="Give a role">
      <Refused error={users.error ?? add.error} />
      <div className="row" style={{ alignItems: "flex-end" }}>
        <Select
          label="Person"
          placeholder="choose"
          searchable
          data={people.map((one) => ({ value: one.id, label: `${one.printed_name} (${one.login})` }))}
          value={user}
          onChange={setUser}
        />
        <Select
          label="Role"
          placeholder="choose"
          w={320}
          data={ROLES.map((one) => ({ value: one.value, label: `${title(one.value)}: ${one.says}` }))}
          value={role}
          onChange={(value) => setRole(value as Role | null)}
        />
        <Button
          disabled={!user || !role || has}
          loading={add.isPending}
          onClick={() => user && role && add.mutate({ user, role }, { onSuccess: () => setRole(null) })}
        >
          {has ? "Has this role" : "Give role"}
        </Button>
      </div>
      <p className="dim">Whoever has several roles still cannot check their own work.</p>
    </Panel>
  );
}

export default function People() {
  const project = useProject();
  const me = useMe();
  const grants = useQuery(grantsQuery(project.id));
  const { end } = useGrantActions(project.id);
  if (grants.isPending) return <Loading />;
  if (grants.isError) return <Failed error={grants.error} retry={() => grants.refetch()} />;
  return (
    <div className="stack">
      {isOwner(me) ? <Add project={project.id} grants={grants.data} /> : null}
      <Refused error={end.error} />
      {grants.data.length === 0 ? (
        <Empty title="Nobody has a role here">Give the first role above.</Empty>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Person</th>
                <th>Role</th>
                <th>Since</th>
                <th>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {grants.data.map((grant) => (
                <tr key={grant.id}>
                  <td>
                    {grant.printed_name ?? grant.login ?? grant.user}{" "}
                    {grant.login ? <span className="dim">{grant.login}</span> : null}
                  </td>
                  <td>{title(grant.role)}</td>
                  <td className="dim">
                    <At micros={grant.created_at} />
                  </td>
                  <td className="num">
                    <Button
                      size="compact-sm"
                      variant="default"
                      loading={end.isPending && end.variables === grant.id}
                      onClick={() => end.mutate(grant.id)}
                      aria-label={`End the role ${grant.role} of ${grant.printed_name ?? grant.login ?? "this person"}`}
                    >
                      End
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
