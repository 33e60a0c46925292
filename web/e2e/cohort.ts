/** Made-up studies with known identifiers, and what must be true of them on both sides of the gate. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Values as short as this stand by chance in numbers. */
const VALUE_CHARS_MIN = 6;
/** Instances of one made-up patient: one study with a series of each kind. */
const INSTANCES_PER_STUDY = 14;

type Check = { action: string; path: string; value: string };
type Key = {
  file: string;
  patient_id: string;
  study_uid: string;
  series_uid: string;
  instance_uid: string;
  modality: string;
  checks: Check[];
};

export type Instance = Key & { bytes: Buffer; twoFilesAtOnce: boolean };

/** What a study must look like after the gate, in words that compare. */
export type Shape = { series: [modality: string, frames: number][]; ct: string[] };

/** Writes the studies with the program's own maker and reads them back. */
export function makeCohort(binary: string, studies: number): Instance[] {
  const out = mkdtempSync(join(tmpdir(), "countersign-cohort-"));
  const count = String(studies * INSTANCES_PER_STUDY);
  execFileSync(binary, ["answer-key", "--seed", "41", "--count", count, "--companions", "--out", out]);
  return readFileSync(join(out, "key.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const key = JSON.parse(line) as Key;
      const bytes = readFileSync(join(out, "files", key.file));
      return { ...key, bytes, twoFilesAtOnce: bytes.subarray(0, 2).toString("latin1") === "MZ" };
    });
}

function grouped(instances: Instance[], by: (instance: Instance) => string): Map<string, Instance[]> {
  const groups = new Map<string, Instance[]>();
  for (const instance of instances) groups.set(by(instance), [...(groups.get(by(instance)) ?? []), instance]);
  return groups;
}

export const studiesOf = (instances: Instance[]) => grouped(instances, (i) => i.study_uid);

/** Lays instances out as a thoughtless export does: folders and files are named after the patient. */
export function layOut(instances: Instance[]): string {
  const root = mkdtempSync(join(tmpdir(), "countersign-export-"));
  for (const instance of instances) {
    const folder = join(root, instance.patient_id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${instance.patient_id} ${instance.instance_uid}.dcm`), instance.bytes);
  }
  return root;
}

/** The body of a STOW-RS request. */
export function related(instances: Instance[], boundary: string): Buffer {
  const parts = instances.flatMap(({ bytes }) => [
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

/** The values that must be gone. */
export function secretsOf(instances: Instance[]): string[] {
  const gone = new Set(["text_removed", "uid_changed", "date_shifted"]);
  const all = instances.flatMap((instance) => [
    instance.patient_id,
    instance.study_uid,
    instance.instance_uid,
    ...instance.checks
      .filter((check) => gone.has(check.action))
      .map((check) => check.value.replace(/^[<> ]+|[<> ]+$/g, "")),
  ]);
  return [...new Set(all)].filter(
    (value) => value.length >= VALUE_CHARS_MIN && !value.startsWith("1.2.840.10008."),
  );
}

/** The values that stand in a text as words of their own. */
export function found(text: string, secrets: string[]): string[] {
  const words = new Set(text.split(/[^\p{L}\p{N}.]+/u));
  const isBorder = (character: string | undefined) => !character || !/[\p{L}\p{N}]/u.test(character);
  return secrets.filter((secret) => {
    // A value of several words is looked for by one of them first.
    const inner = secret.split(/[^\p{L}\p{N}.]+/u).sort((a, b) => b.length - a.length)[0];
    if (inner && inner.length > 3 && !words.has(inner)) return false;
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
      if (isBorder(text[at - 1]) && isBorder(text[at + secret.length])) return true;
    }
    return false;
  });
}

const kept = (instance: Instance, path: string): string | undefined =>
  instance.checks.find((c) => c.path === path && c.action === "text_retained")?.value;

/** The shape that the key asks of a study: its graph of series and frames, and the geometry of its CT. */
export function shapeOf(study: Instance[]): Shape {
  const images = study.filter((i) => !["SR", "DOC"].includes(i.modality) && !i.twoFilesAtOnce);
  const series = [...grouped(images, (i) => i.series_uid).values()].map((of): [string, number] => [
    of[0]?.modality ?? "",
    of.reduce((sum, i) => sum + Number(kept(i, "00280008") || 1), 0),
  ]);
  const first = images.filter((i) => i.modality === "CT" && kept(i, "00280030"))[0];
  const ct = ["00280030", "00180050", "00200037", "00185100"].map((path) =>
    (first ? (kept(first, path) ?? "") : "").split("\\").map(plain).join("\\"),
  );
  return { series: series.sort(byText), ct };
}

/** Numbers as JavaScript writes them. */
const plain = (value: string) =>
  value.trim() === "" || Number.isNaN(Number(value)) ? value.trim() : String(Number(value));

export const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
