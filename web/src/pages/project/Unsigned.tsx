/** Says on every page of a project that nobody is given work before its protocol is signed; who may, signs it here. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useSignProtocol } from "@/api/protocols";
import type { Project } from "@/api/types";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Note } from "@/parts/States";

export function Unsigned({ project }: { project: Project }) {
  const sign = useSignProtocol(project.id);
  const [asked, setAsked] = useState(false);
  if (project.protocol_standing === "void") {
    return (
      <Note tone="warn">
        The protocol in force is <strong>void: content changed</strong>. What is kept of it is not what was
        signed; nothing is done under it before the database is put back as it was or an owner puts a new
        version into force.
      </Note>
    );
  }
  if (project.protocol_standing !== "unsigned") return null;
  const { title, version } = project.protocol;
  if (!project.may_sign_protocol) {
    return (
      <Note tone="warn">
        The protocol is not signed yet. Work is given out once an owner of the project has signed it; you need
        do nothing.
      </Note>
    );
  }
  return (
    <>
      <Note tone="warn" action={<Button onClick={() => setAsked(true)}>Sign the protocol</Button>}>
        Version {version} of the protocol is not signed yet. Files come in and pass the gate, but nobody is
        given work before you sign.{" "}
        <Link to="/projects/$projectId/protocol" params={{ projectId: project.id }}>
          Read it first
        </Link>
      </Note>
      <ReasonDialog
        opened={asked}
        title="Sign the protocol"
        confirm="Sign"
        signed
        withoutReason
        pending={sign.isPending}
        error={sign.error}
        onClose={() => setAsked(false)}
        onConfirm={({ login, password }) =>
          sign.mutate({ version, login, password }, { onSuccess: () => setAsked(false) })
        }
      >
        <p>
          You approve “{title}”, version {version}: its classes, stages, readers and rules are fixed before
          the first read. A later change is a new version, signed again.
        </p>
      </ReasonDialog>
    </>
  );
}
