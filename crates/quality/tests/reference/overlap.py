"""Makes overlap.tsv: overlaps of stretches of time and of tracks in exact fractions; matches of onsets by mir_eval.

python3 -m venv V && V/bin/pip install mir_eval (made with 0.8.2)
V/bin/python overlap.py > overlap.tsv

`time`: start and end of both, intersection over union ('.' where a stretch ends before it begins). `track`: for each frame whether
the first and the second are there (0 or 1) and their overlap, by ';'; the mean over frames in which either is ('.' where none).
`onset`: tolerance, onsets of both by ',' ('.' for none), pairs of the largest matching, F1. Onsets lie on quarters of a millisecond, so
that no difference is a rounding away from the tolerance.
"""
import random
from fractions import Fraction

import mir_eval
import numpy as np


def time(a, b):
    if a[0] > a[1] or b[0] > b[1]:
        return None
    common = max(Fraction(0), Fraction(min(a[1], b[1]) - max(a[0], b[0])))
    union = Fraction(a[1] - a[0] + b[1] - b[0]) - common
    # Moments have no length: they overlap where they are the same.
    return common / union if union else Fraction(int(a == b))


def main():
    rng = random.Random(61)
    number = lambda most: Fraction(rng.randrange(most * 1000), 1000)
    cases = [((0, 4), (1, 5)), ((0, 1), (2, 3)), ((2, 2), (2, 2)), ((2, 2), (3, 3)), ((2, 2), (1, 3)), ((0, 1), (1, 2)), ((2, 1), (0, 1))]
    for _ in range(20):
        starts = number(10), number(10)
        cases.append(tuple((s, s + number(6)) for s in starts))
    text = lambda value: "." if value is None else f"{float(value):.17g}"
    for a, b in cases:
        print("time", *(f"{float(v):.17g}" for v in (*a, *b)), text(time(a, b)), sep="\t")
    for frames, missing in [(1, 0), (30, 25), (200, 25), (50, 70), (40, 100), (12, 0)]:
        there = [[int(rng.randrange(100) >= missing) for _ in range(2)] for _ in range(frames)]
        values = [number(1) for _ in range(frames)]
        either = [(both, value) for both, value in zip(there, values) if any(both)]
        mean = sum(value for both, value in either if all(both)) / Fraction(len(either)) if either else None
        rows = ";".join(f"{a},{b},{float(value):.17g}" for (a, b), value in zip(there, values))
        print("track", rows, text(mean), sep="\t")
    for first, second, missing, tolerance in [(1, 1, 0, 0.5), (30, 30, 25, 0.125), (200, 180, 25, 0.25), (40, 40, 0, 0.0), (3, 0, 0, 0.5), (25, 60, 25, 1.0)]:
        moment = lambda: rng.randrange(80_000) / 4096
        a = [moment() for _ in range(first)]
        moved = [max(0, t + rng.randrange(-800, 801) / 4096) if tolerance else t for t in a[:second] if rng.randrange(100) >= missing]
        b = moved + [moment() for _ in range(max(0, second - len(a)))]
        a, b = sorted(a), sorted(b)
        pairs = mir_eval.util.match_events(np.array(a), np.array(b), tolerance) if b else []
        f1 = mir_eval.onset.f_measure(np.array(a), np.array(b), window=tolerance)[0]
        # Nobody's order: readers may mark events as they come.
        rng.shuffle(a), rng.shuffle(b)
        words = (",".join(f"{t:.17g}" for t in of) or "." for of in (a, b))
        print("onset", tolerance, *words, len(pairs), f"{f1:.17g}", sep="\t")


main()
