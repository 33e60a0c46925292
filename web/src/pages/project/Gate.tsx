/** The privacy officer's queue: look at what de-identification could not vouch for, mask it, decide, say why. */
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { gateQuery, OPEN } from "@/api/gate";
import { useDeclarePublic } from "@/api/projects";
import { hasRole, useMe } from "@/api/session";
import type { GateEntry, Project } from "@/api/types";
import { type KeyGroup, useKeyHelp, useKeys } from "@/parts/keys";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { SignedAct } from "@/parts/SignedAct";
import { Empty, Failed, Loading, Note } from "@/parts/States";
import styles from "./Gate.module.css";
import { GateDesk } from "./GateDesk";
import { GateQueue } from "./GateQueue";
import { GateRecords } from "./GateRecords";
import { useProject } from "./Project";

const KEYS: KeyGroup = {
  title: "Gate",
  keys: [{ keys: "J K, ↓ ↑", does: "Next entry, entry before" }],
};

function Declaration({ project }: { project: Project }) {
  const declare = useDeclarePublic(project.id);
  const [open, setOpen] = useState(false);
  if (project.declared_public) {
    return (
      <Note>
        This project is declared <strong>publicly released data</strong>
        {project.declaration ? (
          <>
            {" "}
            (signed: <SignedAct act={project.declaration} proof={project.has_proofs} />)
          </>
        ) : null}
        . What is ingested passes the gate by itself after de-identification.
      </Note>
    );
  }
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Declare publicly released data…
      </Button>
      <ReasonDialog
        opened={open}
        title="Declare publicly released data"
        confirm="Sign the declaration"
        signed
        withoutReason
        pending={declare.isPending}
        error={declare.error}
        onClose={() => setOpen(false)}
        onConfirm={({ login, password }) =>
          declare.mutate({ login, password }, { onSuccess: () => setOpen(false) })
        }
      >
        <p>
          You state, with your name and this moment, that all data of <strong>{project.name}</strong> was
          publicly released before and that nobody needs to look at each image at the gate. De-identification
          still runs. This is said once and cannot be taken back.
        </p>
      </ReasonDialog>
    </>
  );
}

function Queue({ project }: { project: Project }) {
  const [filter, setFilter] = useState(OPEN);
  const [chosen, setChosen] = useState<string | null>(null);
  const [drawing, setDrawing] = useState(false);
  const gate = useInfiniteQuery(gateQuery(project.id, filter));
  const entries: GateEntry[] = gate.data?.pages.flatMap((page) => page.items) ?? [];
  const current = entries.find((entry) => entry.id === chosen) ?? entries[0];
  const index = current ? entries.indexOf(current) : -1;
  const step = (by: number) => {
    const next = entries[index + by];
    if (next) setChosen(next.id);
  };
  useKeyHelp(KEYS);
  useKeys(
    { KeyJ: () => step(1), KeyK: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1) },
    !drawing,
  );
  if (gate.isPending) return <Loading />;
  if (gate.isError) return <Failed error={gate.error} retry={() => gate.refetch()} />;
  if (!current && filter.state === OPEN.state && !filter.reason) {
    return (
      <Empty title="Nothing waits at the gate">
        What de-identification cannot vouch for appears here, and only privacy officers see it.
      </Empty>
    );
  }
  return (
    <div className={styles.split}>
      <GateQueue
        project={project.id}
        entries={entries}
        current={current}
        filter={filter}
        more={gate.hasNextPage ? () => gate.fetchNextPage() : null}
        onFilter={(next) => {
          setFilter(next);
          setChosen(null);
        }}
        onChoose={(entry) => setChosen(entry.id)}
      />
      {current ? (
        <GateDesk
          key={current.id}
          project={project.id}
          id={current.id}
          onDrawing={setDrawing}
          onDone={() => setChosen(entries[index + 1]?.id ?? entries[index - 1]?.id ?? null)}
        />
      ) : (
        <Empty title="Nothing here">No entry fits this filter.</Empty>
      )}
    </div>
  );
}

export default function Gate() {
  const project = useProject();
  const me = useMe();
  return (
    <div className="stack loose">
      <Queue project={project} />
      <GateRecords project={project.id} />
      {hasRole(me, "privacy_officer", project.id) ? (
        <div className="row">
          <Link to="/projects/$projectId/gate/rules" params={{ projectId: project.id }}>
            Rules of de-identification
          </Link>
          <Link to="/projects/$projectId/gate/models" params={{ projectId: project.id }}>
            Models for faces and plates
          </Link>
          <Declaration project={project} />
        </div>
      ) : null}
    </div>
  );
}
