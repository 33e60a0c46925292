"""Makes overlap.tsv: overlaps of stretches of time and of tracks in exact fractions. Needs nothing.

python3 overlap.py > overlap.tsv

`time`: start and end of both, intersection over union ('.' where a stretch ends before it begins). `track`: for each frame whether
the first and the second are there (0 or 1) and their overlap, by ';'; the mean over frames in which either is ('.' where none).
"""
import random
from fractions import Fraction


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


main()
