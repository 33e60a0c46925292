"""Runs in the environment of the peers: one tool over a folder of files, one JSON line with what it took.

usage: peer_driver.py TOOL IN OUT. CPU time of the loop alone; imports are not counted."""

import contextlib
import io
import json
import logging
import sys
import time
import warnings
from pathlib import Path

import pydicom

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def pydicom_deid(out):
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers

    recipe = DeidRecipe()

    def clean(path, target):
        changed = replace_identifiers(dicom_files=[str(path)], deid=recipe, save=False, remove_private=True)
        changed[0].save_as(target)

    return clean


def dicognito(out):
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="bench")

    def clean(path, target):
        with pydicom.dcmread(path, force=True) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(target)

    return clean


def dicom_anonymizer(out):
    from dicomanonymizer import anonymize_dicom_file

    return lambda path, target: anonymize_dicom_file(str(path), str(target))


TOOLS = {"deid": pydicom_deid, "dicognito": dicognito, "dicom-anonymizer": dicom_anonymizer}


def main():
    tool, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    clean = TOOLS[tool](out)
    files = sorted(path for path in source.rglob("*") if path.is_file())
    done, failed = 0, {}
    begun = time.process_time()
    for number, path in enumerate(files):
        target = out / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                clean(path, target)
            done += 1
        except Exception as error:  # noqa: BLE001 - whatever a tool does with a file, the others go on
            failed[type(error).__name__] = failed.get(type(error).__name__, 0) + 1
            target.unlink(missing_ok=True)
    print(json.dumps({"files": len(files), "done": done, "failed": failed, "cpu_s": time.process_time() - begun}))


main()
