"""The part of RESULTS.md about the section `quality`."""

# Aims of the first column, seconds.
AIMS = {"alpha-interval": 0.04, "alpha-nominal": 0.1, "dawid-skene": 0.5, "staple": 0.03, "label-errors": 1.0}


def milliseconds(side, key="seconds"):
    return f"{side[key] * 1000:,.1f}".replace(",", " ")


def allowed(row):
    """The tolerance that was held against it, as a share; results from before there was one have none."""
    tolerance = row.get("tolerance")
    if tolerance is None:
        return ""
    return f" (at most {tolerance:g} of it apart)" if tolerance else " (must be equal)"


def quality(result):
    lines = [
        "## Quality: agreement, consensus, label errors\n",
        "The same arrays on both sides, one thread each, time to read them left out; the best of five runs of ours "
        "and of one to three of theirs. A ratio is of processor time, which others on the machine disturb less; aims are held "
        "against it too.\n",
        "|  | ours, ms (processor) | peer, ms (processor) | peer | ratio | our memory | its memory | aim |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        mine, theirs, aim = row["ours"], row.get("theirs"), AIMS.get(row["what"])
        met = f"< {aim * 1000:.0f} ms: {'met' if mine['cpu_seconds'] < aim else '**missed**'}" if aim else ""
        both = [f"{milliseconds(mine)} ({milliseconds(mine, 'cpu_seconds')})"]
        if theirs:
            ratio = f"{theirs['cpu_seconds'] / max(mine['cpu_seconds'], 1e-6):.0f} ×"
            both += [f"{milliseconds(theirs)} ({milliseconds(theirs, 'cpu_seconds')})", row["peer"], ratio]
            both += [f"{mine['peak_mb']:.0f} MB", f"{theirs['peak_mb']:.0f} MB"]
        else:
            both += ["–", "–", "–", f"{mine['peak_mb']:.0f} MB", "–"]
        lines.append(f"| {row['about']} | " + " | ".join(both) + f" | {met} |")
    named = [
        f"{row['what']} {row.get('same', row['ours']['value']):.9g} and {row['theirs']['value']:.9g}" + allowed(row)
        for row in result["rows"]
        if "theirs" in row
    ]
    if named:
        lines.append(
            "\nWhat came out, ours and theirs: " + "; ".join(named) + ". Answers further apart fail the section. (For "
            "Dawid-Skene the sum of the highest probabilities, ours without its pooled prior, which the timed run has. For STAPLE "
            "pixels inside, for label errors the sum of the places of the suspects, from 1.)"
        )
    return "\n".join(lines) + "\n"
