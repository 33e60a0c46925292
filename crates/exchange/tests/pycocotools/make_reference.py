"""Reads export.json as pycocotools does and writes reference.json beside it.

    python3 -m venv venv && venv/bin/pip install pycocotools==2.0.11 && venv/bin/python make_reference.py

Kept beside the numbers so that they can be made again. Masks are rasterised by pycocotools from `segmentation`;
the file is then evaluated against itself, every annotation taken as a detection of score 1.
"""

import json
import pathlib
from importlib.metadata import version

from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

here = pathlib.Path(__file__).parent
truth = COCO(str(here / "export.json"))
names = {c["id"]: c["name"] for c in truth.loadCats(truth.getCatIds())}
found, detections = [], []
for annotation in truth.loadAnns(sorted(truth.getAnnIds())):
    mask = truth.annToRLE(annotation)
    found.append(
        {
            "category": names[annotation["category_id"]],
            "mask_area": float(masks.area(mask)),
            "mask_bbox": [float(v) for v in masks.toBbox(mask)],
        }
    )
    detections.append({k: annotation[k] for k in ("image_id", "category_id", "bbox")} | {"score": 1.0})
evaluation = COCOeval(truth, truth.loadRes(detections), "bbox")
evaluation.evaluate()
evaluation.accumulate()
evaluation.summarize()
reference = {
    "pycocotools": version("pycocotools"),
    "images": len(truth.getImgIds()),
    "average_precision_against_itself": float(evaluation.stats[0]),
    "annotations": found,
}
(here / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
