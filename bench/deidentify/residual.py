"""Values of the source that are still in the output: the attributes that PS3.15 Table E.1-1 lists, at any depth,
searched in all values but the pixels and in the file meta information."""

import re
from collections import defaultdict
from pathlib import Path

from deidentify.dicomfile import PIXELS, TEXT, Bad, File, walk

VALUE_MIN = 6
NAME_PART_MIN = 4
WELL_KNOWN = re.compile(r"^1\.2\.840\.10008\.[0-9.]+$")
SAYS_NOTHING = {"unknown", "unspecified", "undefined", "anonymous", "anonymized", "anonymised", "removed", "default"}
KINDS = ["dates and times", "UIDs", "names", "descriptions", "identifiers"]


def table(path):
    """Tags of E.1-1, and whether they hold words; patterns of tags are left out."""
    found = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if not line.startswith("#") and len(fields) > 2 and re.fullmatch(r"[0-9A-Fa-f]{8}", fields[0]):
            found[int(fields[0], 16)] = "c" in fields[2]
    return found


def kind(tag, vr, text, listed):
    if vr in ("DA", "DT", "TM") or vr is None and re.fullmatch(r"\d{6}(\.\d+)?|\d{8}(\d{6}.*)?", text):
        return KINDS[0]
    if vr == "UI" or vr is None and re.fullmatch(r"[0-9]+(\.[0-9]+){4,}", text):
        return KINDS[1]
    if vr == "PN" or vr is None and "^" in text:
        return KINDS[2]
    return KINDS[3] if listed[tag] else KINDS[4]


def values(file, listed):
    """The values to search for, with their kind."""
    found = set()
    for _, tag, element in walk(file.data):
        if tag not in listed or element.raw is None or not (element.vr is None or element.vr in TEXT | {"UN"}):
            continue
        text = element.raw.decode("latin-1").strip(" \0")
        if not text.isprintable():
            continue
        for part in (part.strip(" \0") for part in text.split("\\")):
            what = kind(tag, element.vr, part, listed)
            if what == KINDS[2]:
                names = (name for name in re.split(r"[\^= ,.;]", part) if len(name) >= NAME_PART_MIN)
                found.update((what, name.lower()) for name in names)
            if len(part) >= VALUE_MIN and not WELL_KNOWN.match(part):
                found.add((what, part.lower()))
    return {(what, text) for what, text in found if text not in SAYS_NOTHING}


def haystack(file):
    """Everything in the output that is not pixels, as one lower-case text."""
    parts = []
    for _, tag, element in [*walk(file.meta), *walk(file.data)]:
        if element.raw is not None and tag not in PIXELS:
            parts.append(element.raw.decode("latin-1").lower())
    return "\0".join(parts)


def stands_alone(text, within):
    """Whether a value is there as a word of its own, not as a part of a longer number or word."""
    at = within.find(text)
    while at >= 0:
        before, after = within[at - 1 : at], within[at + len(text) : at + len(text) + 1]
        if not (before.isalnum() or after.isalnum()):
            return True
        at = within.find(text, at + 1)
    return False


def private_elements(file):
    return sum(1 for _, tag, _ in walk(file.data) if tag >> 16 & 1)


def count(pairs, listed):
    """Over pairs of source and output bytes: searched and found values by kind, and files with private elements."""
    searched, found, places = defaultdict(int), defaultdict(int), []
    files = private = 0
    for name, source, output in pairs:
        try:
            before, after = File(source), File(output)
        except (Bad, ValueError, IndexError):
            continue
        files += 1
        private += private_elements(after) > 0
        text = haystack(after)
        for what, value in values(before, listed):
            searched[what] += 1
            if stands_alone(value, text):
                found[what] += 1
                places.append((name, what, value))
    return {
        "files": files,
        "files_with_private": private,
        "kinds": {what: {"searched": searched[what], "found": found[what]} for what in KINDS},
        "places": places[:50],
    }
