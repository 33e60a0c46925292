/** The model that is asked when somebody draws by clicks: registered here, retired with a reason. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ClickModelView, clickModelsQuery, useClickModels } from "@/api/click-models";
import { plural } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import styles from "./models.module.css";

function Register({ project, servers, onDone }: { project: string; servers: string[]; onDone: () => void }) {
  const [draft, setDraft] = useState({ name: "", version: "1", server: servers[0] ?? "", path: "/segment" });
  const { register } = useClickModels(project);
  const text = (key: "name" | "version" | "path", label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      required
      value={draft[key]}
      onChange={(event) => setDraft({ ...draft, [key]: event.currentTarget.value })}
    />
  );
  const submit = () => {
    const { name, version, server, path } = draft;
    const url = `http://${server}/${path.trim().replace(/^\/+/, "")}`;
    register.mutate({ name: name.trim(), version: version.trim(), url }, { onSuccess: onDone });
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <fieldset className={styles.fields}>
        <legend>Where it is served</legend>
        {text("name", "Name", "a-z, 0-9, _ and -; readers see it")}
        {text("version", "Version")}
        <NativeSelect
          label="Server"
          data={servers}
          value={draft.server}
          onChange={(event) => setDraft({ ...draft, server: event.currentTarget.value })}
        />
        {text("path", "Path on the server")}
      </fieldset>
      <Refused error={register.error} />
      <div className="row">
        <Button type="submit" loading={register.isPending}>
          Register it
        </Button>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Standing({ model }: { model: ClickModelView }) {
  if (model.retired_at)
    return (
      <Status tone="dim" mark="cross">
        Not asked any more
      </Status>
    );
  return model.allowed ? (
    <Status tone="ok" mark="square">
      Asked when somebody clicks
    </Status>
  ) : (
    <Status tone="warn" mark="diamond">
      Not asked: this server may not call its address
    </Status>
  );
}

function Model({ model, onRetire }: { model: ClickModelView; onRetire: () => void }) {
  return (
    <Panel title={`${model.name} ${model.version}`} aside={<Standing model={model} />}>
      <FactList
        rows={[
          ["Served at", model.url],
          ["Registered by", model.registered_by],
          ["Registered", <At key="at" micros={model.registered_at} />],
          ["Retired by", model.retired_by],
          ["Retired", model.retired_at ? <At key="end" micros={model.retired_at} /> : null],
          ["Why", model.retire_reason],
        ]}
      />
      {model.retired_at ? null : (
        <div className="row">
          <Button variant="default" onClick={onRetire}>
            Retire {model.name}…
          </Button>
        </div>
      )}
    </Panel>
  );
}

export function ClickModels({ project }: { project: string }) {
  const models = useQuery(clickModelsQuery(project));
  const { retire } = useClickModels(project);
  const [registers, setRegisters] = useState(false);
  const [ending, end] = useState<ClickModelView | null>(null);
  if (models.isPending) return <Loading lines={2} />;
  if (models.isError) return <Failed error={models.error} retry={() => models.refetch()} />;
  const { servers } = models.data;
  const current = models.data.models.find((model) => !model.retired_at);
  const past = models.data.models.filter((model) => model.retired_at);
  return (
    <section className="stack" aria-label="Drawing by clicks" data-testid="click-models">
      <h2>Drawing by clicks</h2>
      <Note>
        Whoever draws may click on an object and have a model find its outline. It is given the frame as it is
        shown, once somebody clicks on it; that it was is in the evidence. Nothing is drawn until the person
        accepts it. Without a model the page finds objects by itself, and no pixel leaves this server.
      </Note>
      {current ? (
        <Model
          model={current}
          onRetire={() => {
            retire.reset();
            end(current);
          }}
        />
      ) : null}
      {!current && registers ? (
        <Panel title="Register a model for clicks">
          <Register project={project} servers={servers} onDone={() => setRegisters(false)} />
        </Panel>
      ) : null}
      {!current && !registers ? (
        <Empty title="No model is asked by clicks">
          {servers.length > 0 ? (
            <Button onClick={() => setRegisters(true)}>Register a model for clicks…</Button>
          ) : (
            "There is no server that may be called."
          )}
        </Empty>
      ) : null}
      {past.length > 0 ? (
        <details>
          <summary>{plural(past.length, "model")} retired</summary>
          <div className="stack">
            {past.map((model) => (
              <Model key={model.id} model={model} onRetire={() => {}} />
            ))}
          </div>
        </details>
      ) : null}
      <ReasonDialog
        opened={ending !== null}
        title={`Retire ${ending?.name ?? ""} ${ending?.version ?? ""}`}
        confirm="Retire it"
        danger
        pending={retire.isPending}
        error={retire.error}
        onClose={() => end(null)}
        onConfirm={({ reason }) =>
          ending && retire.mutate({ model: ending.id, reason }, { onSuccess: () => end(null) })
        }
      >
        <p>
          It is not asked any more, open workspaces included. What was drawn with it stays, and so does the
          record of what it saw.
        </p>
      </ReasonDialog>
    </section>
  );
}
