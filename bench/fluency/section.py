"""The section `fluency`: a hand over thousands of marks and over a large mask, in a real browser."""

import json
import os
import subprocess
from pathlib import Path

from headtohead import peer

HERE = Path(__file__).resolve().parent
MARKS = 10_000
# What the peer opens, too: the ratio is taken there.
FEWER_MARKS = 1_000


def trace(bench, marks, options):
    command = ["node", str(HERE / "fluency.mjs"), str(bench.web), "--marks", str(marks), *options]
    env = {**os.environ, "CHROMIUM": bench.chromium}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise RuntimeError(f"the browser failed: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout)


def run(bench):
    there, options = None, []
    if bench.with_peer:
        there = bench.peer()
        options = ["--peer", f"http://127.0.0.1:{there.port}", peer.ADMIN, peer.PASSWORD]
    try:
        return {
            "many": trace(bench, bench.tasks(MARKS), options),
            "fewer": trace(bench, bench.tasks(FEWER_MARKS), ["--no-brush", *options]),
        }
    finally:
        if there:
            there.stop()
