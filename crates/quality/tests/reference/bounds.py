"""Makes bounds.tsv: bounds by scipy, and the confidence sequence by summing its definition. Needs scipy.

python3 -m venv V && V/bin/pip install scipy && V/bin/python bounds.py > bounds.tsv

`share`: checked, found, confidence, upper end of Clopper and Pearson by scipy.stats.beta.
`anytime`: lot, checked, found, confidence, a, b, the largest M whose prior over posterior is below 1 / alpha; prior and
posterior are scipy.stats.betabinom, so the closed form that the crate uses is not repeated here.
`severity`: lot, confidence, severities, upper bound of the mean by a grid over all means, capital as a plain product.
"""
import numpy as np
from scipy.stats import beta, betabinom


def anytime(lot, checked, found, confidence, a, b):
    wrong = np.arange(found, lot - checked + found + 1)
    prior = betabinom(lot, a, b).logpmf(wrong)
    posterior = betabinom(lot - checked, a + found, b + checked - found).logpmf(wrong - found)
    return wrong[prior - posterior < -np.log1p(-confidence)].max()


def severity(lot, values, confidence, steps=20000):
    values = np.asarray(values)
    n = len(values)
    reach = -np.log(1 - confidence)
    t = np.arange(1, n + 1)
    before = np.concatenate([[0], np.cumsum(values)[:-1]])
    means = (0.5 + np.cumsum(values)) / (t + 1)
    squares = 0.25 + np.cumsum((values - means) ** 2)
    variance = np.concatenate([[0.25], squares[:-1]]) / t
    bet = np.minimum(0.75, np.sqrt(2 * reach / (variance * t * np.log(t + 1))))
    low, high = values.sum() / lot, (values.sum() + lot - n) / lot
    best = high
    for mean in np.linspace(low, high, steps):
        expected = (lot * mean - before) / (lot - t + 1)
        if np.cumprod(1 + bet * (expected - values)).max() >= 1 / (1 - confidence):
            return mean
    return best


def main():
    for checked, found in [(1, 0), (1, 1), (80, 2), (300, 3), (299, 0), (1000, 10), (5000, 4999), (100000, 37)]:
        for confidence in (0.9, 0.95, 0.99):
            print("share", checked, found, confidence, repr(float(beta.ppf(confidence, found + 1, checked - found))) if found < checked else 1.0, sep="\t")
    for lot, checked, found in [(1, 1, 0), (12, 3, 1), (100, 30, 2), (1000, 300, 3), (5000, 300, 3), (5000, 1000, 10), (20000, 299, 0), (100000, 2000, 15), (300, 300, 7), (60, 50, 50)]:
        for confidence, a, b in [(0.95, 1.0, 50.0), (0.95, 0.5, 0.5), (0.99, 1.0, 1.0)]:
            print("anytime", lot, checked, found, confidence, a, b, anytime(lot, checked, found, confidence, a, b), sep="\t")
    rng = np.random.default_rng(3)
    for lot, n, rate in [(1000, 300, 0.01), (5000, 300, 0.01), (400, 400, 0.1), (200, 20, 0.5), (2000, 60, 0.0)]:
        values = np.where(rng.random(n) < rate, np.round(rng.random(n), 3), 0.0)
        print("severity", lot, 0.95, ",".join(f"{v:g}" for v in values), f"{severity(lot, values, 0.95):.9g}", sep="\t")


main()
