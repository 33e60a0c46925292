"""The section `deid-score`: our own command against the generated key, and what it leaves of real files."""

import json
import subprocess
from pathlib import Path

from deidentify import residual, score

# What the answer key asks for (see crates/synthesis/src/identified).
PROFILE = (
    "basic,clean_descriptors,clean_structured_content,retain_modified_dates,retain_patient_characteristics,"
    "retain_safe_private"
)
PIXELS = ["--pixels", "mask"]
SEED, INSTANCES = 20261126, 2002
E1_1 = Path(__file__).parents[2] / "crates" / "deid" / "tables" / "e1-1.tsv"


def command(binary, *arguments):
    """The last JSON object of a command that may have quarantined something."""
    done = subprocess.run([str(binary), "--json", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def clean(binary, folder, sources, profile, more=()):
    """De-identifies a folder; the summary and where things are."""
    folder.mkdir(parents=True)
    key, out = folder / "key", folder / "out"
    maps = (folder / "uids.csv", folder / "patients.csv")
    command(binary, "deid", "--new-key", "--key", key)
    said = command(
        binary, "deid", "--key", key, "--out", out, "--profile", profile, "--uid-map", maps[0], "--patient-map", maps[1],
        "--report", folder / "report.jsonl", "--source-map", folder / "sources.csv", *more, sources,
    )
    if "deid" not in said:
        raise RuntimeError(f"deid: {said}")
    return said["deid"], out, maps


def keyed(binary, runs, quick):
    made = runs / "answer-key"
    command(binary, "answer-key", "--seed", SEED, "--count", INSTANCES // 10 if quick else INSTANCES, "--out", made)
    said, out, maps = clean(binary, runs / "scored", made / "files", PROFILE, PIXELS)
    score.control(made / "files", made / "key.jsonl")
    scorer = score.Scorer(made / "files", out, *map(score.read_map, maps))
    return {**score.summary(*scorer.run(made / "key.jsonl")), "seed": SEED, "profile": PROFILE, "summary": said}


def pairs_of(folder, sources, out):
    """Sources of our command with their outputs, by the report."""
    names = {}
    with open(folder / "sources.csv", encoding="utf-8", newline="") as file:
        for row in score.csv.DictReader(file):
            names[int(row["position"])] = row["name"]
    for line in open(folder / "report.jsonl", encoding="utf-8"):
        entry = json.loads(line)
        if entry["status"] == "done":
            name = names[entry["position"]]
            source = sources.parent / name
            yield name, source.read_bytes(), (out / entry["output"]).read_bytes()


def left_over(binary, runs, sources, name):
    """What the Basic Profile leaves of the values of a folder."""
    folder = runs / name
    said, out, _ = clean(binary, folder, sources, "basic", ["--trust-pixels"])
    return {**residual.count(pairs_of(folder, sources, out), residual.table(E1_1)), "summary": said}


def run(bench):
    result = {"keyed": keyed(bench.binary, bench.runs, bench.quick)}
    result["left_of_key"] = left_over(bench.binary, bench.runs, bench.runs / "answer-key" / "files", "left-of-key")
    if bench.samples:
        result["left_of_samples"] = left_over(bench.binary, bench.runs, bench.samples / "dicom", "left-of-samples")
    return result
