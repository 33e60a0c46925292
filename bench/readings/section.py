"""The section `quality`: agreement, consensus and label errors on the same arrays, against named packages, both sides on
one thread."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {
    "krippendorff": "0.9.0", "irrCAC": "0.4.4", "crowd-kit": "1.4.2", "cleanlab": "2.9.0", "SimpleITK": "2.5.7",
    # What crowd-kit runs with.
    "scikit-learn": "1.5.2",
}
ITERATIONS = 10
# How far what came out may differ from the peer's, as a share of it: but for rounding, not at all. Pixels and suspects are counted.
TOLERANCES = {
    "alpha-interval": 1e-9, "alpha-nominal": 1e-9, "ac1": 1e-9, "dawid-skene": 1e-6, "staple": 0.0, "label-errors": 0.0,
}


def compare(rows):
    """Raises where both sides do not say the same: a ratio of times of different answers is none."""
    wrong = []
    for row in rows:
        if "theirs" not in row:
            continue
        mine, theirs, tolerance = row["same"], row["theirs"]["value"], TOLERANCES[row["what"]]
        row["tolerance"] = tolerance
        # What is not a number is no answer either.
        if not abs(mine - theirs) <= tolerance * abs(theirs):
            wrong.append(f"{row['what']}: ours {mine!r}, {row['peer']} {theirs!r}, at most {tolerance:g} of it apart")
    if wrong:
        raise RuntimeError("answers differ from the peer's: " + "; ".join(wrong))


def install(cache):
    folder = cache / "quality-peers"
    if not (folder / "installed").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *wanted], check=True)
        (folder / "installed").touch()
    return folder / "bin" / "python"


def build():
    """The example that reads the same arrays; cargo says where it lies."""
    line = ["cargo", "build", "--release", "-p", "countersign-quality", "--example", "timings", "--message-format=json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=HERE.parent.parent)
    built = [json.loads(text).get("executable") for text in done.stdout.splitlines() if text.startswith("{")]
    return next(path for path in built if path and path.endswith("timings"))


def ask(line):
    done = subprocess.run([str(part) for part in line], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{line[1:3]} failed: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(bench):
    share = 0.02 if bench.quick else 1.0
    folder = bench.runs / "quality"
    folder.mkdir()
    python = install(bench.cache)
    depth = subprocess.run([python, HERE / "make.py", folder, str(share)], capture_output=True, text=True, check=True)
    depth = int(depth.stdout)
    timings = build()
    items = int(333_333 * share)
    plans = [
        ("alpha-interval", "ratings.bin", [5], [], "krippendorff", f"{int(1e6 * share)} ratings, alpha of an interval scale"),
        ("alpha-nominal", "classes.bin", [5, 10], [], "krippendorff", f"{int(1e6 * share)} reads, nominal alpha"),
        ("ac1", "classes.bin", [5, 10], [], "irrCAC", f"{int(1e6 * share)} reads, AC1 with its error"),
        (
            "dawid-skene", "labels.bin", [items, 500, 10, ITERATIONS], [], "crowd-kit",
            f"{3 * items} labels, Dawid-Skene, {ITERATIONS} iterations",
        ),
        ("staple", "masks.bin", [5], [depth, 512, 512], "SimpleITK", f"{depth} x 512 x 512 x 5, STAPLE"),
        (
            "label-errors", "probabilities.bin", [100], [], "cleanlab",
            f"{int(1e6 * share)} x 100 probabilities, confident learning",
        ),
    ]
    rows = []
    for what, file, numbers, more, peer, about in plans:
        mine = ask([timings, what, folder / file, *numbers])
        row = {"what": what, "about": about, "peer": f"{peer} {PACKAGES[peer]}", "ours": mine}
        if bench.with_peer:
            row["theirs"] = ask([python, HERE / "peers.py", what, folder / file, *numbers, *more])
            # The peer knows no pooled prior: what is timed is ours, what is compared goes without.
            plain = what == "dawid-skene"
            row["same"] = ask([timings, f"{what}-plain", folder / file, *numbers])["value"] if plain else mine["value"]
        rows.append(row)
    shutil.rmtree(folder)
    compare(rows)
    return {"rows": rows, "cores": os.cpu_count()}
