"""Makes study.tsv: attribute studies and what named packages say of them.

python3 -m venv V && V/bin/pip install scikit-learn statsmodels
V/bin/python study.py > study.tsv

A line: name, reference (g good, b bad), people by ';' with items by ' ' and turns in order, then key=value with 17 digits.

The study "aiag" is the example of AIAG's Measurement Systems Analysis, 4th edition, table III-C 1 (the same in the 3rd
edition): 50 parts, three appraisers, three trials. Its 39 parts on which everybody agrees are written as ranges here. The
manual's own results, which it prints, are in study.rs.
"""
import itertools

import numpy as np
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

BAD = [3, 4, 5, 9, 12, 22, 25, 26, 30, 34, 37, 39, 42, 45, 48, 50]
# Parts on which not all nine judgements are alike: A, B, C, 1 is good.
APART = {
    6: "110 110 100", 7: "111 111 101", 12: "000 000 010", 14: "110 111 100", 21: "110 101 010", 22: "001 010 110",
    26: "010 000 001", 30: "000 001 000", 34: "001 001 011", 36: "110 111 101", 43: "101 111 110",
}


def aiag():
    reference = np.array([0 if part in BAD else 1 for part in range(1, 51)])
    said = np.repeat(reference[None, :, None], 3, axis=0).repeat(3, axis=2)
    for part, rows in APART.items():
        for person, row in enumerate(rows.split()):
            said[person, part - 1] = [int(mark) for mark in row]
    return reference, said


def drawn(rng, people, items, turns, noise):
    reference = rng.integers(0, 2, items)
    said = np.repeat(reference[None, :, None], people, axis=0).repeat(turns, axis=2)
    wrong = rng.random(said.shape) < noise
    return reference, np.where(wrong, 1 - said, said)


def fleiss(rows):
    return fleiss_kappa(np.stack([(rows == 0).sum(axis=1), (rows == 1).sum(axis=1)], axis=1))


def cohen(a, b):
    counts = np.zeros((2, 2))
    np.add.at(counts, (a, b), 1)
    kappa = cohen_kappa_score(a, b)
    found = cohens_kappa(counts)
    assert abs(found.kappa - kappa) < 1e-12
    return kappa, found.kappa_low, found.kappa_upp


def facts(reference, said):
    people, items, turns = said.shape
    out = {}
    expected = np.repeat(reference, turns)
    for person in range(people):
        out[f"within{person}"] = fleiss(said[person])
        out[f"reference{person}"], out[f"reference{person}_low"], out[f"reference{person}_high"] = cohen(said[person].ravel(), expected)
    for one, other in itertools.combinations(range(people), 2):
        out[f"pair{one}{other}"], out[f"pair{one}{other}_low"], out[f"pair{one}{other}_high"] = cohen(said[one].ravel(), said[other].ravel())
    out["between"] = fleiss(said.transpose(1, 0, 2).reshape(items, people * turns))
    return out


def main():
    rng = np.random.default_rng(2026)
    studies = {"aiag": aiag(), "two": drawn(rng, 2, 20, 2, 0.1), "four": drawn(rng, 4, 30, 3, 0.2), "noise": drawn(rng, 3, 25, 2, 0.5)}
    for name, (reference, said) in studies.items():
        word = lambda row: "".join("bg"[mark] for mark in row)
        table = ";".join(" ".join(word(item) for item in person) for person in said)
        values = [f"{key}={value:.17g}" for key, value in facts(reference, said).items()]
        print(name, word(reference), table, *values, sep="\t")


main()
