"""Makes boxes.tsv: scenes of boxes and what weighted boxes fusion of ensemble-boxes makes of them.

python3 -m venv V && V/bin/pip install ensemble-boxes (made with 1.0.9)
V/bin/python boxes.py > boxes.tsv

A line: name, weights of the readers, boxes (';' between them: reader, left, top, right, bottom, score), fused boxes of the
package (';' between them: left, top, right, bottom, score; by left edge), and the same by the paper's formula in double
precision. The package adds up in single precision: it is equal to 2e-7 only, the formula to 1e-9.
"""
import numpy as np
from ensemble_boxes import weighted_boxes_fusion


def scene(rng, readers, things, missing, shift):
    """Things that lie apart, each drawn by the readers who did not miss it."""
    found = []
    for thing in range(things):
        corner = np.array([0.02 + 0.96 / things * thing, rng.uniform(0.1, 0.5)])
        size = np.array([0.7 / things, rng.uniform(0.2, 0.4)])
        seen = rng.random(readers) >= missing
        seen[rng.integers(readers)] = True
        for reader in np.flatnonzero(seen):
            at = corner + rng.normal(0, shift, 2) * size
            end = corner + size + rng.normal(0, shift, 2) * size
            found.append((reader, thing, *np.clip([*at, *end], 0, 1).round(6), round(rng.uniform(0.3, 1), 4)))
    return found


def fuse(found, weights):
    """The formula: coordinates weighted by score times weight, score over the weight of all readers."""
    out = []
    for thing in sorted({f[1] for f in found}):
        own = [f for f in found if f[1] == thing]
        w = np.array([f[6] * weights[f[0]] for f in own])
        edges = np.array([f[2:6] for f in own])
        out.append([*(w[:, None] * edges).sum(0) / w.sum(), w.sum() / sum(weights)])
    return out


def main():
    rng = np.random.default_rng(41)
    scenes = [
        ("complete", [1, 1, 1], scene(rng, 3, 4, 0.0, 0.03)),
        ("missing", [0.9, 0.5, 0.8, 0.7], scene(rng, 4, 8, 0.25, 0.04)),
        ("one_reader", [0.7], scene(rng, 1, 3, 0.0, 0.0)),
        ("ties", [1, 1, 1, 1], [(*f[:6], 0.5) for f in scene(rng, 4, 3, 0.0, 0.03)]),
    ]
    text = lambda rows: ";".join(",".join(f"{v:.17g}" for v in row) for row in rows)
    for name, weights, found in scenes:
        of = [[f for f in found if f[0] == reader] for reader in range(len(weights))]
        boxes, scores = [[f[2:6] for f in own] for own in of], [[f[6] for f in own] for own in of]
        labels = [[0] * len(own) for own in of]
        edges, score, _ = weighted_boxes_fusion(boxes, scores, labels, weights=weights, iou_thr=0.55)
        package = sorted([*map(float, e), float(s)] for e, s in zip(edges, score))
        formula = sorted(fuse(found, weights))
        assert np.abs(np.array(package) - np.array(formula)).max() < 2e-7, name
        plain = [(f[0], *f[2:]) for f in found]
        print(name, ",".join(map(str, weights)), text(plain), text(package), text(formula), sep="\t")


main()
