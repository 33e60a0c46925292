/** The `deid` section of a protocol as the editor shows it. */
import type { ColumnRule, DeidPlan, RecordsPlan } from "@/api/types";

export const DEFAULT_PLAN: DeidPlan = {
  profile: "basic",
  dates: "remove",
  pixels: "officer",
  two_person_waiver: false,
  head_scans: "tell",
  postal_codes: "remove",
  audit: { sample: 0, confidence: 0.95 },
  faces: null,
  records: null,
};

/** Options of the Basic Profile (PS3.15 Table E.1-1) in the order of the standard, and what each means for people. */
export const OPTIONS: { word: string; label: string; means: string }[] = [
  { word: "clean_graphics", label: "Clean Graphics", means: "graphics and annotations are kept, cleaned" },
  {
    word: "clean_structured_content",
    label: "Clean Structured Content",
    means: "structured reports keep what a list allows",
  },
  { word: "clean_descriptors", label: "Clean Descriptors", means: "descriptions are kept, names taken out" },
  {
    word: "retain_patient_characteristics",
    label: "Retain Patient Characteristics",
    means: "sex, size, weight and the like stay",
  },
  {
    word: "retain_device_identity",
    label: "Retain Device Identity",
    means: "serial numbers and stations stay",
  },
  { word: "retain_uids", label: "Retain UIDs", means: "whoever knows a UID can find the study again" },
  {
    word: "retain_safe_private",
    label: "Retain Safe Private",
    means: "private elements known to be safe stay",
  },
  {
    word: "retain_institution_identity",
    label: "Retain Institution Identity",
    means: "the name of the institution stays",
  },
];

export const planOf = (protocol: { deid?: DeidPlan }): DeidPlan => ({ ...DEFAULT_PLAN, ...protocol.deid });

export function optionsOf(profile: string): Set<string> {
  return new Set(
    profile
      .split(",")
      .slice(1)
      .map((word) => word.trim()),
  );
}

/** The profile text with an option added or taken out, in the order of the standard; unknown words stay. */
export function withOption(profile: string, word: string, on: boolean): string {
  const chosen = optionsOf(profile);
  if (on) chosen.add(word);
  else chosen.delete(word);
  const known = OPTIONS.map((option) => option.word);
  const rest = [...chosen].filter((one) => !known.includes(one));
  return ["basic", ...known.filter((one) => chosen.has(one)), ...rest].join(",");
}

/** The plan with an option added or taken out; postal codes go with the patient characteristics that they belong to. */
export function withWord(plan: DeidPlan, word: string, on: boolean): DeidPlan {
  const profile = withOption(plan.profile, word, on);
  const kept = optionsOf(profile).has("retain_patient_characteristics");
  return { ...plan, profile, postal_codes: kept ? plan.postal_codes : "remove" };
}

const sameFaces = (a: DeidPlan["faces"], b: DeidPlan["faces"]) =>
  a?.model === b?.model && a?.min_recall === b?.min_recall && a?.temporal === b?.temporal;

/** What becomes of a column of a table, in the order in which it is offered. */
export const COLUMN_ACTIONS: { value: string; label: string }[] = [
  { value: "pseudonym", label: "Patient's number: pseudonym" },
  { value: "study", label: "Study Instance UID: mapped, joins rows to studies" },
  { value: "accession", label: "Accession number: joins rows to studies, dropped" },
  { value: "keep", label: "Kept: numbers and codes" },
  { value: "one_of", label: "Kept: one of these values" },
  { value: "date_shift", label: "Date: moved by the patient's weeks" },
  { value: "year", label: "Date: its year" },
  { value: "age_cap", label: "Age: over 89 told as 90" },
  { value: "zip3", label: "Postal code: three digits" },
  { value: "drop", label: "Dropped" },
];

/** A rule as a line of the form; values are text with commas between them. */
export type ColumnLine = { name: string; action: string; values: string };

export const linesOf = (records: RecordsPlan | null | undefined): ColumnLine[] =>
  Object.entries(records?.columns ?? {}).map(([name, rule]) =>
    typeof rule === "string"
      ? { name, action: rule, values: "" }
      : { name, action: "one_of", values: rule.one_of.join(", ") },
  );

const ruleOf = ({ action, values }: ColumnLine): ColumnRule =>
  action === "one_of"
    ? {
        one_of: values
          .split(",")
          .map((value) => value.trim())
          .filter(Boolean),
      }
    : (action as ColumnRule);

/** The rules of a form; lines without a name are none yet. */
export const recordsOf = (issuer: string, lines: ColumnLine[]): RecordsPlan => ({
  issuer,
  columns: Object.fromEntries(lines.filter(({ name }) => name).map((line) => [line.name, ruleOf(line)])),
});

const sameRecords = (a: DeidPlan["records"], b: DeidPlan["records"]) => {
  const text = (records: DeidPlan["records"]) =>
    records ? JSON.stringify([records.issuer ?? "", Object.entries(records.columns).sort()]) : "";
  return text(a) === text(b);
};

export const samePlan = (a: DeidPlan, b: DeidPlan): boolean =>
  a.profile.replaceAll(" ", "") === b.profile.replaceAll(" ", "") &&
  a.dates === b.dates &&
  a.pixels === b.pixels &&
  a.two_person_waiver === b.two_person_waiver &&
  (a.head_scans ?? "tell") === (b.head_scans ?? "tell") &&
  (a.postal_codes ?? "remove") === (b.postal_codes ?? "remove") &&
  sameFaces(a.faces, b.faces) &&
  sameRecords(a.records, b.records) &&
  a.audit.sample === b.audit.sample &&
  a.audit.confidence === b.audit.confidence;
