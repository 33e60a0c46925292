/** One registered model: what it is, whether the gate believes it, its runs. */
import { Button, FileButton } from "@mantine/core";
import { useState } from "react";
import { type FaceModel, isRunning, useFaceModels } from "@/api/models";
import { plural } from "@/format";
import { At, FactList, Hash, Panel, Status } from "@/parts/bits";
import { Note, Refused } from "@/parts/States";
import { gateReason } from "@/refusals";
import { Run } from "./Runs";
import { NotASample, readSample } from "./sample";

function Standing({ model }: { model: FaceModel }) {
  if (model.accepted) {
    return (
      <Status tone="ok" mark="square">
        The gate believes it
      </Status>
    );
  }
  return (
    <Status tone={model.retired_at ? "dim" : "warn"} mark={model.retired_at ? "cross" : "diamond"}>
      Not believed: {gateReason(model.why_not ?? "")}
    </Status>
  );
}

function Measure({ model }: { model: FaceModel }) {
  const { measure } = useFaceModels(model.project);
  const [fault, setFault] = useState("");
  const running = model.runs.some(isRunning);
  const take = async (file: File | null) => {
    if (!file) return;
    setFault("");
    measure.reset();
    try {
      measure.mutate({ model: model.id, sample: readSample(await file.text()) });
    } catch (error) {
      setFault(error instanceof NotASample ? error.message : "The file cannot be read.");
    }
  };
  return (
    <div className="stack tight">
      <div className="row">
        <FileButton accept="application/json,.json" onChange={take}>
          {(props) => (
            <Button
              {...props}
              disabled={running || Boolean(model.retired_at) || !model.allowed}
              loading={measure.isPending}
            >
              Measure on a labelled sample…
            </Button>
          )}
        </FileButton>
        <span className="dim">COCO JSON with the SHA-256 of each image, categories “face” and “plate”</span>
      </div>
      {fault ? <p role="alert">{fault}</p> : null}
      <Refused error={measure.error} />
    </div>
  );
}

export function Model({
  model,
  wanted,
  onRevise,
}: {
  model: FaceModel;
  wanted: number | null;
  onRevise: () => void;
}) {
  const { check, retire } = useFaceModels(model.project);
  const { config } = model;
  const [newest, ...older] = model.runs;
  return (
    <Panel title={`${model.name}, revision ${model.revision}`} aside={<Standing model={model} />}>
      <FactList
        rows={[
          ["Served", `${config.model} ${config.version} at ${config.address}`],
          ["Takes", `${config.input.width} × ${config.input.height}, ${config.input.values}`],
          ["Scores from", `${config.output.face_score} for faces, ${config.output.plate_score} for plates`],
          ["Configuration", <Hash key="hash" value={model.config_hash} />],
          ["Registered by", model.registered_by],
          ["Registered", <At key="at" micros={model.registered_at} />],
        ]}
      />
      <div className="row">
        <Button variant="default" onClick={() => check.mutate(model.id)} loading={check.isPending}>
          Ask whether it is ready
        </Button>
        <Button variant="default" onClick={onRevise}>
          New revision…
        </Button>
        {model.retired_at ? null : (
          <Button variant="default" onClick={() => retire.mutate(model.id)} loading={retire.isPending}>
            Retire
          </Button>
        )}
      </div>
      {check.data ? (
        <Note>
          {check.data.ready ? "It is ready. No pixel was sent." : gateReason(check.data.code ?? "")}
        </Note>
      ) : null}
      <Refused error={check.error ?? retire.error} />
      <h3>Measured on your frames</h3>
      <Measure model={model} />
      {newest ? (
        <Run run={newest} wanted={wanted} />
      ) : (
        <p className="dim">Not measured yet. Until it is, the gate gives it nothing and believes nothing.</p>
      )}
      {older.length > 0 ? (
        <details>
          <summary>{plural(older.length, "older run")}; only the newest finished one counts</summary>
          <div className="stack">
            {older.map((run) => (
              <Run key={run.id} run={run} wanted={wanted} />
            ))}
          </div>
        </details>
      ) : null}
    </Panel>
  );
}
