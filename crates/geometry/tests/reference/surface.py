"""Makes surface.tsv: distances of the surfaces of two masks by scipy, and similarities of key points by COCO's formula.

python3 -m venv V && V/bin/pip install scipy && V/bin/python surface.py > surface.tsv

`surface`: x, y, z elements; spacing x, y, z; both masks as digits, x fastest; Hausdorff, its 95th percentile, mean.
`oks`: points of the reference, of the other (`.` is missing), sigmas, area, similarity.
"""
import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure


def surface(mask):
    flat = mask.squeeze()
    inside = binary_erosion(flat, generate_binary_structure(flat.ndim, 1), border_value=0)
    return (flat & ~inside).reshape(mask.shape)


def main():
    rng = np.random.default_rng(4)
    for size, spacing in [((12, 9, 1), (1, 1, 1)), ((9, 7, 5), (0.7, 0.7, 2.5)), ((20, 20, 1), (0.5, 0.25, 1)), ((6, 5, 4), (1, 2, 3))]:
        for density in (0.15, 0.6):
            shape = size[::-1]
            a, b = (rng.random(shape) < density for _ in range(2))
            sides = [surface(a), surface(b)]
            there, back = (distance_transform_edt(~to, sampling=spacing[::-1])[of] for of, to in (sides, sides[::-1]))
            both = np.concatenate([there, back])
            digits = ["".join("1" if v else "0" for v in mask.ravel()) for mask in (a, b)]
            facts = [both.max(), max(np.percentile(there, 95), np.percentile(back, 95)), both.mean()]
            print("surface", *size, *spacing, *digits, *(f"{v:.15g}" for v in facts), sep="\t")
    for n, missing in [(17, 0.0), (5, 0.4), (1, 0.0)]:
        p = rng.uniform(0, 100, (n, 2)).round(3)
        q = (p + rng.normal(0, 3, (n, 2))).round(3)
        has, seen = rng.random(n) >= missing, rng.random(n) >= missing
        has[0] = True
        sigmas, area = rng.uniform(0.02, 0.11, n).round(3), 4321.0
        e = ((p - q) ** 2).sum(1) / ((2 * sigmas) ** 2) / area / 2
        value = np.where(seen, np.exp(-e), 0)[has].sum() / has.sum()
        text = lambda points, there: ";".join(f"{x},{y}" if t else "." for (x, y), t in zip(points, there))
        print("oks", text(p, has), text(q, seen), ",".join(map(str, sigmas)), area, f"{value:.15g}", sep="\t")


main()
