/** What is to be studied: parts with a reference, whose eyes, how often. All of it is fixed before anybody judges. */
import {
  Autocomplete,
  Button,
  Checkbox,
  NativeSelect,
  NumberInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { candidatesQuery, useStudies } from "@/api/appraisals";
import { qualificationsQuery } from "@/api/qualifications";
import { useMe } from "@/api/session";
import type { Project, Role } from "@/api/types";
import { Failed, Loading, Refused } from "@/parts/States";
import { type Chosen, StudyParts } from "./StudyParts";

const NAME_MAX_CHARS = 100;
const TEXT_MAX_CHARS = 500;
const REST_HOURS_MAX = 336;
const VALID_DAYS_MAX = 366;
const QUARTER_DAYS = 90;
const WORKING: Role[] = ["annotator", "reviewer", "specialist", "quality_engineer"];
/** Names within an expression such as `board & !in_training`. */
const namesIn = (expression: string) => expression.match(/[a-z0-9_]+/g) ?? [];

export function StudyForm({ project, onDone }: { project: Project; onDone: () => void }) {
  const me = useMe();
  const { freeze } = useStudies(project.id);
  const held = useQuery(qualificationsQuery(project.id));
  const [name, setName] = useState("");
  const [question, setQuestion] = useState("Is this part defective?");
  const [classes, setClasses] = useState<string[]>([]);
  const [people, setPeople] = useState<string[]>([]);
  const [trials, setTrials] = useState("3");
  const [rest, setRest] = useState<number | string>(0);
  const [qualification, setQualification] = useState("");
  const [days, setDays] = useState<number | string>(QUARTER_DAYS);
  const [chosen, setChosen] = useState<Chosen>({});
  const candidates = useQuery({
    ...candidatesQuery(project.id, classes, people),
    placeholderData: keepPreviousData,
  });
  if (held.isPending) return <Loading lines={6} />;
  if (held.isError) return <Failed error={held.error} retry={() => held.refetch()} />;
  const members = held.data.people.filter(
    (one) => one.user !== me?.user.id && one.roles.some((role) => WORKING.includes(role)),
  );
  const asked = [...new Set(held.data.asked.flatMap((one) => namesIn(one.expression)))];
  const items = candidates.data?.items ?? [];
  // Whoever is added later may know a part that was chosen before.
  const parts = items.filter((one) => chosen[one.item] && one.known_by.length === 0);
  const fits = name.trim() && question.trim() && people.length > 0 && qualification && parts.length > 1;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!fits) return;
    freeze.mutate(
      {
        name: name.trim(),
        question: question.trim(),
        classes,
        parts: parts.map((one) => ({ item: one.item, borderline: chosen[one.item] === "borderline" })),
        appraisers: people,
        trials: Number(trials),
        rest_hours: Number(rest) || 0,
        qualification,
        valid_days: Number(days) || QUARTER_DAYS,
      },
      { onSuccess: onDone },
    );
  };
  return (
    <form onSubmit={submit} className="stack">
      <div className="row">
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
        />
        <Autocomplete
          label="Qualification that it certifies"
          description="As the protocol asks for it"
          data={asked}
          value={qualification}
          onChange={setQualification}
          maxLength={64}
        />
        <NumberInput
          label="Valid for, days"
          value={days}
          onChange={setDays}
          min={1}
          max={VALID_DAYS_MAX}
          allowDecimal={false}
          w={120}
        />
      </div>
      <Textarea
        label="Question"
        description="Answered with good or bad, by looking alone"
        value={question}
        onChange={(event) => setQuestion(event.currentTarget.value)}
        maxLength={TEXT_MAX_CHARS}
        autosize
      />
      <Checkbox.Group
        label="A part is bad where its accepted labels name"
        description="None chosen: anything at all"
        value={classes}
        onChange={setClasses}
      >
        <div className="row">
          {project.protocol.classes.map((one) => (
            <Checkbox key={one.id} value={one.id} label={one.name} />
          ))}
        </div>
      </Checkbox.Group>
      <div className="row">
        <NativeSelect
          label="Trials"
          description="How often each part is judged"
          data={["3", "2"]}
          value={trials}
          onChange={(event) => setTrials(event.currentTarget.value)}
        />
        <NumberInput
          label="Rest between trials, hours"
          description="Of each person, at least"
          value={rest}
          onChange={setRest}
          min={0}
          max={REST_HOURS_MAX}
          allowDecimal={false}
        />
      </div>
      <Checkbox.Group
        label="Whose eyes"
        description="Three people are asked for. Nobody who worked on a part, or was shown it; not you, who choose them"
        value={people}
        onChange={setPeople}
      >
        <div className="stack tight">
          {members.map((one) => (
            <Checkbox key={one.user} value={one.user} label={one.printed_name} />
          ))}
        </div>
      </Checkbox.Group>
      {candidates.isPending ? (
        <Loading lines={4} />
      ) : candidates.isError ? (
        <Failed error={candidates.error} retry={() => candidates.refetch()} />
      ) : (
        <StudyParts items={items} people={members} chosen={chosen} onChange={setChosen} />
      )}
      <Refused error={freeze.error} />
      <div className="row">
        <Button type="submit" loading={freeze.isPending} disabled={!fits}>
          Freeze the study
        </Button>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <span className="dim">
          Parts, references, people and limits are fixed from here on; the orders are drawn after that. The
          limits are AIAG's: acceptable from 90 % effectiveness, with at most 2 % misses and 5 % false alarms;
          marginal from 80 %, 5 % and 10 %.
        </span>
      </div>
    </form>
  );
}
