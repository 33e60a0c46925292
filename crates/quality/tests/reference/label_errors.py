"""Makes label_errors.tsv: labels that cleanlab finds off the diagonal of its confident joint.

python3 -m venv V && V/bin/pip install cleanlab && V/bin/python label_errors.py > label_errors.tsv

A line: classes, labels, probabilities (rows by ';'), indices by ascending normalised margin, the counted joint by rows.
Made with cleanlab 2.9.0 (filter_by="confident_learning"). Where two or more classes are above their bars cleanlab takes
the likeliest of all classes, the paper the likeliest of these; tables in which the two differ are not taken.
"""
import numpy as np
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues


def table(rng, n, k, noise, sharpness):
    truth = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < noise, rng.integers(0, k, n), truth)
    labels[:k] = np.arange(k)
    logits = rng.normal(0, 1, (n, k))
    logits[np.arange(n), truth] += sharpness
    p = np.exp(logits)
    p = np.round(p / p.sum(axis=1, keepdims=True), 4)
    return labels, p / p.sum(axis=1, keepdims=True)


def main():
    rng = np.random.default_rng(2)
    for n, k, noise, sharpness in [(60, 2, 0.2, 2.0), (120, 5, 0.15, 3.0), (200, 11, 0.1, 3.0), (40, 3, 0.0, 4.0)]:
        labels, p = table(rng, n, k, noise, sharpness)
        bars = np.array([p[labels == c, c].mean() for c in range(k)])
        above = p >= bars - 1e-6
        assert above[np.arange(n), p.argmax(1)][above.sum(1) > 1].all()
        issues = find_label_issues(
            labels, p, filter_by="confident_learning", return_indices_ranked_by="normalized_margin", n_jobs=1,
            min_examples_per_class=0,
        )
        joint = compute_confident_joint(labels, p, calibrate=False, multi_label=False)
        text = ";".join(",".join(f"{v:.8f}" for v in row) for row in p)
        joined = lambda values: ",".join(str(int(v)) for v in values)
        print(k, joined(labels), text, joined(issues), joined(joint.ravel()), sep="\t")


main()
