"""Makes oks.tsv: similarities of key points by the evaluation of pycocotools.

python3 -m venv V && V/bin/pip install pycocotools (made with 2.0.11)
V/bin/python oks.py > oks.tsv

A line: points of the reference (`.` is missing), of the other, sigmas, area, similarity. COCO's detections have every point, so
only the reference misses some; the package adds 2.2e-16 to the area.
"""
import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def similarity(reference, has, other, sigmas, area):
    flat = lambda points, seen: [v for (x, y), s in zip(points, seen) for v in ((float(x), float(y), 2) if s else (0, 0, 0))]
    picture, kind = {"id": 1, "width": 200, "height": 200}, {"id": 1, "name": "thing"}
    of = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": area, "bbox": [0, 0, 100, 100]}
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [picture], "categories": [kind],
            "annotations": [of | {"keypoints": flat(reference, has), "num_keypoints": int(has.sum())}],
        }
        truth.createIndex()
        seen = truth.loadRes([{"image_id": 1, "category_id": 1, "score": 1.0, "keypoints": flat(other, np.ones(len(has), bool))}])
        made = COCOeval(truth, seen, "keypoints")
        made.params.kpt_oks_sigmas = np.array(sigmas)
        made._prepare()
        return float(made.computeOks(1, 1)[0, 0])


def main():
    rng = np.random.default_rng(71)
    cases = [(17, 0.0, 3.0), (17, 0.25, 3.0), (40, 0.25, 8.0), (17, 0.25, 60.0), (5, 0.25, 0.0), (1, 0.0, 2.0)]
    for n, missing, spread in cases:
        p = rng.uniform(10, 90, (n, 2)).round(3)
        q = (p + rng.normal(0, spread, (n, 2))).round(3)
        has = rng.random(n) >= missing
        has[0] = True
        sigmas, area = rng.uniform(0.02, 0.11, n).round(3), float(rng.integers(500, 9000))
        value = similarity(p, has, q, sigmas, area)
        text = lambda points, there: ";".join(f"{x},{y}" if t else "." for (x, y), t in zip(points, there))
        print(text(p, has), text(q, np.ones(n, bool)), ",".join(map(str, sigmas)), area, f"{value:.17g}", sep="\t")


main()
