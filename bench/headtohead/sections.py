"""What is measured. Each section gives a dictionary; `report` turns them into the page."""

import json
import shutil
import statistics
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

from deidentify import burned, run_score, speed
from fluency import section as fluency
from headtohead import checks, evidence, load, machine, monitor, ours, peer
from reading import section as reading
from readings import section as readings

SETTLE_SECONDS = 2
STARTS = 5
PEER_WARM_STARTS = 3


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Bench:
    """What the sections share: where things lie, how long they take, who serves."""

    def __init__(self, cache, binary, web, need, samples, quick, with_peer):
        self.cache, self.binary, self.web, self.need, self.samples = cache, binary, web, need, samples
        self.quick, self.with_peer = quick, with_peer
        self.runs = cache / "runs"
        shutil.rmtree(self.runs, ignore_errors=True)
        self.runs.mkdir(parents=True)
        self.peer_is_set_up = False

    @cached_property
    def chromium(self):
        return self.need("chromium")

    @cached_property
    def postgres(self):
        return self.need("postgres")

    def tasks(self, count):
        return count // 4 if self.quick else count

    def seconds(self, count):
        return min(count, 2) if self.quick else count

    def ours(self, name, database=None):
        return ours.Ours(self.binary, self.runs / name, database)

    def peer(self):
        """The peer on SQLite with its accounts, started."""
        there = peer.Peer(self.cache, self.runs / "peer")
        if self.peer_is_set_up:
            there.start()
            there.tokens = self.peer_tokens
            return there
        there.start(fresh=True)
        there.setup(16, there.tokens_in_sqlite)
        self.peer_is_set_up, self.peer_tokens = True, there.tokens
        return there


def images(count, project=""):
    return [(f"line 3 part {number:06}", f"/images/line3{project}/{number:06}.png") for number in range(count)]


def starts(server, count, fresh):
    times, rss = [], []
    for _ in range(count):
        running = server.start(fresh=fresh)
        times.append(running.started_s)
        time.sleep(SETTLE_SECONDS)
        rss.append(running.memory()["rss"])
        server.stop()
    return {"median_s": statistics.median(times), "all_s": times, "rss_mb": statistics.median(rss)}


def start(bench):
    """From exec to the first 200, on an empty new directory and on one that exists; idle memory."""
    server = bench.ours("start")
    result = {"ours": {"first": starts(server, STARTS, True), "warm": starts(server, STARTS, False)}}
    result["ours"]["binary_mb"] = Path(bench.binary).stat().st_size / 1e6
    if bench.with_peer:
        installed = peer.install(bench.cache)
        there = peer.Peer(bench.cache, bench.runs / "peer-start")
        theirs = {"first": starts(there, 1, True), "warm": starts(there, PEER_WARM_STARTS, False)}
        theirs["installed_mb"] = peer.megabytes(bench.cache / "peer")
        result["peer"] = {**theirs, "install_s": installed}
    return result


def imports(bench):
    """A list of image tasks, durable when the answer comes; memory at its peak."""
    count = bench.tasks(100_000)
    server = bench.ours("import")
    server.start(fresh=True)
    server.setup(1)
    times = []
    for turn in range(3):
        project = server.project(1)
        body = ours.import_body(images(count, f"-{turn}"))
        seconds, answer = server.import_tasks(project, body)
        if answer["created"] != count:
            raise RuntimeError(f"{answer['created']} tasks were made of {count}")
        times.append(seconds)
        if turn == 0:
            memory = server.server.memory()
    server.stop()
    warm = starts(server, 3, False)
    mine = {"tasks": count, "body_mb": len(body) / 1e6, "median_s": statistics.median(times), "all_s": times}
    result = {"ours": {**mine, "memory": memory, "start_after": warm}}
    if bench.with_peer:
        there = bench.peer()
        body = peer.import_body(images(count))
        seconds, answer = there.import_tasks(there.project(), body)
        if answer["task_count"] != count:
            raise RuntimeError(f"the peer made {answer['task_count']} tasks of {count}")
        theirs = {"tasks": count, "body_mb": len(body) / 1e6, "median_s": seconds, "all_s": [seconds]}
        result["peer"] = {**theirs, "memory": there.server.memory()}
        there.stop()
    return result


def one_run(there, project, clients, keep, warm, window):
    figures = load.run(there.workers(project, clients, keep), there.pids, warm, window)
    rate, take, give = figures["pairs_per_s"], figures["take_ms"]["p95"] or 0, figures["give_ms"]["p95"] or 0
    say(f"  {clients:3} clients {rate:7.1f} pairs/s, p95 {take:.1f} and {give:.1f} ms, {figures['faults']} faults")
    return figures


def my_runs(bench, server, plans, ask):
    """Runs on our side, each followed by the check against the database."""
    results, shared = [], {}
    for size, clients, keep in plans:
        # The small list would be worked off within one window: a new one for each run. The large one is shared.
        project = shared.get(size)
        if project is None:
            project = server.project(64)
            server.import_tasks(project, ours.import_body(images(bench.tasks(size), f"-{len(results)}")))
            if size > 10_000:
                shared[size] = project
        warm, window = bench.seconds(3), bench.seconds(12 if clients > 1 else 8)
        figures = one_run(server, project, clients, keep, warm, window)
        checked = checks.ours(ask, project, figures.pop("vouched"))
        if any(value for name, value in checked.items() if name != "acknowledged"):
            say(f"  CHECK FAILED: {checked}")
        results.append({"tasks": bench.tasks(size), "keep_alive": keep, **figures, "checks": checked})
    return results


def their_runs(bench, there, plans, twice):
    results, projects = [], {}
    for size, clients, keep in plans:
        if size not in projects:
            projects[size] = there.project()
            there.import_tasks(projects[size], peer.import_body(images(bench.tasks(size))))
        warm, window = bench.seconds(15 if clients > 1 else 3), bench.seconds(25 if clients > 1 else 8)
        figures = one_run(there, projects[size], clients, keep, warm, window)
        figures.pop("vouched")
        tasks, doubled, marks = (int(value) for value in twice(projects[size]))
        checked = {"tasks": tasks, "annotated_by_two": doubled, "annotations": marks}
        results.append({"tasks": bench.tasks(size), "keep_alive": keep, **figures, "checks": checked})
    return results


def work(bench):
    """Claim and submit with five boxes, by people of their own, on SQLite of both sides."""
    server = bench.ours("work")
    server.start(fresh=True)
    server.setup(64)
    say("work: ours on SQLite")
    plans = [(10_000, 1, True), (10_000, 16, True), (10_000, 16, False), (10_000, 64, True)]
    plans += [(100_000, 1, True), (100_000, 16, True), (100_000, 64, True)]
    result = {"ours": my_runs(bench, server, plans, checks.sqlite_rows(server.data))}
    result["ours_memory"] = server.server.memory()
    server.stop()
    if bench.with_peer:
        say("work: the peer on SQLite")
        there = bench.peer()
        plans = [(10_000, 1, False), (10_000, 1, True), (10_000, 16, False), (100_000, 1, False), (100_000, 16, False)]
        result["peer"] = their_runs(bench, there, plans, there.twice)
        result["peer_durability"], result["peer_memory"] = there.durability(), there.server.memory()
        there.stop()
    return result


def work_postgres(bench):
    """The same at 16 clients, both sides on one PostgreSQL cluster with durability as shipped."""
    from headtohead.cluster import Cluster

    cluster = Cluster(bench.postgres, bench.runs)
    try:
        cluster.create("ours")
        server = bench.ours("work-postgres", cluster.url("ours"))
        server.start(fresh=True)
        server.setup(64)
        say("work: ours on PostgreSQL")
        plans = [(10_000, 1, True), (10_000, 16, True), (10_000, 16, False)]
        ask = cluster.rows("ours")
        result = {"ours": my_runs(bench, server, plans, ask)}
        server.stop()
        if bench.with_peer:
            cluster.create("peer")
            there = peer.Peer(bench.cache, bench.runs / "peer-postgres", cluster.django("peer"))
            say("work: the peer's tables on PostgreSQL")
            there.migrate()
            there.start()
            tokens = "SELECT user_id, key FROM authtoken_token"
            there.setup(16, lambda: {int(user): key for user, key in cluster.psql("peer", tokens)})
            say("work: the peer on PostgreSQL with gunicorn")
            plans = [(10_000, 1, False), (10_000, 16, False)]
            count = peer.TWICE
            result["peer"] = their_runs(
                bench, there, plans, lambda project: cluster.psql("peer", count.format(project=int(project)))[0]
            )
            there.stop()
    finally:
        cluster.stop()
    return result


def load_page(bench, base, sign_in, path, ready):
    """Bytes as they travelled, in a browser without cache."""
    script = Path(__file__).parent.parent / "editor.mjs"
    order = {"chromium": bench.chromium, "base": base, "signIn": sign_in, "path": path, "ready": ready}
    done = subprocess.run(
        ["node", str(script), str(bench.web)], input=json.dumps(order), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the browser failed: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout)


def editor(bench):
    """The first load of the page on which people draw."""
    server = bench.ours("editor")
    server.start(fresh=True)
    server.setup(1)
    project = server.project(1)
    server.import_tasks(project, ours.import_body(images(3)))
    (worker,) = server.workers(project, 1, False)
    task, _ = worker.take()
    base = f"http://127.0.0.1:{server.port}"
    sign_in = {"kind": "ours", "login": "annotator00", "password": ours.PASSWORD}
    try:
        result = {"ours": load_page(bench, base, sign_in, f"/work/{task}", "canvas, svg, button")}
    finally:
        server.stop()
    if bench.with_peer:
        there = bench.peer()
        project = there.project()
        there.import_tasks(project, peer.import_body(images(3)))
        task = there.api("GET", f"/api/projects/{project}/next")["id"]
        base = f"http://127.0.0.1:{there.port}"
        sign_in = {"kind": "peer", "login": peer.ADMIN, "password": peer.PASSWORD}
        path = f"/projects/{project}/data?task={task}"
        try:
            result["peer"] = load_page(bench, base, sign_in, path, "#label-studio-dm")
        finally:
            there.stop()
    return result


def ledger(bench):
    """How fast the evidence log is verified without a server: for information, no peer keeps one."""
    server = bench.ours("ledger")
    server.start(fresh=True)
    server.setup(64)
    project = server.project(64)
    server.import_tasks(project, ours.import_body(images(bench.tasks(10_000))))
    figures = load.run(server.workers(project, 64, True), server.pids, 0, bench.seconds(20))
    server.stop()
    command = [str(bench.binary), "--json", "verify", "--log", str(server.data)]
    alone = [str(bench.binary), "--json", "verify", "--log", str(server.data / "log")]
    result = {"pairs": figures["pairs"]}
    keys = server.data / "keys" / "log.pub"
    for name, line in (("with_rows", command), ("log_only", [*alone, "--key", str(keys)])):
        if name == "log_only":
            # A copy of the log folder alone: no database beside it.
            copy = bench.runs / "ledger-copy"
            shutil.copytree(server.data / "log", copy)
            line[line.index(str(server.data / "log"))] = str(copy)
        begun = time.monotonic()
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        seconds = time.monotonic() - begun
        report = json.loads(done.stdout.strip().splitlines()[-1])
        size = report["log"]["size"]
        result[name] = {"seconds": seconds, "entries": size, "entries_per_s": size / seconds}
    return result


ALL = {
    "start": start, "import": imports, "work": work, "postgres": work_postgres, "editor": editor, "ledger": ledger,
    "evidence": evidence.run,
    "deid-score": run_score.run, "deid": speed.run, "text": burned.run, "quality": readings.run,
    "monitor": monitor.run, "reading": reading.run, "fluency": fluency.run,
}
# Sections that need neither the peer of the annotation work nor PostgreSQL; and those that need no browser either.
BY_THEMSELVES = {"evidence", "deid-score", "deid", "text", "quality", "monitor", "reading"}
WITHOUT_BROWSER = BY_THEMSELVES - {"reading"}


def versions(bench, name):
    own = {"countersign": machine.first_line([str(bench.binary), "--version"])}
    if name in WITHOUT_BROWSER:
        return own
    if name == "reading":
        return own | {"chromium": machine.first_line([bench.chromium, "--version"])}
    return own | {
        "peer": f"Label Studio {peer.VERSION}",
        "chromium": machine.first_line([bench.chromium, "--version"]),
        "postgres": machine.first_line([str(Path(bench.postgres) / "postgres"), "--version"]),
        "node": machine.first_line(["node", "--version"]),
    }
