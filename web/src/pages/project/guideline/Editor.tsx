/** The draft of a guideline: cards, pictures, and publishing it with what the change means. */
import {
  Button,
  Checkbox,
  FileButton,
  NativeSelect,
  NumberInput,
  Radio,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import {
  type ExampleKind,
  exampleUrl,
  type Guideline,
  type GuidelineCard,
  type GuidelineDocument,
  type GuidelineExample,
  impactQuery,
  type Publication,
  useGuidelineActions,
} from "@/api/guidelines";
import type { Project } from "@/api/types";
import { count, words } from "@/format";
import { At, Panel } from "@/parts/bits";
import { KINDS } from "@/parts/GuidelineCards";
import cards from "@/parts/GuidelineCards.module.css";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
import { Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

const TEXT_MAX_CHARS = 100_000;
const CARD_MAX_CHARS = 10_000;
const CAPTION_MAX_CHARS = 500;
const SUMMARY_MAX_CHARS = 4_000;

const CHANGES: { value: Publication["change"]; label: string; description: string }[] = [
  {
    value: "clarification",
    label: "Clarification",
    description: "The rule is as it was, said better. Nobody is asked, nothing is labelled again.",
  },
  {
    value: "extension",
    label: "Extension",
    description: "Something new is asked for. It counts for new items; everybody reads it first.",
  },
  {
    value: "correction",
    label: "Correction",
    description: "The rule was wrong. Accepted items with these classes go back into work.",
  },
];

function ExampleRow({
  project,
  draft,
  example,
  onChange,
  onRemove,
}: {
  project: string;
  draft: string | null;
  example: GuidelineExample;
  onChange: (example: GuidelineExample) => void;
  onRemove: () => void;
}) {
  const { upload } = useGuidelineActions(project);
  const frame = example.source.from === "frame" ? example.source : null;
  const set = (part: Partial<Extract<GuidelineExample["source"], { from: "frame" }>>) =>
    frame && onChange({ ...example, source: { ...frame, ...part } });
  return (
    <div className="row" style={{ alignItems: "flex-end" }}>
      {draft ? <img src={exampleUrl(draft, example.id)} alt="" width={72} height={54} /> : null}
      <NativeSelect
        label="It shows"
        data={Object.entries(KINDS).map(([value, kind]) => ({ value, label: kind.word }))}
        value={example.kind}
        onChange={(event) => onChange({ ...example, kind: event.currentTarget.value as ExampleKind })}
      />
      <TextInput
        label="What to look at"
        value={example.caption ?? ""}
        onChange={(event) => onChange({ ...example, caption: event.currentTarget.value })}
        maxLength={CAPTION_MAX_CHARS}
        w={260}
      />
      {frame ? (
        <>
          <TextInput
            label="Item"
            description="its id, as in its address"
            value={frame.item}
            onChange={(event) => set({ item: event.currentTarget.value.trim() })}
            w={300}
          />
          <NumberInput
            label="Stream"
            value={frame.stream}
            onChange={(value) => set({ stream: Number(value) || 0 })}
            min={0}
            w={80}
          />
          <NumberInput
            label="Frame"
            value={frame.frame}
            onChange={(value) => set({ frame: Number(value) || 0 })}
            min={0}
            w={80}
          />
          <TextInput
            label="Part"
            description="left, top, width, height"
            placeholder="whole"
            defaultValue={frame.crop?.join(", ") ?? ""}
            onBlur={(event) => set({ crop: readCrop(event.currentTarget.value) })}
            w={150}
          />
        </>
      ) : (
        <FileButton
          accept="image/png,image/jpeg"
          onChange={(file) =>
            file &&
            upload.mutate(file, {
              onSuccess: ({ asset }) => onChange({ ...example, source: { from: "picture", asset } }),
            })
          }
        >
          {(props) => (
            <Button {...props} variant="default" loading={upload.isPending}>
              {example.source.from === "picture" && example.source.asset ? "Other picture" : "Choose picture"}
            </Button>
          )}
        </FileButton>
      )}
      <Button variant="default" onClick={onRemove} aria-label="Remove this example">
        Remove
      </Button>
      <Refused error={upload.error} />
    </div>
  );
}

/** `10, 20, 64, 48` as numbers; nothing for the whole frame. */
export function readCrop(text: string): [number, number, number, number] | null {
  const parts = text
    .split(/[,\s]+/)
    .filter(Boolean)
    .map(Number);
  const [x, y, w, h] = parts;
  if (parts.length !== 4 || parts.some((one) => !Number.isInteger(one) || one < 0)) return null;
  return [x ?? 0, y ?? 0, w ?? 1, h ?? 1];
}

function CardEditor({
  project,
  draft,
  card,
  onChange,
  onRemove,
}: {
  project: Project;
  draft: string | null;
  card: GuidelineCard;
  onChange: (card: GuidelineCard) => void;
  onRemove: () => void;
}) {
  const one = project.protocol.classes.find((entry) => entry.id === card.class);
  const examples = card.examples ?? [];
  const add = (source: GuidelineExample["source"]) =>
    onChange({
      ...card,
      examples: [...examples, { id: crypto.randomUUID(), kind: "positive", caption: "", source }],
    });
  return (
    <Panel
      title={one?.name ?? card.class}
      aside={
        <Button
          size="compact-sm"
          variant="default"
          onClick={onRemove}
          aria-label={`Remove the card of ${card.class}`}
        >
          Remove card
        </Button>
      }
    >
      {examples.map((example, index) => (
        <ExampleRow
          key={example.id}
          project={project.id}
          draft={draft}
          example={example}
          onChange={(next) =>
            onChange({ ...card, examples: examples.map((old, place) => (place === index ? next : old)) })
          }
          onRemove={() => onChange({ ...card, examples: examples.filter((old) => old.id !== example.id) })}
        />
      ))}
      <div className="row">
        <Button
          variant="default"
          onClick={() => add({ from: "frame", item: "", stream: 0, frame: 0 })}
          data-testid={`frame-example-${card.class}`}
        >
          Picture from an item
        </Button>
        {project.declared_public ? (
          <Button
            variant="default"
            onClick={() => add({ from: "picture", asset: "" })}
            data-testid={`own-example-${card.class}`}
          >
            Picture of your own
          </Button>
        ) : (
          <span className="dim">Pictures of your own pass the gate as items first.</span>
        )}
      </div>
      <Textarea
        label="In words"
        description="Markdown: headings, lists, bold, italics"
        value={card.text ?? ""}
        onChange={(event) => onChange({ ...card, text: event.currentTarget.value })}
        maxLength={CARD_MAX_CHARS}
        autosize
        minRows={2}
      />
    </Panel>
  );
}

function Publish({
  project,
  revision,
  first,
  onDone,
}: {
  project: Project;
  revision: number;
  first: boolean;
  onDone: () => void;
}) {
  const { publish } = useGuidelineActions(project.id);
  const impact = useQuery(impactQuery(project.id));
  const [change, setChange] = useState<Publication["change"]>("clarification");
  const [summary, setSummary] = useState("");
  const [campaign, setCampaign] = useState("");
  const [from, setFrom] = useState("");
  const [components, setComponents] = useState(NO_COMPONENTS);
  const [chosen, setChosen] = useState<string[] | null>(null);
  const [disputes, setDisputes] = useState<string[]>([]);
  const changed = impact.data?.changed ?? [];
  const classes = chosen ?? changed;
  const name = (id: string) => project.protocol.classes.find((one) => one.id === id)?.name ?? id;
  const affected = (impact.data?.classes ?? []).filter((one) => classes.includes(one.class));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    publish.mutate(
      {
        revision,
        change,
        summary: summary.trim(),
        classes,
        disputes,
        campaign: campaign.trim() || null,
        effective_at: from ? Date.parse(`${from}Z`) * 1_000 : null,
        ...asSigned(components),
      },
      { onSuccess: onDone },
    );
  };
  return (
    <Panel title="Publish">
      <form onSubmit={submit} className="stack">
        {first ? null : (
          <Radio.Group
            label="What this change means"
            value={change}
            onChange={(value) => setChange(value as Publication["change"])}
          >
            <div className="stack tight">
              {CHANGES.map((one) => (
                <Radio key={one.value} value={one.value} label={one.label} description={one.description} />
              ))}
            </div>
          </Radio.Group>
        )}
        <Textarea
          label="What changed and why"
          value={summary}
          onChange={(event) => setSummary(event.currentTarget.value)}
          maxLength={SUMMARY_MAX_CHARS}
          autosize
          minRows={2}
        />
        {first ? null : (
          <Checkbox.Group label="Classes that it is about" value={classes} onChange={setChosen}>
            <div className="row">
              {project.protocol.classes.map((one) => (
                <Checkbox key={one.id} value={one.id} label={one.name} />
              ))}
            </div>
          </Checkbox.Group>
        )}
        {change === "correction" && !first ? (
          <>
            <TextInput
              label="Name of the round of rework"
              placeholder="such as nodules below 6 mm"
              value={campaign}
              onChange={(event) => setCampaign(event.currentTarget.value)}
              maxLength={200}
              w={320}
            />
            <Note>
              {affected.length === 0
                ? "No accepted item holds a label of these classes: nothing goes back into work."
                : affected
                    .map(
                      (one) =>
                        `${name(one.class)}: ${count(one.annotations)} labels in ${count(one.items)} accepted items`,
                    )
                    .join("; ")}
              {affected.length > 0 ? ". They go back into work, beginning from what stands." : ""}
            </Note>
          </>
        ) : null}
        {(impact.data?.disputes.length ?? 0) > 0 ? (
          <Checkbox.Group label="Disputes that led to it" value={disputes} onChange={setDisputes}>
            <table className={table.table}>
              <tbody>
                {impact.data?.disputes.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <Checkbox value={one.id} label={words(one.reason)} />
                    </td>
                    <td>{one.comment ?? ""}</td>
                    <td className="dim">
                      <At micros={one.at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Checkbox.Group>
        ) : null}
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
          error={publish.error}
          description="Signs this with your name and the time"
          testid="publish"
        />
        <Refused error={publish.error} />
        <div className="row">
          <Button
            type="submit"
            disabled={!summary.trim() || !areComplete(components)}
            loading={publish.isPending}
          >
            {from ? "Sign it for its time" : "Publish"}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

export function GuidelineEditor({
  project,
  seen,
  onClose,
}: {
  project: Project;
  seen: Guideline;
  onClose: () => void;
}) {
  const { save } = useGuidelineActions(project.id);
  const [document, setDocument] = useState<GuidelineDocument>(seen.draft?.document ?? seen.document);
  const [saved, setSaved] = useState(Boolean(seen.draft));
  // What is on the screen was written over this one: a draft that somebody else saved meanwhile is not overwritten.
  const [revision, setRevision] = useState(seen.draft?.revision ?? 0);
  const others = seen.draft && !save.isPending && seen.draft.revision > revision ? seen.draft : null;
  const list = document.cards ?? [];
  const change = (next: GuidelineDocument) => {
    setDocument(next);
    setSaved(false);
  };
  const free = project.protocol.classes.filter(
    (one) => !one.retired && list.every((card) => card.class !== one.id),
  );
  const [chosen, setChosen] = useState("");
  const add = chosen || free[0]?.id;
  return (
    <div className={`stack loose ${cards.cards}`}>
      <div className="spread">
        <h2>Draft</h2>
        <Button variant="default" onClick={onClose}>
          Back
        </Button>
      </div>
      {list.map((card, index) => (
        <CardEditor
          key={card.class}
          project={project}
          draft={saved ? (seen.draft?.id ?? null) : null}
          card={card}
          onChange={(next) =>
            change({ ...document, cards: list.map((old, place) => (place === index ? next : old)) })
          }
          onRemove={() => change({ ...document, cards: list.filter((old) => old.class !== card.class) })}
        />
      ))}
      {add ? (
        <div className="row" style={{ alignItems: "flex-end" }}>
          <NativeSelect
            label="Class"
            data={free.map((one) => ({ value: one.id, label: one.name }))}
            value={add}
            onChange={(event) => setChosen(event.currentTarget.value)}
          />
          <Button
            variant="default"
            onClick={() => {
              change({ ...document, cards: [...list, { class: add, text: "", examples: [] }] });
              setChosen("");
            }}
          >
            Add a card
          </Button>
        </div>
      ) : null}
      <Textarea
        label="For all classes"
        description="Markdown: headings, lists, bold, italics"
        value={document.text ?? ""}
        onChange={(event) => change({ ...document, text: event.currentTarget.value })}
        maxLength={TEXT_MAX_CHARS}
        autosize
        minRows={3}
      />
      <Refused error={save.error} />
      {others ? (
        <div className="row" role="status">
          <p>Somebody else has saved this draft meanwhile.</p>
          <Button
            variant="default"
            onClick={() => {
              setDocument(others.document);
              setRevision(others.revision);
              setSaved(true);
              save.reset();
            }}
          >
            {saved ? "Show theirs" : "Show theirs, without my changes"}
          </Button>
        </div>
      ) : null}
      <div className="row">
        <Button
          onClick={() =>
            save.mutate(
              { revision, document },
              {
                onSuccess: (draft) => {
                  setRevision(draft.revision);
                  setSaved(true);
                },
              },
            )
          }
          loading={save.isPending}
          disabled={saved || others !== null}
          data-testid="save-draft"
        >
          {saved ? "Draft saved" : "Save draft"}
        </Button>
      </div>
      {saved && seen.draft && !others ? (
        <Publish project={project} revision={revision} first={!seen.current} onDone={onClose} />
      ) : null}
    </div>
  );
}
