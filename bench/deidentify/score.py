"""The ten actions of the MIDI-B challenge (arXiv 2507.23608), scored against a generated answer key.

Written anew from the challenge's description; stricter than it in one point: an instance whose output is missing
fails everything that is asked of it."""

import csv
import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

from deidentify.dicomfile import Bad, File

ACTIONS = [
    "tag_retained", "text_notnull", "text_retained", "text_removed", "date_shifted", "uid_changed", "pixels_hidden",
    "pixels_retained", "uid_consistent", "patid_consistent",
]
REMOVING = {"text_removed", "date_shifted", "uid_changed", "pixels_hidden"}
CATEGORIES = ["hipaa", "dicom", "practice"]
# Words that say nothing on either side.
STOP = set("a an and are as at be by for from has in is it its of on or that the this to was were will with dr".split())
# What kind of place something is; which one it is stands in the other words.
KINDS_OF_PLACE = set(
    "medical center county hospital imaging associates university clinic memorial radiology road lane drive avenue "
    "street row terrace crescent saint old".split()
)
STEP = re.compile(r'(?:([0-9A-F]{4})"([^"]*)"([0-9A-F]{2})|([0-9A-F]{8}))(?:\[\d+\])?\.?')
DUMMY = "19000101"
IMAGE_TYPE = "00080008"
# A stroke that is told from its surroundings better than this can be read.
SEEN_CORRELATION = 0.3


def steps(path):
    """The steps of a path of the key; item numbers are left out."""
    return [
        int(tag, 16) if tag else (int(group, 16), creator, int(element, 16))
        for group, creator, element, tag in STEP.findall(path)
    ]


def words(text):
    return {word for word in re.findall(r"\w+", text.lower()) if word not in STOP}


def as_numbers(text):
    try:
        return [float(part) for part in text.split("\\")]
    except ValueError:
        return None


def same_text(expected, found):
    """Numbers are compared as numbers, words as words that must all be there."""
    wanted, given = as_numbers(expected), as_numbers(found)
    if wanted is not None and given is not None:
        return len(wanted) == len(given) and all(abs(a - b) <= 1e-6 * max(1, abs(a)) for a, b in zip(wanted, given))
    return words(expected) <= words(found)


def well_formed(path, text):
    """A date that is there must be one."""
    return not text or re.fullmatch(r"\d{4}(\d{2}){0,2}(\d{2}){0,3}(\.\d+)?([+-]\d{4})?", text) is not None


def correlation(marks, values):
    count = len(marks)
    mean_mark, mean_value = sum(marks) / count, sum(values) / count
    top = sum((m - mean_mark) * (v - mean_value) for m, v in zip(marks, values))
    left = sum((m - mean_mark) ** 2 for m in marks)
    right = sum((v - mean_value) ** 2 for v in values)
    return 0.0 if left == 0 or right == 0 else abs(top) / (left * right) ** 0.5


def short(file, tag, default):
    element = file.data.get(tag)
    texts = file.texts(element) if element is not None else []
    for text in reversed(texts):
        if text.strip().isdigit():
            return int(text)
    return default


def hidden(file, region):
    """Whether no character can be told from what is around it, on any frame."""
    element = file.data.get(0x7FE00010)
    if element is None:
        return True
    if element.raw is None:
        return False
    rows, columns = short(file, 0x00280010, 0), short(file, 0x00280011, 0)
    samples, size = short(file, 0x00280002, 1), short(file, 0x00280100, 8) // 8
    frame_bytes = rows * columns * samples * size
    strokes, width = region["strokes"], region["character"]
    for start in range(0, len(element.raw) - frame_bytes + 1, frame_bytes):
        for left in range(0, region["width"], width):
            marks, values = [], []
            for y, line in enumerate(strokes):
                for x in range(left, left + width):
                    at = start + (((region["y"] + y) * columns + region["x"] + x) * samples) * size
                    marks.append(1 if line[x] == "#" else 0)
                    values.append(int.from_bytes(element.raw[at : at + size], "little"))
            if correlation(marks, values) > SEEN_CORRELATION:
                return False
    return True


def pixel_digest(file):
    element = file.data.get(0x7FE00010)
    if element is None:
        return None
    return hashlib.sha256(element.raw if element.raw is not None else b"\0".join(element.fragments)).digest()


class Scorer:
    def __init__(self, sources, outputs, uids, patients):
        self.sources, self.uids, self.patients = Path(sources), uids, patients
        self.outputs = index(outputs)

    def check(self, check, source, output):
        action, value = check["action"], check["value"]
        if action == "pixels_hidden":
            return hidden(output, check["region"])
        if action == "pixels_retained":
            return pixel_digest(output) == pixel_digest(source)
        elements = output.find(steps(check["path"]))
        texts = [text for element in elements for text in output.texts(element)]
        if action == "tag_retained":
            return bool(elements)
        if action == "text_notnull":
            return any(texts)
        if action == "text_retained":
            return any(same_text(value, text) for text in texts)
        if action == "text_removed":
            gone = words(value) - KINDS_OF_PLACE
            return not any(gone & words(text) or (value.lower() in text.lower()) for text in texts if text)
        if action == "date_shifted":
            return all(value not in text and well_formed(check["path"], text) for text in texts)
        if action == "uid_changed":
            return value not in texts
        if action == "uid_consistent":
            return self.uids.get(value) is not None and self.uids[value] in texts
        if action == "patid_consistent":
            return self.patients.get(value) is not None and self.patients[value] in texts
        raise ValueError(f"no action is called {action}")

    def run(self, key):
        """Every check of the key: (instance, check, passed, why not)."""
        shifts = defaultdict(set)
        results = []
        for line in open(key, encoding="utf-8"):
            instance = json.loads(line)
            output = self.outputs.get(self.uids.get(instance["instance_uid"]))
            source = File((self.sources / instance["file"]).read_bytes())
            for check in instance["checks"]:
                passed = output is not None and self.check(check, source, output)
                results.append((instance, check, passed, "missing" if output is None else "wrong"))
                if output is not None and check["action"] == "date_shifted":
                    step = shifted_days(output, check)
                    if step is not None:
                        shifts[instance["patient_id"]].add(step)
        return results, shifts


def shifted_days(output, check):
    """By how many days a date of the visit was moved; None for birth and device dates, and for no date."""
    if check["path"] in ("00100030", "00181200"):
        return None
    elements = output.find(steps(check["path"]))
    text = next((text for element in elements for text in output.texts(element)), "")
    try:
        was, now = (date(int(t[:4]), int(t[4:6]), int(t[6:8])) for t in (check["value"], text))
    except ValueError:
        return None
    # A dummy that stands for any date is not a moved one.
    return None if text.startswith(DUMMY) else (was - now).days


def control(sources, key):
    """The sources taken for an output must fail every action that removes and pass every other: else the scorer or
    the key is wrong. Only the Image Type of pixels with text may do either: the key asks what it must say once they are
    painted over, and some sources say that already."""

    class Same(dict):
        def __missing__(self, name):
            return name

        def get(self, name, default=None):
            return name

    results, _ = Scorer(sources, sources, Same(), Same()).run(key)
    for instance, check, passed, _ in results:
        if check["path"] == IMAGE_TYPE and any(other["action"] == "pixels_hidden" for other in instance["checks"]):
            continue
        if passed == (check["action"] in REMOVING):
            raise RuntimeError(f"the control failed: {instance['file']} {check['action']} {check['path']}")


def read_map(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["id_old"]: row["id_new"] for row in csv.DictReader(file)}


def index(folder):
    """Output files by their SOP Instance UID."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            try:
                file = File(path.read_bytes())
            except (Bad, ValueError, IndexError):
                continue
            element = file.data.get(0x00080018)
            if element is not None and element.raw is not None:
                found[file.decode(element.raw)] = file
    return found


def wilson(passed, total, z=1.96):
    """The 95 % interval of a share (Wilson 1927)."""
    if total == 0:
        return (0.0, 1.0)
    share, square = passed / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z * (share * (1 - share) / total + square / (4 * total * total)) ** 0.5 / (1 + square / total)
    return (max(0.0, middle - half), min(1.0, middle + half))


def tally(pairs):
    """Passed and total by name."""
    found = defaultdict(lambda: [0, 0])
    for name, passed in pairs:
        found[name][0] += bool(passed)
        found[name][1] += 1
    return {name: {"passed": p, "total": t, "interval": wilson(p, t)} for name, (p, t) in found.items()}


def summary(results, shifts):
    """What the results come to, instance by instance and in the series mode (worst of a series)."""
    series = {}
    for instance, check, passed, _ in results:
        name = (check["action"], check["path"], instance["patient_id"], instance["study_uid"], instance["series_uid"])
        series[name] = series.get(name, True) and passed
    failures = Counter(
        (check["action"], re.sub(r"\[\d+\]", "[]", check["path"]), instance["modality"], why)
        for instance, check, passed, why in results
        if not passed
    )
    passed = sum(1 for result in results if result[2])
    return {
        "instances": len({result[0]["instance_uid"] for result in results}),
        "overall": tally(("all", result[2]) for result in results)["all"],
        "failed": len(results) - passed,
        "actions": tally((check["action"], passed) for _, check, passed, _ in results),
        "categories": tally((check["category"], passed) for _, check, passed, _ in results),
        "series": tally((name[0], passed) for name, passed in series.items()),
        "series_overall": tally(("all", passed) for passed in series.values())["all"],
        "out_of_step": sum(1 for steps_of in shifts.values() if len(steps_of) > 1),
        "patients_shifted": sum(1 for steps_of in shifts.values() if steps_of - {0}),
        "failures": [[*name, number] for name, number in failures.most_common(60)],
    }
