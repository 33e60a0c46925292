/** The form that registers a model, or the next revision of one. */
import { Button, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useFaceModels } from "@/api/models";
import { Refused } from "@/parts/States";
import styles from "./models.module.css";
import { configOf, type Draft } from "./registration";

const VALUES = [
  { value: "fp32_unit", label: "FP32, 0 to 1" },
  { value: "fp32_byte", label: "FP32, 0 to 255" },
  { value: "uint8", label: "UINT8, 0 to 255" },
];
const LAYOUTS = [
  { value: "nchw", label: "colours, rows, columns" },
  { value: "nhwc", label: "rows, columns, colours" },
];
const FORMS = [
  { value: "corners", label: "left, top, right, bottom" },
  { value: "center", label: "centre, width, height" },
];
const UNITS = [
  { value: "pixels", label: "pixels of the input" },
  { value: "share", label: "shares of its sides" },
];

type Words = { [K in keyof Draft]: Draft[K] extends string ? K : never }[keyof Draft];
type Numbers = { [K in keyof Draft]: Draft[K] extends number ? K : never }[keyof Draft];

export function Register({
  project,
  start,
  servers,
  onDone,
}: {
  project: string;
  start: Draft;
  servers: string[];
  onDone: () => void;
}) {
  const [draft, setDraft] = useState(start);
  const { register } = useFaceModels(project);
  const text = (key: Words, label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      required
      value={draft[key]}
      onChange={(event) => setDraft({ ...draft, [key]: event.currentTarget.value })}
    />
  );
  const number = (key: Numbers, label: string, step = 1) => (
    <NumberInput
      label={label}
      step={step}
      allowDecimal={step < 1}
      value={draft[key]}
      onChange={(value) => setDraft({ ...draft, [key]: Number(value) })}
    />
  );
  const choice = (key: Words, label: string, data: { value: string; label: string }[] | string[]) => (
    <NativeSelect
      label={label}
      data={data}
      value={draft[key]}
      onChange={(event) => setDraft({ ...draft, [key]: event.currentTarget.value } as Draft)}
    />
  );
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        register.mutate({ name: draft.name.trim(), config: configOf(draft) }, { onSuccess: onDone });
      }}
    >
      <fieldset className={styles.fields}>
        <legend>Where it is served</legend>
        {text("name", "Name here", "a-z, 0-9, _ and -; the rules name it")}
        {choice("address", "Server", servers)}
        {text("model", "Model on the server")}
        {text("version", "Its version")}
      </fieldset>
      <fieldset className={styles.fields}>
        <legend>What it takes: one picture, scaled to fit</legend>
        {text("input", "Input tensor")}
        {number("width", "Columns")}
        {number("height", "Rows")}
        {choice("values", "Values", VALUES)}
        {choice("layout", "Order", LAYOUTS)}
      </fieldset>
      <fieldset className={styles.fields}>
        <legend>What it answers: boxes, after suppression of doubles</legend>
        {text("boxes", "Boxes tensor")}
        {text("scores", "Scores tensor")}
        {text("classes", "Classes tensor")}
        {choice("form", "A box is", FORMS)}
        {choice("unit", "In", UNITS)}
        {number("face", "Number of a face")}
        {number("plate", "Number of a plate")}
        {number("faceScore", "Lowest score of a face", 0.01)}
        {number("plateScore", "Lowest score of a plate", 0.01)}
      </fieldset>
      <p className="dim">
        Choose low scores: a mask too many costs a few pixels, a mask too few shows somebody. Another
        configuration under the same name is a new revision, which has to be measured anew.
      </p>
      <Refused error={register.error} />
      <div className="row">
        <Button type="submit" loading={register.isPending}>
          Register
        </Button>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
