/** The classes of a project: what a change would touch, the change itself, and its history. */
import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type DryRun, type OntologyOperation, ontologyQuery, useOntologyActions } from "@/api/ontology";
import { protocolQuery } from "@/api/protocols";
import { hasRole, isOwner, useMe } from "@/api/session";
import type { OntologyClass, Project, RelationType } from "@/api/types";
import { count, plural } from "@/format";
import { At, Panel } from "@/parts/bits";
import { SignedAct } from "@/parts/SignedAct";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { AttributeForm } from "./ontology/AttributeForm";
import { idOf, takes } from "./ontology/attribute";
import { RelationForm } from "./ontology/RelationForm";
import { useProject } from "./Project";
import { Planned } from "./protocol/Planned";

const NAME_MAX_CHARS = 100;
const PATHS: Record<string, string> = {
  stay: "labels stay as they are",
  automatic: "by itself",
  rule: "by the rule",
  people: "people look at each label",
};

type Kind =
  | "rename"
  | "add"
  | "deprecate"
  | "split"
  | "merge"
  | "set_attribute"
  | "remove_attribute"
  | "add_relation"
  | "rename_relation"
  | "retire_relation";
const KINDS: { value: Kind; label: string }[] = [
  { value: "rename", label: "Rename a class" },
  { value: "add", label: "Add a class" },
  { value: "deprecate", label: "Retire a class" },
  { value: "split", label: "Split a class" },
  { value: "merge", label: "Merge classes" },
  { value: "set_attribute", label: "Add or change an attribute" },
  { value: "remove_attribute", label: "Remove an attribute" },
  { value: "add_relation", label: "Add a relation" },
  { value: "rename_relation", label: "Rename a relation" },
  { value: "retire_relation", label: "Retire a relation" },
];

/** Colours that new classes take in turn; easy to tell apart, also for who sees no red (after Okabe and Ito). */
const COLORS = ["#56b4e9", "#e69f00", "#009e73", "#f0e442", "#d55e00", "#cc79a7"];

function made(like: OntologyClass, name: string, place: number): OntologyClass {
  return {
    ...like,
    id: idOf(name),
    name: name.trim(),
    color: COLORS[place % COLORS.length] ?? like.color,
    retired: false,
  };
}

/** What becomes of older answers, in words. */
function ruleWords(rule: Extract<OntologyOperation, { op: "set_attribute" }>["rule"]): string {
  const said = (value: unknown) => (value === true ? "yes" : value === false ? "no" : String(value));
  const values = Object.entries(rule?.values ?? {}).map(([old, value]) => `${old} becomes ${said(value)}`);
  const rest = rule?.otherwise;
  if (rest !== undefined && rest !== null) values.push(`what fits nothing becomes ${said(rest)}`);
  return values.length > 0 ? `; of older labels ${values.join(", ")}` : "";
}

/** A type of relations in words: its name and what it goes between. */
export function relationWords(one: RelationType): string {
  const some = (classes: string[] | undefined) => (classes?.length ? classes.join(" or ") : "anything");
  const way = one.directed === false ? "↔" : "→";
  return `“${one.name}” (${some(one.from)} ${way} ${some(one.to)})`;
}

/** One operation in words. */
export function sentence(operation: OntologyOperation): string {
  if (operation.op === "add") return `Add “${operation.class.name}”`;
  if (operation.op === "rename") return `Rename ${operation.class} to “${operation.name}”`;
  if (operation.op === "deprecate") return `Retire ${operation.class}`;
  if (operation.op === "split")
    return `Split ${operation.class} into ${operation.into.map((one) => `“${one.name}”`).join(" and ")}`;
  if (operation.op === "merge") return `Merge ${operation.classes.join(", ")} into ${operation.into}`;
  if (operation.op === "remove_attribute")
    return `Remove the attribute ${operation.attribute} of ${operation.class}`;
  if (operation.op === "add_relation") return `Add the relation ${relationWords(operation.relation)}`;
  if (operation.op === "rename_relation")
    return `Rename the relation ${operation.relation} to “${operation.name}”`;
  if (operation.op === "retire_relation") return `Retire the relation ${operation.relation}`;
  return `Set the attribute “${operation.attribute.name}” of ${operation.class}: ${takes(operation.attribute)}${ruleWords(operation.rule)}`;
}

function Builder({ project, onAdd }: { project: Project; onAdd: (operation: OntologyOperation) => void }) {
  const classes = project.protocol.classes.filter((one) => !one.retired);
  const [kind, setKind] = useState<Kind>("rename");
  const [first, setFirst] = useState(classes[0]?.id ?? "");
  const [second, setSecond] = useState(classes[1]?.id ?? "");
  const [attribute, setAttribute] = useState("");
  const [relation, setRelation] = useState("");
  const [text, setText] = useState("");
  const one = classes.find((entry) => entry.id === first);
  const attributes = one?.attributes ?? [];
  const gone = attributes.find((entry) => entry.id === attribute) ?? attributes[0];
  const names = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => idOf(part));
  const types = (project.protocol.relations ?? []).filter((entry) => !entry.retired);
  const type = types.find((entry) => entry.id === relation) ?? types[0];
  const build = (): OntologyOperation | null => {
    if (kind === "retire_relation") return type ? { op: "retire_relation", relation: type.id } : null;
    if (kind === "rename_relation")
      return type && names[0] ? { op: "rename_relation", relation: type.id, name: text.trim() } : null;
    if (!one) return null;
    const place = project.protocol.classes.length;
    if (kind === "deprecate") return { op: "deprecate", class: one.id };
    if (kind === "remove_attribute")
      return gone ? { op: "remove_attribute", class: one.id, attribute: gone.id } : null;
    if (kind === "merge")
      return second && second !== one.id ? { op: "merge", classes: [one.id], into: second } : null;
    if (kind === "rename") return names[0] ? { op: "rename", class: one.id, name: text.trim() } : null;
    if (kind === "add") return names[0] ? { op: "add", class: made(one, names[0], place) } : null;
    return kind === "split" && names.length > 1
      ? { op: "split", class: one.id, into: names.map((name, index) => made(one, name, place + index)) }
      : null;
  };
  const operation = build();
  const wants: Record<Kind, string | null> = {
    rename: "New name",
    add: "Name",
    deprecate: null,
    split: "New classes, with commas between",
    merge: null,
    set_attribute: null,
    remove_attribute: null,
    add_relation: null,
    rename_relation: "New name",
    retire_relation: null,
  };
  const choice = (
    <>
      <NativeSelect
        label="What"
        data={KINDS}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as Kind)}
      />
      {kind === "add_relation" ? null : kind === "rename_relation" || kind === "retire_relation" ? (
        <NativeSelect
          label="Relation"
          data={
            types.length > 0
              ? types.map((entry) => ({ value: entry.id, label: entry.name }))
              : [{ value: "", label: "none" }]
          }
          value={type?.id ?? ""}
          onChange={(event) => setRelation(event.currentTarget.value)}
        />
      ) : (
        <NativeSelect
          label={kind === "add" ? "Drawn like" : "Class"}
          data={classes.map((entry) => ({ value: entry.id, label: entry.name }))}
          value={first}
          onChange={(event) => setFirst(event.currentTarget.value)}
        />
      )}
    </>
  );
  if (kind === "add_relation") {
    return (
      <>
        <div className="row" style={{ alignItems: "flex-end" }}>
          {choice}
        </div>
        <RelationForm classes={classes} known={project.protocol.relations ?? []} onAdd={onAdd} />
      </>
    );
  }
  if (kind === "set_attribute") {
    return (
      <>
        <div className="row" style={{ alignItems: "flex-end" }}>
          {choice}
        </div>
        {one ? <AttributeForm key={one.id} one={one} onAdd={onAdd} /> : null}
      </>
    );
  }
  return (
    <form
      className="row"
      style={{ alignItems: "flex-end" }}
      onSubmit={(event) => {
        event.preventDefault();
        if (!operation) return;
        onAdd(operation);
        setText("");
      }}
    >
      {choice}
      {kind === "merge" ? (
        <NativeSelect
          label="Into"
          data={classes.map((entry) => ({ value: entry.id, label: entry.name }))}
          value={second}
          onChange={(event) => setSecond(event.currentTarget.value)}
        />
      ) : null}
      {kind === "remove_attribute" ? (
        <NativeSelect
          label="Attribute"
          data={
            attributes.length > 0
              ? attributes.map((entry) => ({ value: entry.id, label: entry.name }))
              : [{ value: "", label: "none" }]
          }
          value={gone?.id ?? ""}
          onChange={(event) => setAttribute(event.currentTarget.value)}
        />
      ) : null}
      {wants[kind] ? (
        <TextInput
          label={wants[kind]}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS * 10}
          w={320}
        />
      ) : null}
      <Button type="submit" variant="default" disabled={!operation}>
        Add to the change
      </Button>
    </form>
  );
}

function Touched({ seen }: { seen: DryRun["touched"] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="dry-run">
        <thead>
          <tr>
            <th>Class</th>
            <th className="num">Accepted labels</th>
            <th className="num">In items</th>
            <th>In releases, which stay as they are</th>
            <th>How labels get there</th>
          </tr>
        </thead>
        <tbody>
          {seen.map((one) => (
            <tr key={one.class}>
              <td>{one.name}</td>
              <td className="num">{count(one.annotations)}</td>
              <td className="num">{count(one.items)}</td>
              <td>
                {one.releases.map((release) => `${release.name}: ${count(release.annotations)}`).join("; ") ||
                  "–"}
              </td>
              <td>{PATHS[one.path] ?? one.path}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Change({ project }: { project: Project }) {
  const { dryRun, change, plan } = useOntologyActions(project.id);
  const inForce = useQuery(protocolQuery(project.id)).data;
  const waits = Boolean(inForce?.planned);
  const [from, setFrom] = useState("");
  const [operations, setOperations] = useState<OntologyOperation[]>([]);
  const [reason, setReason] = useState("");
  const [campaign, setCampaign] = useState("");
  const [components, setComponents] = useState(NO_COMPONENTS);
  const set = (next: OntologyOperation[]) => {
    setOperations(next);
    dryRun.reset();
    change.reset();
    plan.reset();
  };
  const done = () => {
    setOperations([]);
    setComponents(NO_COMPONENTS);
    setReason("");
    setFrom("");
    dryRun.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const against = project.protocol.version;
    const draft = {
      operations,
      reason: reason.trim(),
      campaign: campaign.trim() || null,
      ...asSigned(components),
    };
    if (from) {
      const at = Date.parse(`${from}Z`) * 1_000;
      plan.mutate({ against, draft: { ...draft, effective_at: at } }, { onSuccess: done });
    } else {
      change.mutate({ against, draft }, { onSuccess: done });
    }
  };
  const error = change.error ?? plan.error;
  const splits = operations.some((one) => one.op === "split");
  return (
    <Panel title="Change the classes">
      {inForce && waits ? <Planned project={project.id} inForce={inForce} /> : null}
      <Builder
        key={project.protocol.version}
        project={project}
        onAdd={(operation) => set([...operations, operation])}
      />
      {operations.length > 0 ? (
        <ol>
          {operations.map((operation, index) => (
            <li key={sentence(operation)}>
              {sentence(operation)}{" "}
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => set(operations.filter((_, place) => place !== index))}
                aria-label={`Take out: ${sentence(operation)}`}
              >
                Take out
              </Button>
            </li>
          ))}
        </ol>
      ) : null}
      <div className="row">
        <Button
          variant="default"
          disabled={operations.length === 0}
          loading={dryRun.isPending}
          onClick={() => dryRun.mutate(operations)}
        >
          Dry run
        </Button>
      </div>
      <Refused error={dryRun.error} />
      {change.isSuccess && operations.length === 0 ? (
        <Note>Version {change.data.version} of the protocol is in force.</Note>
      ) : null}
      {dryRun.data ? (
        <>
          <Touched seen={dryRun.data.touched} />
          <form onSubmit={submit} className="stack">
            {splits ? (
              <TextInput
                label="Name of the round of rework"
                placeholder="such as trucks in two"
                value={campaign}
                onChange={(event) => setCampaign(event.currentTarget.value)}
                maxLength={NAME_MAX_CHARS}
                w={320}
              />
            ) : null}
            <Textarea
              label="Reason"
              description="Kept in the evidence log"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              maxLength={4_000}
              autosize
            />
            <TextInput
              type="datetime-local"
              label="In force from (UTC)"
              description="Empty: at once. Dated ahead it waits, and can be withdrawn until then"
              value={from}
              onChange={(event) => setFrom(event.currentTarget.value)}
              w={320}
            />
            <SigningFields
              values={components}
              onChange={setComponents}
              error={error}
              description="Signs this with your name and the time"
              testid="ontology"
            />
            <Refused error={error} />
            <div className="row">
              <Button
                type="submit"
                disabled={!reason.trim() || !areComplete(components) || waits}
                loading={change.isPending || plan.isPending}
              >
                {from
                  ? `Sign version ${dryRun.data.version} for its time`
                  : `Put version ${dryRun.data.version} into force`}
              </Button>
            </div>
          </form>
        </>
      ) : null}
    </Panel>
  );
}

export default function OntologyPage() {
  const project = useProject();
  const me = useMe();
  const changes = useQuery(ontologyQuery(project.id));
  if (changes.isPending) return <Loading />;
  if (changes.isError) return <Failed error={changes.error} retry={() => changes.refetch()} />;
  const owner = isOwner(me) || hasRole(me, "owner", project.id);
  return (
    <div className="stack loose">
      {owner ? <Change project={project} /> : null}
      {changes.data.length === 0 ? (
        <Empty title="The classes never changed">
          A class that has labels is retired, never deleted; what was released stays as it is.
        </Empty>
      ) : (
        changes.data.map((one) => (
          <Panel
            key={one.id}
            title={`Version ${one.version}`}
            aside={
              <span className="dim">
                {one.signature ? (
                  <SignedAct act={one.signature} proof={project.has_proofs} />
                ) : (
                  <At micros={one.made_at} />
                )}
              </span>
            }
          >
            <ul>
              {one.operations.map((operation) => (
                <li key={sentence(operation)}>{sentence(operation)}</li>
              ))}
            </ul>
            <p>{one.reason}</p>
            <Touched seen={one.touched} />
            <p className="dim">{plural(one.touched.length, "class", "classes")} touched</p>
          </Panel>
        ))
      )}
    </div>
  );
}
