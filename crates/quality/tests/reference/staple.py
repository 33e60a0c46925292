"""Makes staple.tsv: small volumes of several readers' masks and what STAPLE of SimpleITK says of them.

python3 -m venv V && V/bin/pip install SimpleITK (made with 2.5.7)
V/bin/python staple.py > staple.tsv

A line: name, x, y, z, masks (readers by ',', a digit per element, x fastest), sensitivities, specificities, and the probability of
each element to be inside. SimpleITK ends when no rate moves by more than 1e-7, which leaves up to 1e-6 to where it would come to
rest; it begins with the mean of the masks, ours with rates of 0.99999.
"""
import numpy as np
import SimpleITK as sitk


def main():
    rng = np.random.default_rng(31)
    z, y, x = np.mgrid[:3, :8, :8]
    truth = (x - 3.4) ** 2 + (y - 3.7) ** 2 + 4 * (z - 1) ** 2 < 8
    rates = [(0.95, 0.98), (0.9, 0.95), (0.8, 0.99), (0.7, 0.9), (0.97, 0.85)]
    readers = [np.where(truth, rng.random(truth.shape) < hit, rng.random(truth.shape) >= left) for hit, left in rates]
    cases = [
        ("five", readers),
        ("one_reader", readers[:1]),
        # Each marks a strip that the other left: one vote against one there.
        ("two_who_tie", [(x < 4) & (y > 1), (x > 0) & (x < 5) & (y > 1)]),
        ("three_alike", [truth] * 3),
    ]
    for name, masks in cases:
        made = sitk.STAPLEImageFilter()
        made.SetForegroundValue(1)
        made.SetMaximumIterations(5000)
        inside = sitk.GetArrayFromImage(made.Execute([sitk.GetImageFromArray(m.astype("u1")) for m in masks]))
        row = lambda values: ",".join(f"{v:.17g}" for v in values)
        digits = ",".join("".join("1" if v else "0" for v in mask.ravel()) for mask in masks)
        print(name, 8, 8, 3, digits, row(made.GetSensitivity()), row(made.GetSpecificity()), row(inside.ravel()), sep="\t")


main()
