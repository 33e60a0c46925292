"""The section `reading`: how soon a CT study shows its first slice in a real browser, and how fast it scrolls."""

import json
import subprocess
from pathlib import Path

from deidentify.run_score import command
from headtohead import ours
from reading import make

HERE = Path(__file__).resolve().parent
SLICES = 500
SEED = 5
OPENINGS = 5
PROJECT = "CT"


def browse(bench, order):
    done = subprocess.run(
        ["node", str(HERE / "reading.mjs"), str(bench.web)], input=json.dumps(order), capture_output=True, text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the browser failed: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout)


def run(bench):
    count = SLICES // 10 if bench.quick else SLICES
    server = bench.ours("reading")
    files = bench.runs / "reading-files"
    size = make.study(files, count, SEED)
    server.data.parent.mkdir(parents=True, exist_ok=True)
    server.start(fresh=True)
    server.setup(1)
    server.stop()
    said = command(bench.binary, "ingest", "--data", server.data, "--project", PROJECT, "--create", "radiology", files)
    server.start()
    try:
        project = server.api("owner", "GET", "/projects")[0]["id"]
        grant = {"user": server.users["annotator00"], "role": "annotator"}
        server.api("owner", "POST", f"/projects/{project}/grants", grant)
        server.sign("owner", f"/projects/{project}/protocol/signature", {}, 201)
        (worker,) = server.workers(project, 1, False)
        taken = worker.take()
        if taken is None:
            raise RuntimeError(f"the study did not come through: {said}")
        order = {
            "chromium": bench.chromium, "base": f"http://127.0.0.1:{server.port}", "task": taken[0], "slices": count,
            "login": "annotator00", "password": ours.PASSWORD, "openings": 2 if bench.quick else OPENINGS,
            "shadeStep": make.SHADE_STEP,
        }
        found = browse(bench, order)
        return {"slices": count, "file_bytes": size, "memory": server.server.memory(), **found}
    finally:
        server.stop()
