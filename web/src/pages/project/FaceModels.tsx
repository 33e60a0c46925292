/** Models for faces and plates in camera pictures: register, measure, and see whether the gate believes them. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { faceModelsQuery, type FaceModels as Models, useFaceModels } from "@/api/models";
import { percent } from "@/format";
import { Panel } from "@/parts/bits";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import { ClickModels } from "./models/ClickModels";
import { Model } from "./models/Model";
import { Register } from "./models/Register";
import { type Draft, draftOf, emptyDraft } from "./models/registration";
import { labelsNeeded } from "./models/sample";
import { useProject } from "./Project";

/** Of the bounds that runs state. */
const CONFIDENCE = 0.95;

function Plan({ project, models }: { project: string; models: Models }) {
  const { plan } = models;
  const wanted = plan?.min_recall;
  return (
    <>
      <Note>
        {plan && wanted ? (
          <>
            The rules name <strong>{plan.model}</strong>: both bounds must reach {percent(wanted)}, which
            takes at least {labelsNeeded(wanted, CONFIDENCE)} labels of each class without a miss. What is
            found is carried to {plan.temporal} frames before and after.{" "}
          </>
        ) : (
          "The rules of this project name no model: every camera picture waits for a privacy officer. "
        )}
      </Note>
      <p>
        <Link to="/projects/$projectId/gate/rules" params={{ projectId: project }}>
          Change the rules
        </Link>
      </p>
    </>
  );
}

function Servers({ servers }: { servers: string[] }) {
  if (servers.length > 0)
    return <p className="dim">Pixels may go to {servers.join(", ")} and nowhere else.</p>;
  return (
    <Empty title="No model server may be called">
      Whoever runs this installation names the servers when it starts (<code>--model-server HOST:PORT</code>).
      Until then no pixel leaves it, and camera pictures wait for a privacy officer.
    </Empty>
  );
}

export default function FaceModels() {
  const project = useProject();
  const models = useQuery(faceModelsQuery(project.id));
  const { again } = useFaceModels(project.id);
  const [draft, setDraft] = useState<Draft | null>(null);
  if (models.isPending) return <Loading />;
  if (models.isError) return <Failed error={models.error} retry={() => models.refetch()} />;
  const { servers, plan } = models.data;
  const first = servers[0];
  return (
    <div className="stack">
      <div className="spread">
        <h2>Faces and plates in camera pictures</h2>
        <Link to="/projects/$projectId/gate" params={{ projectId: project.id }}>
          Back to the gate
        </Link>
      </div>
      <Plan project={project.id} models={models.data} />
      <Servers servers={servers} />
      {draft ? (
        <Panel title={draft.name ? `New revision of ${draft.name}` : "Register a model"}>
          <Register project={project.id} start={draft} servers={servers} onDone={() => setDraft(null)} />
        </Panel>
      ) : (
        <div className="row">
          {first ? <Button onClick={() => setDraft(emptyDraft(first))}>Register a model…</Button> : null}
          <Button variant="default" onClick={() => again.mutate()} loading={again.isPending}>
            Look again at what waits
          </Button>
          {again.isSuccess ? <span role="status">The gate looks again.</span> : null}
        </div>
      )}
      <Refused error={again.error} />
      {models.data.models.length === 0 && first ? (
        <Empty title="No model is registered">
          Serve one over the Open Inference Protocol, register it here, and measure it on your own labelled
          frames.
        </Empty>
      ) : null}
      {models.data.models.map((model) => (
        <Model
          key={model.id}
          model={model}
          wanted={plan && plan.model === model.name ? (plan.min_recall ?? null) : null}
          onRevise={() => setDraft(draftOf(model.name, model.config))}
        />
      ))}
      <ClickModels project={project.id} />
    </div>
  );
}
