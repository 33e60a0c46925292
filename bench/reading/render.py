"""The section `reading` of the page of results."""

# First slice of a study, milliseconds; slices per second that a reader scrolls.
AIM_FIRST_MS = 500
AIM_PER_S = 30


def reading(result):
    def row(name, value, aim):
        return f"| {name} | {value} | {aim} |"

    def times(found):
        return f"{found['p50']:.0f} ms, worst of {found['count']} {found['max']:.0f} ms"

    def rate(found):
        return f"{found['per_s']:.0f} per s (p95 {found['p95']:.0f} ms each)"

    rows = [
        row("first slice, from the start page", times(result["warm_ms"]), f"< {AIM_FIRST_MS} ms"),
        row("first slice, page itself not loaded yet", times(result["cold_ms"]), "–"),
        row("scrolling through slices not loaded yet", rate(result["loading"]), "–"),
        row("scrolling back through the cache", rate(result["cached"]), f"{AIM_PER_S} per s"),
        row("three planes: all slices loaded and cut", f"{result['planes_ms'] / 1000:.1f} s", "–"),
    ]
    return (
        f"## Reading a CT of {result['slices']} slices\n\nHeadless Chromium ({result['renderer']}), 512 × 512 at 16 bits, "
        f"{result['file_bytes'] / 1000:.0f} kB each; a slice counts as shown when the pixel in its middle has its grey. "
        "For information: no peer shows DICOM at 16 bits in its own editor.\n\n"
        "| | measured | aim |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )
