"""The section `fluency` of the page of results."""

# From a click to the frame that shows the selection, milliseconds, with 10,000 marks.
AIM_SELECT_MS = 50
WORDS = {
    "select": "select: click to the frame that shows it",
    "zoom": "zoom: from frame to frame",
    "pan": "pan: from frame to frame",
    "brush": "brush on a mask of 4,096²: from frame to frame",
    "stroke": "brush: end of a stroke to the next frame",
}


def times(found):
    return f"{found['p50']:.0f} / {found['p95']:.0f} ms" if found else "–"


def rows(result):
    mine, theirs = result["ours"], result.get("peer", {})
    for name, words in WORDS.items():
        if name not in mine:
            continue
        other = theirs.get(name)
        ratio = f"{other['p50'] / mine[name]['p50']:.1f} ×" if other else "–"
        aim = ""
        if name == "select" and result["marks"] >= 10_000:
            aim = f"< {AIM_SELECT_MS} ms: {'met' if mine[name]['p50'] < AIM_SELECT_MS else '**missed**'}"
        yield f"| {result['marks']:,} marks: {words} | {times(mine[name])} | {times(other)} | {ratio} | {aim} |"


def fluency(result):
    failed = result["many"].get("peer", {}).get("failed")
    note = f" With {result['many']['marks']:,} marks the peer's page did not come to be used: {failed}." if failed else ""
    lines = [*rows(result["many"]), *rows(result["fewer"])]
    return (
        "## Thousands of marks, and a large mask\n\nThe same hand over the same picture and marks in headless Chromium, which "
        f"draws as it chooses; p50 / p95. 17 ms is one frame of the screen: nothing can be faster.{note}\n\n"
        "| | Countersign | Label Studio | ratio of p50 | aim |\n|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )
