"""The evidence log under load, its verification, and the scope of a breach over many exposures."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What is promised, per second; the wait in milliseconds.
AIMS = {"events_per_s": 3_000, "wait_p99_ms": 1_000, "entries_per_s": 1_000_000, "breach_s": 60}
# Published by the authors of Tessera (docs/performance.md): POSIX driver, 12 cores, mirrored SAS disks.
PYMERKLE = "7.0.0"
TESSERA = {"events_per_s": 2_900, "wait_avg_ms": 6_000}


def built(package, example):
    """An example of a crate; cargo says where it lies."""
    line = ["cargo", "build", "--release", "-p", package, "--example", example, "--message-format=json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    found = [json.loads(text).get("executable") for text in done.stdout.splitlines() if text.startswith("{")]
    return next(path for path in found if path and path.endswith(example))


def ask(*line):
    done = subprocess.run([str(part) for part in line], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def peer(bench):
    """A Merkle log in an environment of its own."""
    folder = bench.cache / "evidence-peer"
    if not (folder / "installed").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", f"pymerkle=={PYMERKLE}"], check=True)
        (folder / "installed").touch()
    script = Path(__file__).with_name("evidence_peer.py")
    return ask(folder / "bin" / "python", script, fresh(bench, "pymerkle"), bench.seconds(20), bench.tasks(1_000_000))


def fresh(bench, name):
    folder = bench.runs / name
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def run(bench):
    load, scope = built("countersign-store", "evidence_load"), built("countersign-store", "breach_scope")
    seconds = bench.seconds(20)
    result = {
        "flat_out": ask(load, fresh(bench, "evidence-flat-out"), seconds, 64),
        "paced": ask(load, fresh(bench, "evidence-paced"), seconds, 64, AIMS["events_per_s"]),
        "verify": ask(built("countersign-ledger", "verify_speed"), bench.tasks(1_000_000)),
        "breach": ask(scope, fresh(bench, "breach"), bench.tasks(10_000_000)),
    }
    if bench.with_peer:
        result["peer"] = peer(bench)
    return result


def against(result):
    """Ratios against the peer of the same run."""
    flat, verify, peer = result["flat_out"], result["verify"], result["peer"]
    one, many, checked = peer["one_by_one"], peer["in_batches"], peer["verify"]
    rows = [
        ("events per second, each durable before it counts; the peer has one writer and a commit per event", flat["events_per_s"], one["events_per_s"]),
        ("the same; the peer is handed 64 events per commit", flat["events_per_s"], many["events_per_s"]),
        ("entries verified per second of one core", verify["entries_per_processor_second"], checked["entries_per_processor_second"]),
    ]
    lines = [f"\n|  | ours | pymerkle {peer['version']} (SQLite) | ratio |", "|---|---|---|---|"]
    lines += [f"| {name} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:,.1f} |" for name, ours, theirs in rows]
    lines.append(
        "\nThe peer keeps entries of the same length with their hashes and works the root out once a second. Ours also writes the event's "
        "row and its details with a commitment, tiles with fsync, and a signed checkpoint."
    )
    return lines


def render(result):
    flat, paced, verify, breach = (result[name] for name in ("flat_out", "paced", "verify", "breach"))

    def met(is_met):
        return "met" if is_met else "**missed**"

    rows = [
        ("events per second, 64 writers flat out", f"{flat['events_per_s']:,.0f}", f"≥ {AIMS['events_per_s']:,}: {met(flat['events_per_s'] >= AIMS['events_per_s'])}"),
        ("wait until a signed checkpoint covers an event, flat out", f"p50 {flat['wait_p50_ms']:,.0f} ms, p99 {flat['wait_p99_ms']:,.0f} ms", f"p99 < {AIMS['wait_p99_ms']:,} ms: {met(flat['wait_p99_ms'] < AIMS['wait_p99_ms'])}"),
        (f"the same at {AIMS['events_per_s']:,} events per second", f"{paced['events_per_s']:,.0f}/s, p50 {paced['wait_p50_ms']:,.0f} ms, p99 {paced['wait_p99_ms']:,.0f} ms", f"p99 < {AIMS['wait_p99_ms']:,} ms: {met(paced['wait_p99_ms'] < AIMS['wait_p99_ms'])}"),
        (f"entries verified per second of one core, {verify['bytes_per_entry']} bytes each", f"{verify['entries_per_processor_second']:,.0f} ({verify['entries_per_s']:,.0f} by the clock)", f"≥ {AIMS['entries_per_s']:,}: {met(verify['entries_per_processor_second'] >= AIMS['entries_per_s'])}"),
        (f"who saw what of whom, {breach['exposures']:,} exposures, {breach['pairs']:,} lines", f"{breach['everything_seconds']:.1f} s; one person {breach['one_person_seconds']:.2f} s, one day {breach['one_day_seconds']:.2f} s", f"< {AIMS['breach_s']} s: {met(breach['everything_seconds'] < AIMS['breach_s'])}"),
    ]
    lines = ["## Evidence under load\n", "SQLite with `synchronous=FULL`, every event durable before it counts, tiles and checkpoints with fsync.\n", "|  | ours | aim |", "|---|---|---|"]
    lines += [f"| {name} | {value} | {aim} |" for name, value, aim in rows]
    if "peer" in result:
        lines += against(result)
    lines.append(
        f"\nFor orientation, not in the same run: Tessera's authors publish about {TESSERA['events_per_s']:,} entries per second "
        f"with {TESSERA['wait_avg_ms'] / 1000:.0f} s until integration on 12 cores with mirrored SAS disks.\n"
    )
    return "\n".join(lines)
