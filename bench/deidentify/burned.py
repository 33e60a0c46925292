"""Text burned into made-up pictures: what our detector removes, and what is removed where Tesseract sees words."""

import json
import os
import subprocess
import time

# A seed that no threshold was chosen on, and pictures of it.
SEED = 9100
PICTURES = 40
# Sparse text: find as much as possible, in no order.
MODE = "11"


def run(bench):
    pictures = 4 if bench.quick else PICTURES
    program = built()
    folder = bench.runs / "burned"
    folder.mkdir(parents=True, exist_ok=True)
    share = ["--seed", str(SEED), "--pictures", str(pictures), str(folder)]
    subprocess.run([program, "export", *share], check=True)
    if not bench.with_peer:
        for number in range(pictures):
            (folder / f"{number}.tsv").write_text("")
        return {"pictures": pictures, **judged(program, share, without_peer=True)}
    tesseract = bench.need("tesseract")
    begun = time.monotonic()
    for number in range(pictures):
        name = folder / str(number)
        subprocess.run(
            [tesseract, f"{name}.pgm", str(name), "--psm", MODE, "tsv"], check=True, capture_output=True,
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        )
    seconds = time.monotonic() - begun
    version = subprocess.run([tesseract, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return {"pictures": pictures, "peer_version": version, "peer_seconds": seconds, **judged(program, share)}


def built():
    """The example that exports and judges, built where the measured program was built."""
    done = subprocess.run(
        ["cargo", "build", "--release", "-p", "countersign-deid", "--example", "text_peer", "--message-format", "json"],
        capture_output=True, text=True, check=True,
    )
    made = (json.loads(line) for line in done.stdout.splitlines())
    return next(m["executable"] for m in made if m.get("executable") and m["target"]["name"] == "text_peer")


def judged(program, share, without_peer=False):
    done = subprocess.run([program, "judge", *share], check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    if without_peer:
        result.pop("peer")
    return result
