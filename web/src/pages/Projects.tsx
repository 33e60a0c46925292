/** All projects that this person may know of; an owner makes new ones here. */
import { Button, Checkbox, Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { projectsQuery, useCreateProject } from "@/api/projects";
import { isOwner, useMe } from "@/api/session";
import type { ProjectSummary, ProtocolName } from "@/api/types";
import { title, words } from "@/format";
import { Icon } from "@/parts/Icon";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import styles from "./Projects.module.css";

/** Longest project name that the page sends, in characters. */
const NAME_MAX_CHARS = 100;

const PROTOCOLS: { value: ProtocolName; title: string; says: string }[] = [
  {
    value: "radiology",
    title: "Radiology",
    says: "DICOM studies. A radiologist reads, another reviews, a board-certified specialist countersigns.",
  },
  {
    value: "radiology_double",
    title: "Radiology, read twice",
    says: "Two people read without knowing of each other; a radiologist decides where they differ, a specialist countersigns.",
  },
  {
    value: "driving",
    title: "Driving",
    says: "Scenes with camera and LiDAR. A model drafts cuboids, people correct, review and verify.",
  },
  {
    value: "inspection",
    title: "Inspection",
    says: "Parts beside their template, by lot. An inspector marks defects, an engineer signs.",
  },
  { value: "images", title: "Plain images", says: "Any image. Boxes and polygons, read and reviewed." },
];

function NewProject({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const create = useCreateProject();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [protocol, setProtocol] = useState<ProtocolName>("radiology");
  const [signs, setSigns] = useState(true);
  const [components, setComponents] = useState(NO_COMPONENTS);
  const ready = name.trim() !== "" && (!signs || areComplete(components));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    create.mutate(
      { name: name.trim(), protocol, ...(signs ? asSigned(components) : {}) },
      {
        onSuccess: (project) => {
          onClose();
          navigate({ to: "/projects/$projectId", params: { projectId: project.id } });
        },
      },
    );
  };
  return (
    <Modal opened={opened} onClose={onClose} title="New project" size="lg">
      <form onSubmit={submit} className="stack">
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
          data-autofocus
        />
        <fieldset className={styles.choices}>
          <legend>Protocol</legend>
          {PROTOCOLS.map((option) => (
            <label key={option.value} className={styles.choice}>
              <input
                type="radio"
                name="protocol"
                checked={protocol === option.value}
                onChange={() => setProtocol(option.value)}
              />
              <span>
                <strong>{option.title}</strong>
                <br />
                <span className="dim">{option.says}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Checkbox
          label="Sign the protocol now"
          description={
            signs
              ? "It is fixed before the first read; a later change is a new version, signed again"
              : "You can change it first. Nobody is given work before it is signed"
          }
          checked={signs}
          onChange={(event) => setSigns(event.currentTarget.checked)}
        />
        {signs ? (
          <SigningFields
            values={components}
            onChange={setComponents}
            error={create.error}
            description="Signs the protocol with your name and the time"
            testid="project"
            keepsFocus
          />
        ) : null}
        <Refused error={create.error} />
        <div className="row">
          <Button type="submit" loading={create.isPending} disabled={!ready}>
            {signs ? "Sign and create project" : "Create project"}
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Row({ project }: { project: ProjectSummary }) {
  return (
    <tr>
      <td>
        <Link to="/projects/$projectId" params={{ projectId: project.id }}>
          {project.name}
        </Link>
      </td>
      <td>{title(project.industry)}</td>
      <td>
        {title(project.protocol.id)} v{project.protocol.version}
      </td>
      <td className="dim">{project.declared_public ? "Publicly released" : "Protected"}</td>
      <td className="dim">{project.roles.map(words).join(", ") || "–"}</td>
    </tr>
  );
}

export default function Projects() {
  const me = useMe();
  const projects = useQuery(projectsQuery);
  const [creating, setCreating] = useState(false);
  const owner = isOwner(me);
  const button = owner ? (
    <Button leftSection={<Icon name="plus" />} onClick={() => setCreating(true)}>
      New project
    </Button>
  ) : null;
  return (
    <div className="stack">
      <div className="spread">
        <h1>Projects</h1>
        {projects.data?.length ? button : null}
      </div>
      {projects.isPending ? (
        <Loading />
      ) : projects.isError ? (
        <Failed error={projects.error} retry={() => projects.refetch()} />
      ) : projects.data.length === 0 ? (
        <Empty title="No project yet" action={button}>
          {owner
            ? "A project is one dataset under construction: choose its protocol, bring data in, give people their roles."
            : "You have no role in a project so far. A project owner can give you one."}
        </Empty>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Project</th>
                <th>Industry</th>
                <th>Protocol</th>
                <th>Data</th>
                <th>My roles</th>
              </tr>
            </thead>
            <tbody>
              {projects.data.map((project) => (
                <Row key={project.id} project={project} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {creating ? <NewProject opened onClose={() => setCreating(false)} /> : null}
    </div>
  );
}
