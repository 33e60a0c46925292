"""The page RESULTS.md from what the sections left."""

import json

AIMS = {"pairs": 300, "p95_ms": 50, "import_s": 2, "start_s": 0.3, "idle_mb": 60, "editor_kb": 400}


def number(value, digits=1):
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:,.{0 if abs(value) >= 100 else digits}f}".replace(",", " ")


def ratio(larger, smaller):
    """How many times, for a reader: two significant digits."""
    if not larger or not smaller:
        return "–"
    value = larger / smaller
    return f"{value:.1f} ×" if value < 10 else f"{value:.0f} ×"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def met(value, limit, above=False):
    if value is None:
        return ""
    return "met" if (value >= limit if above else value < limit) else "**missed**"


def compared(name, unit, mine, theirs, digits=1, aim=None):
    """A row of a table where less is better."""
    aim_text = f"< {number(aim, 1)} {unit}: {met(mine, aim)}" if aim else ""
    peer = f"{number(theirs, digits)} {unit}" if theirs is not None else "–"
    return [name, f"{number(mine, digits)} {unit}", peer, ratio(theirs, mine), aim_text]


HEAD = ["", "Countersign", "Label Studio", "ratio", "aim"]


def start(result):
    mine, theirs = result["ours"], result.get("peer", {})
    first, warm = theirs.get("first", {}), theirs.get("warm", {})
    rows = [
        compared("first start, empty directory", "s", mine["first"]["median_s"], first.get("median_s"), 3, AIMS["start_s"]),
        compared("start on an existing directory", "s", mine["warm"]["median_s"], warm.get("median_s"), 3, AIMS["start_s"]),
        compared("resident memory 2 s after start", "MB", mine["first"]["rss_mb"], warm.get("rss_mb"), 1, AIMS["idle_mb"]),
        compared("installed (ours: the binary)", "MB", mine["binary_mb"], theirs.get("installed_mb"), 1),
    ]
    return "## Start\n\nFrom starting the process to the first 200 of its health route.\n\n" + table(HEAD, rows)


def imports(result):
    mine, theirs = result["ours"], result.get("peer", {})
    rows = [
        compared(f"{number(mine['tasks'])} image tasks", "s", mine["median_s"], theirs.get("median_s"), 2, AIMS["import_s"]),
        compared("peak memory", "MB", mine["memory"]["peak"], theirs.get("memory", {}).get("peak"), 0),
        compared("start with these tasks", "s", mine["start_after"]["median_s"], None, 3, AIMS["start_s"]),
    ]
    note = f"Ours: {len(mine['all_s'])} imports of the same size, {', '.join(number(s, 2) + ' s' for s in mine['all_s'])}."
    return f"## Import\n\nOne request, durable when it is answered. {note}\n\n" + table(HEAD, rows)


def latency(run, which):
    return f"{number(run[which]['p50'])} / {number(run[which]['p95'])}"


def run_row(name, run):
    keep = "kept" if run["keep_alive"] else "new"
    aim = ""
    if name == "Countersign" and run["clients"] >= 16:
        late = max(run["take_ms"]["p95"] or 0, run["give_ms"]["p95"] or 0)
        fast = met(run["pairs_per_s"], AIMS["pairs"], above=True)
        aim = f"≥ 300/s: {fast}, p95 < 50 ms: {met(late, AIMS['p95_ms'])}" if run["clients"] == 16 else ""
    return [
        number(run["tasks"]), str(run["clients"]), name, keep, number(run["pairs_per_s"]), latency(run, "take_ms"),
        latency(run, "give_ms"), number(run["server_cpu_ms_per_pair"]), str(run["faults"]), aim,
    ]


WORK_HEAD = [
    "tasks", "clients", "", "connection", "pairs/s", "claim p50 / p95, ms", "submit p50 / p95, ms",
    "server CPU ms/pair", "failed", "aim",
]


def best(runs, tasks, clients):
    return max((r for r in runs if (r["tasks"], r["clients"]) == (tasks, clients)), key=lambda r: r["pairs_per_s"], default=None)


def work_table(result):
    mine, theirs = result["ours"], result.get("peer", [])
    text = table(WORK_HEAD, [run_row("Countersign", run) for run in mine] + [run_row("Label Studio", run) for run in theirs])
    rows = []
    for tasks, clients in dict.fromkeys((run["tasks"], run["clients"]) for run in theirs):
        one, other = best(mine, tasks, clients), best(theirs, tasks, clients)
        if one and other:
            rows.append([
                number(tasks), str(clients), ratio(one["pairs_per_s"], other["pairs_per_s"]),
                ratio(other["take_ms"]["p95"], one["take_ms"]["p95"]), ratio(other["give_ms"]["p95"], one["give_ms"]["p95"]),
            ])
    if rows:
        head = ["tasks", "clients", "pairs/s", "claim p95", "submit p95"]
        text += "\nRatios, the best run of each side:\n\n" + table(head, rows)
    total = {key: sum(run["checks"][key] for run in mine) for key in mine[0]["checks"]}
    text += (
        f"\nChecked in our database: {number(total['acknowledged'])} acknowledged submissions, {total['lost']} lost, "
        f"{total['claimed_twice']} tasks claimed twice, {total['read_by_two']} items read by two, "
        f"{total['acknowledged_twice']} acknowledged twice.\n"
    )
    # The counts of a project grow from run to run; the largest is the last.
    last = {run["tasks"]: run["checks"] for run in theirs}
    for tasks, checked in last.items():
        text += (
            f"Checked in the peer's database ({number(tasks)} tasks): {checked['annotated_by_two']} of "
            f"{checked['tasks']} annotated tasks carry the work of two or more people although one was asked for.\n"
        )
    return text


def work(result):
    text = "## Work: claim and submit, SQLite\n\n" + work_table(result)
    text += f"\nOur memory after all runs: {number(result['ours_memory']['rss'])} MB, at its peak {number(result['ours_memory']['peak'])} MB."
    if "peer_memory" in result:
        text += f" The peer's: {number(result['peer_memory']['rss'])} MB, {number(result['peer_memory']['peak'])} MB."
        text += f" Its database: {result['peer_durability']}; ours: write-ahead log, synchronous=FULL."
    others = [run["others_cores"] for run in result["ours"] + result.get("peer", [])]
    driver = [run["driver_cpu_share"] for run in result["ours"] + result.get("peer", [])]
    text += f" Other programs kept {number(min(others), 2)} to {number(max(others), 2)} cores busy, the driver {number(min(driver), 2)} to {number(max(driver), 2)}.\n"
    return text


def postgres(result):
    return "## Work: claim and submit, PostgreSQL\n\nBoth sides on one cluster with fsync and synchronous_commit on; the peer behind gunicorn (2 workers × 4 threads). Server CPU is without PostgreSQL's.\n\n" + work_table(result)


def editor(result):
    mine, theirs = result["ours"], result.get("peer")
    rows = []
    for name, key, field in (("page files as sent", "page", "bytes"), ("page files unpacked", "page", "raw"), ("data and images as sent", "other", "bytes")):
        aim = AIMS["editor_kb"] if (key, field) == ("page", "bytes") else None
        rows.append(compared(name, "kB", mine[key][field] / 1000, theirs and theirs[key][field] / 1000, 0, aim))
    rows.append(["page files", str(mine["page"]["files"]), str(theirs["page"]["files"]) if theirs else "–", "", ""])
    text = "## Editor: first load\n\nHeadless Chromium, empty cache, signed in, the page on which boxes are drawn. Page files are documents, scripts, styles and fonts.\n\n"
    return text + table(HEAD, rows)


def ledger(result):
    whole, alone = result["with_rows"], result["log_only"]
    return (
        "## Evidence log\n\nNo peer keeps one; for information. `countersign verify --log` over "
        f"{number(alone['entries'])} entries: {number(alone['entries_per_s'])} entries/s from the log alone, "
        f"{number(whole['entries_per_s'])} entries/s with every row of the database compared, start of the program included.\n"
    )


def sections():
    from deidentify import render as deidentify
    from fluency import render as fluency
    from headtohead import evidence, monitor
    from reading import render as reading
    from readings import render as readings

    own = {"start": start, "import": imports, "work": work, "postgres": postgres, "editor": editor, "ledger": ledger}
    own |= {"evidence": evidence.render}
    own |= {"deid-score": deidentify.deid_score, "deid": deidentify.deid, "text": deidentify.text}
    return own | {"quality": readings.quality, "monitor": monitor.render, "reading": reading.reading, "fluency": fluency.fluency}


INTRO = """# Results

Made by `bench/run`; what is held equal and what is not is in [README.md](README.md). Ratios say how many times better
Countersign did than Label Studio (or the named tool) in the same run on the same machine; absolute numbers hold for this machine alone.
"""


def parted(text):
    """What stands before the first section of a page, and its sections by their title, as they stand."""
    head, *rest = text.split("\n## ")
    return head, {part.split("\n", 1)[0]: "## " + part.rstrip("\n") + "\n" for part in rest}


def renewed(before, text):
    """The page as it was, with the sections that were run anew in the place of the old ones; whatever is new comes last."""
    head, old = parted(before)
    new_head, new = parted(text)
    if not set(old) - set(new):
        return text
    # The machine and the versions in the head are those of the sections that stay; the new ones have their date below them.
    return "\n".join([head if old else new_head, *(old | new).values()])


def render(folder):
    found, shown = {}, sections()
    for name in shown:
        file = folder / f"{name}.json"
        if file.is_file():
            found[name] = json.loads(file.read_text())
    parts = [INTRO]
    if found:
        by_age = sorted(found.values(), key=lambda section: section["at"])
        place, versions = by_age[-1]["machine"], {}
        for section in by_age:
            versions |= section["versions"]
        parts.append(
            f"Machine: {place['cores']} × {place['cpu']}, {place['memory_gib']} GiB, Linux {place['kernel']}; a 4 KiB "
            f"append with fdatasync takes {number(place['fsync_ms']['p50'])} ms (p95 {number(place['fsync_ms']['p95'])} ms). "
            f"Versions: {', '.join(versions.values())}, Python {place['python']}.\n"
        )
    for name, section in found.items():
        stamp = f"*{section['at']}, load average before {number(section['machine']['load_average'], 2)}" + (
            ", quick: only a trial*" if section["quick"] else "*"
        )
        parts.append(shown[name](section["result"]) + f"\n{stamp}\n")
    return "\n".join(parts)
