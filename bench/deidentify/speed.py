"""The section `deid`: files per CPU-second of header de-identification, against published tools on the same files
in the same run, and what each leaves; then the cost of an ingest."""

import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from deidentify import orthanc, residual
from deidentify.run_score import E1_1, clean, command, pairs_of

PYTHON_PEERS = {"deid": "0.4.13", "dicognito": "0.19.0", "dicom-anonymizer": "2.1.0"}
PYDICOM = "3.0.2"
RUST_PEER = "0.3.1"
COPIES = 40
INGEST_FILES = 2000
INGEST_SIDE_PX = 140
SLICES_PER_STUDY = 100
RUST_MAIN = """
use std::{env, fs::{self, File}, io::BufWriter, path::{Path, PathBuf}};

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let (source, out) = (Path::new(&arguments[1]), Path::new(&arguments[2]));
    let mut files = Vec::new();
    walk(source, &mut files);
    files.sort();
    let anonymizer = dicom_anonymization::Anonymizer::default();
    let mut done = 0;
    for path in &files {
        let target = out.join(path.strip_prefix(source).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let result = File::open(path).ok().and_then(|file| anonymizer.anonymize(std::io::BufReader::new(file)).ok());
        let written = result.is_some_and(|result| {
            let file = File::create(&target).unwrap();
            result.write(BufWriter::new(file)).is_ok()
        });
        if written { done += 1 } else { let _ = fs::remove_file(&target); }
    }
    println!("{{\\"files\\": {}, \\"done\\": {done}}}", files.len());
}
"""


def cpu_of(run):
    """What a function gives, and the CPU time of the processes that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    given = run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return given, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def install(cache):
    """The Python peers, in an environment of their own."""
    folder = cache / "deid-peers"
    if not (folder / "installed").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        wanted = [f"{name}=={version}" for name, version in {**PYTHON_PEERS, "pydicom": PYDICOM}.items()]
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *wanted], check=True)
        (folder / "installed").touch()
    return folder / "bin" / "python"


def install_rust(cache):
    """The Rust peer as a program of its own; None where it does not build."""
    folder = cache / "deid-peer-rust"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "peer"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n'
        f'[dependencies]\ndicom-anonymization = "={RUST_PEER}"\n'
    )
    (folder / "src" / "main.rs").write_text(RUST_MAIN)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target")}
    cargo = os.environ.get("CARGO", "cargo")
    done = subprocess.run([cargo, "build", "--release", "--quiet"], cwd=folder, env=environment, check=False)
    return folder / "target" / "release" / "peer" if done.returncode == 0 else None


def copies(samples, folder, count):
    """Copies of the samples that differ in their preamble alone: nobody can skip one as already known."""
    files = sorted(path for part in ("dicom", "dicom-series") for path in (samples / part).iterdir())
    for copy in range(count):
        (folder / f"{copy:03}").mkdir(parents=True)
        for path in files:
            data = bytearray(path.read_bytes())
            if data[128:132] == b"DICM":
                data[100:128] = f"copy {copy:06}".ljust(28, "\0").encode()
            (folder / f"{copy:03}" / path.name).write_bytes(data)
    size = sum(path.stat().st_size for path in files)
    return len(files) * count, size / len(files)


def outputs_of(sources, out):
    for path in sorted(out.rglob("*")):
        if path.is_file():
            name = path.relative_to(out)
            yield str(name), (sources / name).read_bytes(), path.read_bytes()


def ours(bench, sources, one_copy, listed):
    (said, _, _), cpu = cpu_of(lambda: clean(bench.binary, bench.runs / "ours", sources, "basic", ["--trust-pixels"]))
    folder = bench.runs / "ours-one"
    _, out, _ = clean(bench.binary, folder, one_copy, "basic", ["--trust-pixels"])
    left = residual.count(pairs_of(folder, one_copy, out), listed)
    return {"files": said["sources"], "done": said["done"], "reasons": said["reasons"], "cpu_s": cpu, "left": left}


def python_peer(bench, python, name, sources, one_copy, listed):
    driver = Path(__file__).parent / "peer_driver.py"
    out = bench.runs / f"{name}-out"
    done = subprocess.run([str(python), str(driver), name, str(sources), str(out)], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    result["left"] = residual.count(outputs_of(one_copy, out / one_copy.name), listed)
    shutil.rmtree(out)
    return result


def rust_peer(bench, program, sources, one_copy, listed):
    out = bench.runs / "rust-out"
    done, cpu = cpu_of(
        lambda: subprocess.run([str(program), str(sources), str(out)], capture_output=True, text=True, check=True)
    )
    result = {**json.loads(done.stdout.strip().splitlines()[-1]), "cpu_s": cpu}
    result["left"] = residual.count(outputs_of(one_copy, out / one_copy.name), listed)
    shutil.rmtree(out)
    return result


def orthanc_peer(bench, program, one_copy, listed):
    files = sorted(one_copy.iterdir())
    result, outputs = orthanc.measure(program, bench.runs / "orthanc", files, COPIES // 10 if bench.quick else COPIES)
    pairs = ((path.name, path.read_bytes(), cleaned) for path, cleaned in outputs.items())
    return {**result, "left": residual.count(pairs, listed)}


def ct_files(bench, folder, count):
    """CT images of about 40 kB: one from the maker, enlarged, with identifiers of its own for each."""
    made = bench.runs / "one-ct"
    command(bench.binary, "answer-key", "--seed", 5, "--count", 14, "--out", made)
    keys = (json.loads(line) for line in open(made / "key.jsonl", encoding="utf-8"))
    for key in keys:
        base = (made / "files" / key["file"]).read_bytes()
        side = INGEST_SIDE_PX.to_bytes(2, "little")
        head, found, _ = base.partition(b"\xe0\x7f\x10\x00OW\x00\x00")
        if key["modality"] == "CT" and found:
            break
    else:
        raise RuntimeError("the maker gave no explicit CT")
    for tag in (b"\x28\x00\x10\x00US\x02\x00", b"\x28\x00\x11\x00US\x02\x00"):
        head = re.sub(re.escape(tag) + b"..", lambda _, tag=tag: tag + side, head, flags=re.S)
    draw = random.Random(3)
    pixels = INGEST_SIDE_PX * INGEST_SIDE_PX * 2
    for number in range(count):
        part = folder / f"{number // SLICES_PER_STUDY:04}"
        part.mkdir(parents=True, exist_ok=True)
        data = head
        for uid, own in ((key["instance_uid"], number), (key["study_uid"], number // SLICES_PER_STUDY)):
            data = data.replace(uid.encode(), (uid[:-6] + f"{100000 + own}").encode())
        slice_position = f"{number % SLICES_PER_STUDY * 2.5:.1f}".encode()
        data = data.replace(b"\\2.5 ", b"\\" + slice_position[:4].ljust(4)[:4])
        values = draw.randbytes(pixels // 2)
        body = bytes(byte for value in values for byte in (value, value & 0x0F))
        (part / f"{number:06}.dcm").write_bytes(data + found + pixels.to_bytes(4, "little") + body)
    return len(data) + len(found) + 4 + pixels


def ingest(bench):
    """CPU time of the whole process for bringing files in, gate jobs and drafts included, and for storing alone."""
    count = INGEST_FILES // 10 if bench.quick else INGEST_FILES
    folder = bench.runs / "ingest-files"
    size = ct_files(bench, folder, count)
    result = {"files": count, "bytes": size}
    for name, more in (("stored", ["--store-only"]), ("whole", [])):
        data = bench.runs / f"ingest-{name}"
        said, cpu = cpu_of(
            lambda more=more, data=data: command(
                bench.binary, "ingest", "--data", data, "--project", "CT", "--create", "radiology", *more, folder
            )
        )
        result[name] = {"cpu_ms": cpu * 1000 / count, "standing": said["standing"], "stored": said["ingest"]["stored"]}
    return result


def run(bench):
    if not bench.samples:
        raise RuntimeError("COUNTERSIGN_SAMPLES names no folder of real files")
    sources = bench.runs / "copies"
    count, size = copies(bench.samples, sources, COPIES // 10 if bench.quick else COPIES)
    one_copy, listed = sources / "000", residual.table(E1_1)
    result = {"files": count, "mean_bytes": size, "tools": {}}
    result["tools"]["Countersign"] = ours(bench, sources, one_copy, listed)
    if bench.with_peer:
        python = install(bench.cache)
        for name, version in PYTHON_PEERS.items():
            result["tools"][f"{name} {version}"] = python_peer(bench, python, name, sources, one_copy, listed)
        program = install_rust(bench.cache)
        if program is not None:
            result["tools"][f"dicom-anonymization {RUST_PEER}"] = rust_peer(bench, program, sources, one_copy, listed)
        program = orthanc.install(bench.cache)
        if program is not None:
            figures = orthanc_peer(bench, program, one_copy, listed)
            result["tools"][f"Orthanc {figures['version']}"] = figures
    result["ingest"] = ingest(bench)
    return result
