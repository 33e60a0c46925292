"""The sections `deid-score` and `deid` as text."""

from deidentify import residual, score
from headtohead.report import number, ratio, table

OVERALL_AIM = 0.9995
RATE_AIM = 600
INGEST_AIM_MS = 1.5


def percent(share):
    return f"{100 * share:.3f} %"


def score_row(name, counted, aim=None):
    low, high = counted["interval"]
    share = counted["passed"] / counted["total"] if counted["total"] else 0.0
    met = "" if aim is None else f"≥ {percent(aim)}: " + ("met" if share >= aim else "**missed**")
    return [name, number(counted["passed"]), number(counted["total"]), percent(share), f"{percent(low)} – {percent(high)}", met]


HEAD = ["", "passed", "asked", "share", "95 % interval", "aim"]


def left_table(named):
    """Found and searched values by kind, one row per tool."""
    rows = []
    for name, left in named:
        cells = []
        for what in residual.KINDS:
            counted = left["kinds"][what]
            cells.append(f"{number(counted['found'])} of {number(counted['searched'])}")
        rows.append([name, number(left["files"]), *cells, number(left["files_with_private"])])
    return table(["", "files", *residual.KINDS, "files with private elements"], rows)


def deid_score(result):
    keyed = result["keyed"]
    text = (
        "## De-identification: answer key\n\n"
        f"{number(keyed['instances'])} made-up instances (seed {keyed['seed']}), profile `{keyed['profile']}`; "
        f"{number(keyed['summary']['quarantined'])} were quarantined and fail everything.\n\n"
    )
    rows = []
    for action in score.ACTIONS:
        if action in keyed["actions"]:
            rows.append(score_row(action, keyed["actions"][action], 1.0 if action in score.REMOVING else None))
    rows += [score_row(f"category: {name}", keyed["categories"][name]) for name in score.CATEGORIES]
    rows.append(score_row("**all**", keyed["overall"], OVERALL_AIM))
    rows.append(score_row("all, worst of each series", keyed["series_overall"]))
    text += table(HEAD, rows)
    text += (
        f"\nDates of {keyed['patients_shifted']} patients were moved; of {keyed['out_of_step']} patients not all by the same number of days.\n"
    )
    if keyed["failures"]:
        text += "\nWhat failed most often:\n\n" + table(
            ["action", "attribute", "modality", "why", "times"],
            [[action, f"`{path}`", kind, why, number(times)] for action, path, kind, why, times in keyed["failures"][:12]],
        )
    named = [("answer key", result["left_of_key"])]
    if "left_of_samples" in result:
        named.append(("real samples", result["left_of_samples"]))
    text += (
        "\nValues of attributes of Table E.1-1 that stand in the output under the Basic Profile (words that describe may "
        "recur as codes):\n\n" + left_table(named)
    )
    return text


def deid(result):
    mine = result["tools"]["Countersign"]
    rate = mine["files"] / mine["cpu_s"]
    rows = []
    for name, tool in result["tools"].items():
        own = tool["files"] / tool["cpu_s"]
        aim = f"≥ {RATE_AIM}: " + ("met" if own >= RATE_AIM else "**missed**") if tool is mine else ""
        through = f"{number(tool['done'])} of {number(tool['files'])}"
        rows.append([name, number(own), "" if tool is mine else ratio(rate, own), through, aim])
    text = (
        "## De-identification: rate\n\n"
        f"Headers of {number(result['files'])} copies of real files of {number(result['mean_bytes'] / 1000)} kB on average. Ours searches its output for "
        "every removed value, hashes source and output and keeps a journal; its start is counted, the start of the others is not.\n\n"
    )
    text += table(["", "files per CPU-second", "ratio", "files that came through", "aim"], rows)
    text += "\nWhat each leaves of the values of attributes of Table E.1-1, each file once:\n\n"
    text += left_table([(name, tool["left"]) for name, tool in result["tools"].items()])
    ingest = result["ingest"]
    whole, stored = ingest["whole"]["cpu_ms"], ingest["stored"]["cpu_ms"]
    verdict = "met" if whole <= INGEST_AIM_MS else "**missed**"
    text += (
        f"\n`countersign ingest` of {number(ingest['files'])} CT images of {number(ingest['bytes'] / 1000)} kB: {number(whole, 2)} ms CPU per file with "
        f"checks, storing, de-identification, evidence and drafts (aim ≤ {INGEST_AIM_MS} ms: {verdict}); {number(stored, 2)} ms of it for storing alone.\n"
    )
    return text


def text(result):
    rows = [burned_row(f"Countersign {result['detector']}", result["ours"])]
    if "peer" in result:
        rows.append(burned_row(f"Tesseract {result['peer_version']}, at three times the size", result["peer"]))
    return (
        f"## Text burned into pixels\n\n{result['pictures']} made-up pictures of seed {result['seed']} with fonts that the detector "
        "never saw. A string is removed when 99 % of its pixels are filled and no glyph is whole; other pixels are those "
        "further than 4 pixels from every string.\n\n"
        + table(["", "strings", "removed", "share (95 % interval)", "other pixels filled"], rows)
    )


def burned_row(name, found):
    interval = f"{100 * found['recall']:.1f} % ({100 * found['low']:.1f} to {100 * found['high']:.1f} %)"
    return [name, str(found["strings"]), str(found["removed"]), interval, f"{100 * found['other_changed']:.2f} %"]
