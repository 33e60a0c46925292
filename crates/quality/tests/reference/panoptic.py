"""Makes panoptic.tsv: pairs of maps of things and their panoptic quality by torchmetrics, F1 by counting.

python3 -m venv V && V/bin/pip install torch torchmetrics (made with 2.15.0 and 1.9.0)
V/bin/python panoptic.py > panoptic.tsv

A line: name, width, both readers' maps (rows by rows, elements by ','; 0 is nothing, otherwise the number of the thing), panoptic
quality by the package and by the paper's formula ('.' where neither drew a thing), F1 of the pairs whose overlap is above 0.5.
Nothing counts as a class that is no thing. The package divides in single precision: it is equal to 2e-7 only, the formula to 1e-9.
"""
import numpy as np
import torch
from torchmetrics.functional.detection import panoptic_quality


def drawn(rng, size, boxes, missing, shift):
    out = np.zeros(size, int)
    for number, (x, y, w, h) in enumerate(boxes, 1):
        if rng.random() >= missing:
            dx, dy = rng.integers(-shift, shift + 1, 2)
            out[max(0, y + dy) : y + dy + h, max(0, x + dx) : x + dx + w] = number
    return out


def counted(a, b):
    """Quality and F1 by the definition: a pair is right where intersection over union is above a half."""
    names = lambda of: [n for n in np.unique(of) if n]
    overlap = lambda n, m: ((a == n) & (b == m)).sum() / ((a == n) | (b == m)).sum()
    pairs = [o for o in (overlap(n, m) for n in names(a) for m in names(b)) if o > 0.5]
    half = (len(names(a)) + len(names(b))) / 2
    return (sum(pairs) / half, len(pairs) / half) if half else (None, None)


def quality(a, b):
    if not (a.any() or b.any()):
        return None
    pair = lambda of: torch.tensor(np.stack([np.where(of > 0, 1, 0), of], -1)[None])
    return float(panoptic_quality(pair(a), pair(b), things={1}, stuffs={0}, return_per_class=True)[0, 0])


def main():
    rng = np.random.default_rng(51)
    grid = [(2 + 8 * i, 2 + 8 * j, 6, 6) for i in range(4) for j in range(3)]
    half = np.zeros((4, 8), int)
    half[1:3, 1:5] = 1
    # 4 of 8 elements is a half exactly, which is no match; 8 of 10 is more.
    left, right = half.copy(), half.copy()
    left[1:3, 3:5], right[1:3, 5:6] = 0, 1
    maps = [
        ("complete", *(drawn(rng, (26, 34), grid, 0.0, 1) for _ in range(2))),
        ("missing", *(drawn(rng, (26, 34), grid, 0.25, 1) for _ in range(2))),
        ("far", *(drawn(rng, (26, 34), grid, 0.25, 3) for _ in range(2))),
        ("half", half, left),
        ("more_than_half", right, half),
        ("alike", half, half),
        ("one_reader", half, np.zeros_like(half)),
        ("nothing", np.zeros_like(half), np.zeros_like(half)),
    ]
    text = lambda of: ",".join(map(str, of.ravel()))
    for name, a, b in maps:
        facts = ["." if v is None else f"{v:.17g}" for v in (quality(a, b), *counted(a, b))]
        assert "." in facts or abs(float(facts[0]) - float(facts[1])) < 2e-7, name
        print(name, a.shape[1], text(a), text(b), *facts, sep="\t")


main()
