"""Makes dawid_skene.tsv: small tables and what crowd-kit's Dawid and Skene says of them after a number of iterations.

python3 -m venv V && V/bin/pip install crowd-kit (made with 1.4.2)
V/bin/python dawid_skene.py > dawid_skene.tsv

A line: name, classes, iterations, table (units by ';', raters by ',', '.' is missing), then the probabilities of the classes of
each unit (units by ';', classes by ','), the shares of the classes, and the confusions (raters by ';', rows of what was said by
'|', true classes by ','; a row that a rater never gave is '.').
"""
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene


def table(rng, units, raters, classes, noise, missing):
    truth = rng.integers(0, classes, units)
    said = np.where(rng.random((units, raters)) < noise, rng.integers(0, classes, (units, raters)), truth[:, None])
    said = said.astype(float)
    said[rng.random((units, raters)) < missing] = np.nan
    # crowd-kit knows only units that somebody read.
    return said[~np.isnan(said).all(axis=1)]


def row(values):
    return ",".join(f"{v:.17g}" for v in values)


def main():
    rng = np.random.default_rng(21)
    # Two who always disagree, and one who sides with each half of the time: every unit begins as a tie or near one.
    ties = np.array([[0, 1, np.nan], [1, 0, np.nan], [0, 1, 0], [1, 0, 0], [0, 0, np.nan], [1, 1, 1], [2, 1, np.nan], [2, 2, 2]] * 3, float)
    tables = [
        ("complete", 3, 8, table(rng, 40, 5, 3, 0.4, 0.0)),
        ("missing", 4, 8, table(rng, 120, 6, 4, 0.4, 0.25)),
        ("missing_long", 4, 60, table(rng, 120, 6, 4, 0.4, 0.25)),
        ("ties", 3, 8, ties),
        ("one_class", 1, 5, np.zeros((6, 3))),
        ("one_rater", 2, 5, table(rng, 20, 1, 2, 0.0, 0.0)),
    ]
    for name, classes, iterations, said in tables:
        units, raters = np.nonzero(~np.isnan(said))
        frame = pd.DataFrame({"task": units, "worker": raters, "label": said[units, raters].astype(int)})
        found = DawidSkene(n_iter=iterations, tol=-np.inf).fit(frame)
        # What is kept of the readers belongs to the last probabilities; those of the turn before made them.
        before = DawidSkene(n_iter=iterations - 1, tol=-np.inf).fit(frame)
        order = sorted(frame.label.unique())
        assert order == list(range(classes))
        probabilities = found.probas_.loc[range(len(said)), order].to_numpy()
        errors = before.errors_
        confusions = [
            "|".join(
                row(errors.loc[(worker, label), order]) if (worker, label) in errors.index else "." for label in order
            )
            for worker in range(said.shape[1])
        ]
        text = ";".join(",".join("." if np.isnan(v) else str(int(v)) for v in unit) for unit in said)
        shares = row(before.priors_[order])
        print(name, classes, iterations, text, ";".join(map(row, probabilities)), shares, ";".join(confusions), sep="\t")


main()
